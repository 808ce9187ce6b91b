"""Lists and searches over a million rows beside the same over ten thousand."""

import asyncio
import base64
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.core.folding import order_key
from bench import data, servers
from bench.data import Content, Table
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, request
from bench.servers import Server
from bench.statistics import median_ratio, percentile

GOAL = 1.3
ROUNDS = 5

Ask = Callable[[random.Random, Table], dict[str, object]]
"""Makes the parameters of one request to a table of this size."""


Lists = Sequence[tuple[str, str, Ask]]
"""Titles, paths, and what is asked for there."""


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare the sizes on SQLite and on PostgreSQL."""
    yield from compare("lists", "users", Table(data.SMALL), Table(effort.rows), _LISTS, effort)


def compare(  # noqa: PLR0917 - two callers
    part: str, content: Content, small: Table, large: Table, lists: Lists, effort: Effort
) -> Iterator[Figure]:
    """Compare a small and a large table of the same content on SQLite and on PostgreSQL."""
    for engine, databases in (("SQLite", data.sqlite), ("PostgreSQL", data.postgres)):
        with (
            databases(content, (small.rows, large.rows)) as (small_url, large_url),
            servers.platform(small_url) as small_server,
            servers.platform(large_url) as large_server,
        ):
            for title, path, ask in lists:
                one = _Side(small_server, small, path, ask)
                other = _Side(large_server, large, path, ask)
                asyncio.run(_alternate(one, other, effort))
                yield Figure(
                    part,
                    f"{title}, {engine}",
                    median_ratio(other.p95, one.p95),
                    at_most=GOAL,
                    note=f"p95 {other} to {one}",
                )


@dataclass(slots=True)
class _Side:
    """One size of a list; `p95` has the milliseconds of each round."""

    server: Server
    table: Table
    path: str
    ask: Ask
    p95: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)

    async def prepare(self, count: int) -> None:
        """Make the requests beforehand."""
        token = await servers.sign_in(self.server)
        chance = random.Random(1)  # noqa: S311 - any choice will do
        for _ in range(count):
            query = urlencode(self.ask(chance, self.table))
            self.requests.append(request("GET", f"{self.path}?{query}", token=token))

    def end_round(self) -> None:
        """Take the percentile of the round's requests."""
        self.p95.append(percentile(self.latencies, 95) * 1000)
        self.latencies.clear()

    def __str__(self) -> str:
        return f"{percentile(self.p95, 50):.1f} ms at {self.table.rows:,}"


async def _alternate(small: _Side, large: _Side, effort: Effort) -> None:
    """One request to each in turn, so that both see the same machine."""
    each = max(effort.samples // ROUNDS, 4)
    connections = []
    for side in (small, large):
        await side.prepare(each * ROUNDS)
        connection = await Connection.open(side.server.address)
        for wanted in side.requests[:each]:
            await connection.ask(wanted)
        connections.append(connection)
    for number in range(each * ROUNDS):
        for side, connection in zip((small, large), connections, strict=True):
            side.latencies.append(await connection.time(side.requests[number]))
            if number % each == each - 1:
                side.end_round()
    for connection in connections:
        connection.close()


def _cursor(sort: str, value: object, table: Table, number: int) -> str:
    """The cursor of the page after a row, as the server gives it."""
    parts = [sort, "next", [value, str(table.id(number))]]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def first(_chance: random.Random, _table: Table) -> dict[str, object]:
    """Nothing but the first page."""
    return {}


def deep(sort: str) -> Ask:
    """A page in the middle, by id."""

    def ask(chance: random.Random, table: Table) -> dict[str, object]:
        number = chance.randrange(table.rows // 4, table.rows // 2)
        return {"sort": sort, "cursor": _cursor(sort, str(table.id(number)), table, number)}

    return ask


def _deep_by_name(chance: random.Random, table: Table) -> dict[str, object]:
    number = chance.randrange(table.rows)
    name = f"{data.first_name(number)} {data.last_name(number)}"
    return {
        "sort": "display_name",
        "cursor": _cursor("display_name", order_key(name), table, number),
    }


def _by_address(chance: random.Random, table: Table) -> dict[str, object]:
    number = chance.randrange(table.rows)
    return {"q": f"{data.last_name(number)}{number}"}


def _by_name(chance: random.Random, table: Table) -> dict[str, object]:
    number = chance.randrange(table.rows)
    return {"q": f"{data.first_name(number)} {data.last_name(number)}"}


def _by_first_name(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"q": chance.choice(data.FIRST_NAMES)}


def _by_two_letters(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"q": chance.choice(data.FIRST_NAMES)[:2]}


_LISTS: Lists = (
    ("users, first page", "/api/v1/users", first),
    ("users, deep page", "/api/v1/users", deep("-created_at")),
    ("users, deep page by name", "/api/v1/users", _deep_by_name),
    ("users, search for an address", "/api/v1/users", _by_address),
    ("users, search for first and last name", "/api/v1/users", _by_name),
    ("users, search for a first name", "/api/v1/users", _by_first_name),
    ("users, search for two letters", "/api/v1/users", _by_two_letters),
)
