"""Starts the server: migrate, seed, then granian with forked workers.

Everything is imported once, before the workers are forked: they share it and
answer at once.
"""

import asyncio
import errno
import gc
import multiprocessing
import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.admission.hosts import ANY_ADDRESS, Host
from app.core.files import private_folder
from app.core.shutdown import is_alive
from app.settings import Settings, SettingsError, variable_name

if TYPE_CHECKING:
    from app.seed import Seeded

_PORT_SECONDS = 3
_FACTORY = "app.server:build_server"


def serve(settings: Settings, *, factory: str = _FACTORY, is_successor: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished.

    Args:
        settings: The settings.
        factory: What makes a worker's application, as `module:function`.
        is_successor: Another server still has the port and ends once this one answers; all that
            there is to say has been said.
    """
    if not is_successor:
        _refuse_taken_port(settings)
    numbers = _configure_metrics(settings)
    _configure_reflex(settings)
    # Before granian is imported: it takes the start method as it finds it.
    multiprocessing.set_start_method("fork", force=True)
    from granian.constants import Interfaces, Loops, RuntimeModes  # noqa: PLC0415 - see above
    from granian.log import LogLevels  # noqa: PLC0415 - see above

    from app.server import WEB  # noqa: PLC0415 - imported here so that workers share it
    from app.workers import WorkerServer  # noqa: PLC0415 - see above

    seeded, has_memory = asyncio.run(_prepare(settings))
    if not is_successor:
        is_built = factory != _FACTORY or (WEB / "build" / "client" / "404.html").exists()
        _announce(settings, seeded, has_memory=has_memory, is_built=is_built)
    gc.collect()
    gc.freeze()
    if numbers is not None:
        from app.metrics_server import start_metrics_server  # noqa: PLC0415 - see below

        start_metrics_server(settings.metrics, numbers)
    server = WorkerServer(
        factory,
        factory=True,
        address=settings.server.host,
        port=settings.server.port,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        # The other mode may panic with an open socket at the end, before the last jobs have run:
        # https://github.com/emmett-framework/granian/issues/884
        runtime_mode=RuntimeModes.st,
        workers=settings.server.workers,
        # A worker that dies is replaced; the others go on meanwhile.
        respawn_failed_workers=True,
        workers_kill_timeout=settings.server.shutdown_seconds,
        drain_seconds=settings.server.drain_seconds,
        log_level=LogLevels.warning,
        websockets=True,
    )
    server.serve()


def _configure_metrics(settings: Settings) -> Path | None:
    """Tell prometheus-client, before it is imported, where the workers keep their numbers.

    Those of servers that are gone are removed; another one on the same data keeps its own.
    """
    if not settings.metrics.enabled:
        return None
    _refuse_taken_port(settings, "metrics")
    directories = private_folder(private_folder(settings.data_dir) / "metrics")
    for former in directories.glob("[0-9]*"):
        if int(former.name) == os.getpid() or not is_alive(int(former.name)):
            shutil.rmtree(former, ignore_errors=True)
    directory = private_folder(directories / str(os.getpid()))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    return directory


def _refuse_taken_port(
    settings: Settings, section: Literal["server", "metrics"] = "server"
) -> None:
    """Say that the port is taken; the server itself would share it with whoever has it.

    Workers of a server that was killed need a moment to notice.

    Raises:
        SettingsError: Something listens there already, or the address is not ours.
    """
    listening = settings.metrics if section == "metrics" else settings.server
    host, port = listening.host, listening.port
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(probe, place)
    except OSError as error:
        is_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        other = variable_name(f"{section}.port" if is_port else f"{section}.host")
        message = f"{Host(host, port)} cannot be used ({error.strerror}); set {other}"
        raise SettingsError(message) from error
    except UnicodeError as error:
        message = f"{host} is no host name or address; set {variable_name(f'{section}.host')}"
        raise SettingsError(message) from error


def _local_address(settings: Settings) -> str:
    host = settings.server.host
    if host in ANY_ADDRESS:
        host = "::1" if ":" in host else "127.0.0.1"
    return Host(host, settings.server.port).origin("http")


def _bind(probe: socket.socket, place: Any) -> None:
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            probe.bind(place)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _configure_reflex(settings: Settings) -> None:
    """Tell Reflex that the frontend is built, and where its state lives."""
    os.environ.update(
        {
            "REFLEX_ENV_MODE": "prod",
            "REFLEX_TELEMETRY_ENABLED": "false",
            "REFLEX_CHECK_LATEST_VERSION": "false",
            "__REFLEX_SKIP_COMPILE": "1",
            # Else it would link the components' scripts into assets/, which may be read-only.
            "REFLEX_BACKEND_ONLY": "true",
        }
    )
    if settings.redis.url is not None:
        os.environ["REDIS_URL"] = settings.redis.url


async def _prepare(settings: Settings) -> "tuple[Seeded, bool]":
    from app.bootstrap import (  # noqa: PLC0415 - after Reflex is configured
        build_container,
        build_registry,
        close_container,
        configure_logging,
        installed_modules,
    )
    from app.core.migrations import Migrator  # noqa: PLC0415 - likewise
    from app.core.shared_memory import SharedMemory  # noqa: PLC0415 - likewise
    from app.seed import seed  # noqa: PLC0415 - likewise

    configure_logging(settings)
    container = build_container(settings, build_registry(*installed_modules(settings)))
    try:
        await (await container.get(Migrator)).upgrade()
        seeded = await seed(container, settings)
        has_memory = await (await container.get(SharedMemory)).answers()
    finally:
        await close_container(container)
    return seeded, has_memory


def _announce(settings: Settings, seeded: "Seeded", *, has_memory: bool, is_built: bool) -> None:
    from app.bootstrap import file_troubles  # noqa: PLC0415 - after Reflex is configured

    out = sys.stdout
    if not is_built:
        out.write("The console is not built: run `make run`, or only the API is served.\n")
    if not has_memory:
        out.write("Redis does not answer: until it does only the API is served, no console.\n")
    for trouble in file_troubles(settings):
        out.write(f"  Warning: {trouble}\n")
    out.write(f"\n  Atrium serves on {_local_address(settings)}\n")
    if settings.server.public_url is not None:
        out.write(f"  and is found at {settings.server.public_url}\n")
    if seeded.password:
        out.write(
            f"\n  Sign in as {seeded.admin_email} with the password {seeded.password}\n"
            "  It is shown only now and must be changed at the first sign-in.\n"
            f"  If it gets lost: platformctl users set-password {seeded.admin_email}\n"
        )
    elif seeded.admin_email:
        out.write(f"\n  Sign in as {seeded.admin_email} with the password you configured.\n")
    out.write("\n")
    out.flush()
