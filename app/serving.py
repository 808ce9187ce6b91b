"""Starts the server: migrate, seed, then granian with forked workers.

Everything is imported once, before the workers are forked: they share it and
answer at once.
"""

import asyncio
import gc
import multiprocessing
import os
import socket
import sys

from app.settings import Settings, SettingsError, variable_name


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    _refuse_taken_port(settings)
    _configure_reflex(settings)
    # Before granian is imported: it takes the start method as it finds it.
    multiprocessing.set_start_method("fork", force=True)
    from granian.constants import Interfaces, Loops  # noqa: PLC0415 - see above
    from granian.log import LogLevels  # noqa: PLC0415 - see above
    from granian.server import Server  # noqa: PLC0415 - see above

    import app.server  # noqa: PLC0415 - imported here so that workers share it

    del app
    asyncio.run(_prepare(settings))
    gc.collect()
    gc.freeze()
    server = Server(
        "app.server:build_server",
        factory=True,
        address=settings.server.host,
        port=settings.server.port,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        workers=settings.server.workers,
        # A worker that dies is replaced; the others go on meanwhile.
        respawn_failed_workers=True,
        workers_kill_timeout=settings.server.shutdown_seconds,
        log_level=LogLevels.warning,
        websockets=True,
    )
    server.serve()


def _refuse_taken_port(settings: Settings) -> None:
    """Say that the port is taken; the server itself would share it with whoever has it.

    Raises:
        SettingsError: Something listens there already, or the address is not ours.
    """
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = variable_name("server.port")
            message = f"{host}:{port} cannot be used ({error.strerror}); set {other}"
            raise SettingsError(message) from error


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


async def _prepare(settings: Settings) -> None:
    from app.bootstrap import (  # noqa: PLC0415 - after Reflex is configured
        build_container,
        build_registry,
        configure_logging,
    )
    from app.core.migrations import Migrator  # noqa: PLC0415 - likewise
    from app.seed import seed  # noqa: PLC0415 - likewise
    from app.server import WEB  # noqa: PLC0415 - likewise

    configure_logging(settings)
    container = build_container(settings, build_registry())
    try:
        await (await container.get(Migrator)).upgrade()
        seeded = await seed(container, settings)
    finally:
        await container.close()
    host = "127.0.0.1" if settings.server.host in ("0.0.0.0", "::") else settings.server.host  # noqa: S104 - compared, not bound
    out = sys.stdout
    if not (WEB / "build" / "client" / "404.html").exists():
        out.write("The console is not built: run `make run`, or only the API is served.\n")
    out.write(f"\n  Atrium serves on http://{host}:{settings.server.port}\n")
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
