"""Resources beside what is written by hand; many records with relations; the frontend of many."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, repeat

from bench import servers
from bench.alternation import Side, compare
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, request
from bench.parts.create import creating
from bench.parts.me import databases
from bench.servers import Server
from scripts.build_frontend import ROOT

PARTS = 10_000
AT_ONCE = 500
"""The most that one request makes."""
STORE = {"ATRIUM_MODULES__INSTALLED": '["bench.store"]'}
HUNDRED = {"ATRIUM_MODULES__INSTALLED": '["bench.hundred"]'}
RELATIONS = ("first", "second", "third", "fourth", "fifth")
_NUMBERS = count(1)


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare on SQLite and on PostgreSQL, then build."""
    for engine, database in databases():
        with database as url:
            with servers.platform(url, variables=STORE) as platform:
                token, seconds = asyncio.run(_fill(platform))
                rate = PARTS / seconds
                what = f"Parts with five relations made in bulk, {engine}"
                yield Figure("resources", what, rate, "/s", note=f"{PARTS:,} by {AT_ONCE}")
                yield from _lists(platform, token, engine, effort)
            unhashed = servers.platform(url, program=servers.UNHASHED, variables=STORE)
            with unhashed as platform:
                ours = Side(platform, _making(token), expect=201)
                theirs = Side(platform, creating("/api/v1/users", token), expect=201)
                ratio, note = compare(ours, theirs, effort)
                what = f"A resource created to a user created, {engine}"
                yield Figure("resources", what, ratio, at_least=1 / 1.1, note=note)
    yield from _builds()


def _lists(platform: Server, token: str, engine: str, effort: Effort) -> Iterator[Figure]:
    plain = request("GET", "/api/v1/store/shelves?limit=50", token=token)
    users = request("GET", "/api/v1/users?limit=50", token=token)
    sides = Side(platform, repeat(plain).__next__), Side(platform, repeat(users).__next__)
    ratio, note = compare(*sides, effort)
    what = f"A page of a resource to a page of users, {engine}"
    yield Figure("resources", what, ratio, at_least=1 / 1.1, note=note)
    related = request("GET", "/api/v1/store/parts?limit=50", token=token)
    sides = Side(platform, repeat(related).__next__), Side(platform, repeat(plain).__next__)
    ratio, note = compare(*sides, effort)
    what = f"A page with five relations to one without, {engine}"
    yield Figure("resources", what, ratio, note=note)


def _builds() -> Iterator[Figure]:
    """How long the frontend takes when modules are installed: it is the same for all of them."""
    command = [sys.executable, "-m", "scripts.build_frontend"]
    subprocess.run(command, cwd=ROOT, check=True)
    for title, variables in (("two", STORE), ("a hundred", HUNDRED)):
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=True)
        seconds = time.perf_counter() - started
        what = f"Frontend brought up to date after {title} resources came"
        yield Figure("resources", what, seconds, "s", at_most=1)


async def _fill(platform: Server) -> tuple[str, float]:
    """Make users, shelves and parts; the administrator's token, and how long the parts took."""
    token = await servers.sign_in(platform)
    connection = await Connection.open(platform.address)

    async def post(path: str, body: object, expect: int) -> dict[str, object]:
        asked = request("POST", f"/api/v1{path}", body=body, token=token)
        answer: dict[str, object] = (await connection.ask(asked, expect=expect)).json()
        return answer

    shelves = []
    for number in range(60):
        new = {"email": f"user{number}@example.com", "display_name": f"User {number}"}
        await post("/users", new, 201)
        shelf = await post("/store/shelves", {"name": f"Shelf {number}"}, 201)
        shelves.append(shelf["id"])
    started = time.perf_counter()
    for first in range(0, PARTS, AT_ONCE):
        items = [
            {"name": f"Part {number}", "quantity": number}
            | {name: shelves[(number * at + at) % 60] for at, name in enumerate(RELATIONS, 1)}
            for number in range(first, first + AT_ONCE)
        ]
        await post("/store/parts/bulk/create", {"items": items, "atomic": True}, 200)
    seconds = time.perf_counter() - started
    connection.close()
    return token, seconds


def _making(token: str) -> Callable[[], bytes]:
    """Create one shelf after the other."""

    def make() -> bytes:
        new = {"name": f"Made {next(_NUMBERS)}"}
        return request("POST", "/api/v1/store/shelves", token=token, body=new)

    return make
