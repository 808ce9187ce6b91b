"""An authenticated, authorised GET beside a bare route that reads the same rows."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from itertools import repeat

from bench import servers
from bench.alternation import Side, compare
from bench.effort import Effort
from bench.figures import Figure
from bench.load import request

GOAL = 0.6


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare on SQLite and on PostgreSQL."""
    for title, database in databases():
        with database as url, servers.platform(url) as platform, servers.bare(url) as bare:
            token = asyncio.run(servers.sign_in(platform))
            ours = Side(platform, repeat(request("GET", "/api/v1/auth/me", token=token)).__next__)
            least = Side(bare, repeat(request("GET", "/me", token=token)).__next__)
            ratio, note = compare(ours, least, effort)
        yield Figure(
            "me", f"GET /auth/me to a bare route, {title}", ratio, at_least=GOAL, note=note
        )


def databases() -> Iterator[tuple[str, contextlib.AbstractContextManager[str]]]:
    """An empty database of each kind."""
    yield "SQLite", _sqlite()
    yield "PostgreSQL", _postgres()


@contextlib.contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{directory}/atrium.db"


@contextlib.contextmanager
def _postgres() -> Iterator[str]:
    with servers.postgres() as server:
        server.run("CREATE DATABASE atrium")
        yield server.url("atrium")
