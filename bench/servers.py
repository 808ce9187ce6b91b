"""The servers that are measured: the platform, the bare routes, a PostgreSQL."""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench.load import Connection, ask_once, request
from scripts.build_frontend import ROOT
from scripts.running import ADMIN_EMAIL, ADMIN_PASSWORD
from scripts.servers import bound, running_server
from tests.fixtures.postgres import INITDB_OPTIONS, UNPRIVILEGED, programs_for

# Unlike a test's server it keeps its word when the power fails, and is kept for the next run.
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
}
PLATFORM = (str(Path(sys.executable).with_name("platformctl")), "serve")
UNHASHED = (sys.executable, "-m", "bench.unhashed")
READY_SECONDS = 60
SECRET = secrets.token_hex(32)
CREDENTIALS = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and all its processes.

    Attributes:
        address: Where it listens.
        processes: Supervisor and workers.
        start_seconds: From the start of the program to the first answer.
    """

    address: str
    processes: tuple[psutil.Process, ...]
    start_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        times = [process.cpu_times() for process in self.processes]
        return sum(time.user + time.system for time in times)

    def memory_bytes(self) -> int:
        """Memory of all its processes; what they share is counted once for each."""
        return sum(process.memory_info().rss for process in self.processes)

    def peak_memory_bytes(self) -> int:
        """The most memory that each of its processes ever took, in sum."""
        peaks = [
            re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            for process in self.processes
        ]
        return sum(int(peak[1]) * 1024 for peak in peaks if peak)


@contextlib.contextmanager
def platform(
    database_url: str = "",
    *,
    workers: int = 1,
    program: Sequence[str] = PLATFORM,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Serve the platform as it is shipped.

    Args:
        database_url: Its database; a new one when empty.
        workers: How many.
        program: What to run.
        variables: Further settings, e.g. `{"ATRIUM_AUTH__BCRYPT_ROUNDS": "4"}`.
    """
    env = os.environ | {
        "ATRIUM_AUTH__JWT_SECRET": SECRET,
        "ATRIUM_BOOTSTRAP__ADMIN_EMAIL": ADMIN_EMAIL,
        "ATRIUM_BOOTSTRAP__ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ATRIUM_SERVER__WORKERS": str(workers),
        # What is measured is the server, not how long it lets its clients wait.
        "ATRIUM_RATE_LIMITING__ENABLED": "false",
        # As in production.
        "ATRIUM_LOGGING__FORMAT": "json",
        **(variables or {}),
    }
    if database_url:
        env["ATRIUM_DATABASE__URL"] = database_url

    def command(port: int) -> list[str]:
        return ["/usr/bin/env", f"ATRIUM_SERVER__PORT={port}", *program]

    others = _children()
    with tempfile.TemporaryDirectory(prefix="atrium-") as directory:
        start = time.monotonic()
        env |= {"ATRIUM_DATA_DIR": directory}
        with running_server(
            command, Path(directory), cwd=ROOT, env=env, stop=signal.SIGTERM
        ) as port:
            address = f"http://127.0.0.1:{port}"
            asyncio.run(ask_once(address, request("GET", "/healthz")))
            seconds = time.monotonic() - start
            yield Server(address, tuple(_children() - others), seconds)


async def sign_in(server: Server) -> str:
    """An access token of the administrator."""
    answer = await ask_once(server.address, request("POST", "/api/v1/auth/login", body=CREDENTIALS))
    token: str = answer.json()["access_token"]
    return token


async def people(server: Server, count: int) -> list[bytes]:
    """The requests by which so many new people sign in, one each.

    Of one account only a few attempts at once are heard.
    """
    token = await sign_in(server)
    connection = await Connection.open(server.address)
    sign_ins = []
    for number in range(count):
        given = {"email": f"person{number}@example.com", "password": ADMIN_PASSWORD}
        new = given | {"display_name": f"Person {number}"}
        await connection.ask(request("POST", "/api/v1/users", body=new, token=token), expect=201)
        sign_ins.append(request("POST", "/api/v1/auth/login", body=given))
    connection.close()
    return sign_ins


@contextlib.contextmanager
def bare(database_url: str, *, workers: int = 1) -> Iterator[Server]:
    """Serve the bare routes on the platform's database."""
    granian = str(Path(sys.executable).with_name("granian"))
    options = ["--interface", "asgi", "--workers", str(workers), "--no-log", "--host", "127.0.0.1"]
    env = os.environ | {
        "BARE_SECRET": SECRET,
        "BARE_DATABASE": database_url.removeprefix("sqlite:///"),
    }

    def command(port: int) -> list[str]:
        return [granian, *options, "--port", str(port), "bench.bare:app"]

    others = _children()
    with (
        tempfile.TemporaryDirectory() as directory,
        running_server(command, Path(directory), cwd=ROOT, env=env, stop=signal.SIGTERM) as port,
    ):
        yield Server(f"http://127.0.0.1:{port}", tuple(_children() - others))


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL."""

    programs: Path
    port: int

    def url(self, database: str) -> str:
        """The address of a database, as the settings take it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> str:
        """Run one statement and return its plain output."""
        command = [str(self.programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
        address = self.url(database)
        result = subprocess.run([*command, address], capture_output=True, text=True, check=True)
        return result.stdout.strip()

    def wait(self) -> None:
        """Return when it answers: its port is open before it is ready."""
        ask = [str(self.programs / "pg_isready"), "-q", "-t", "20", "-d", self.url("postgres")]
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.run(ask, check=False).returncode and time.monotonic() < deadline:
            time.sleep(0.05)


@contextlib.contextmanager
def postgres(directory: Path | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL that writes to disk as in production.

    Args:
        directory: Where its data is kept for the next run; by default nowhere.
    """
    with contextlib.ExitStack() as stack:
        user = UNPRIVILEGED if os.geteuid() == 0 else ""
        home = directory or Path(tempfile.mkdtemp(prefix="postgres-"))
        if directory is None:
            stack.callback(shutil.rmtree, home, ignore_errors=True)
        data = home / "data"
        data.mkdir(parents=True, exist_ok=True)
        if user:
            shutil.chown(home, user)
            shutil.chown(data, user)
        programs = programs_for(user, home)
        if not (data / "PG_VERSION").exists():
            initdb = [*bound(user), str(programs / "initdb"), *INITDB_OPTIONS, "-D", str(data)]
            subprocess.run(initdb, check=True, capture_output=True, cwd=home)
        command = partial(_postgres_command, programs, data)
        # SIGINT stops it in order: the data of the next run needs no recovery.
        port = stack.enter_context(running_server(command, home, user=user, stop=signal.SIGINT))
        server = PostgresServer(programs, port)
        server.wait()
        yield server


def _postgres_command(programs: Path, data: Path, port: int) -> list[str]:
    settings = [f"--{name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    return [str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings]


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))
