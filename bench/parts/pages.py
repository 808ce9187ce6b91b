"""Pages of 50 by REST, beside bare routes that read the same columns of the same rows."""

import asyncio
from collections.abc import Iterator
from itertools import repeat

from bench import servers
from bench.alternation import Side, compare
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, request
from bench.parts.me import databases
from bench.servers import Server

GOAL = 0.25
ROWS = 60
"""More than a page; lists are as fast with a million, see `lists`."""
MODULES = {"ATRIUM_MODULES__INSTALLED": '["examples.inventory"]'}
LISTS = {
    "users": "/users",
    "roles": "/roles",
    "audit entries": "/audit",
    "a kit resource": "/inventory/items",
}


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare on SQLite and on PostgreSQL."""
    for engine, database in databases():
        with (
            database as url,
            servers.platform(url, variables=MODULES) as platform,
            servers.bare(url) as bare,
        ):
            token = asyncio.run(_fill(platform))
            for title, path in LISTS.items():
                asked = request("GET", f"/api/v1{path}?limit=50", token=token)
                least = request("GET", f"/{path.rpartition('/')[2]}", token=token)
                ratio, note = compare(
                    Side(platform, repeat(asked).__next__),
                    Side(bare, repeat(least).__next__),
                    effort,
                )
                what = f"A page of {title} to a bare route, {engine}"
                yield Figure("pages", what, ratio, at_least=GOAL, note=note)


async def _fill(platform: Server) -> str:
    """Make rows in every list; the administrator's token."""
    token = await servers.sign_in(platform)
    connection = await Connection.open(platform.address)

    async def post(path: str, **body: object) -> str:
        asked = request("POST", f"/api/v1{path}", body=body, token=token)
        answer = (await connection.ask(asked, expect=201)).json()
        return str(answer["id"])

    place = await post("/inventory/places", name="Shelf")
    for number in range(ROWS):
        await post("/roles", name=f"role-{number}")
        await post("/users", email=f"user{number}@example.com", display_name=f"User {number}")
        await post(
            "/inventory/items",
            name=f"Item {number}",
            quantity=number,
            price="12.50",
            place=place,
        )
    connection.close()
    return token
