"""A user created together with its audit entry, beside the bare inserts in one transaction."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

from bench import servers
from bench.alternation import Side, compare
from bench.effort import Effort
from bench.figures import Figure
from bench.load import request
from bench.parts.me import databases

GOAL = 0.4
_NUMBERS = count(1)


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare on SQLite and on PostgreSQL, both writing through to the disk.

    Neither side hashes the password: that would take longer than all the rest.
    """
    for title, database in databases():
        with database as url:
            with servers.platform(url) as platform:
                token = asyncio.run(servers.sign_in(platform))
            unhashed = servers.platform(url, program=servers.UNHASHED)
            with unhashed as platform, servers.bare(url) as bare:
                ours = Side(platform, creating("/api/v1/users", token), expect=201)
                least = Side(bare, creating("/users", token))
                ratio, note = compare(ours, least, effort)
        yield Figure(
            "create",
            f"POST /users with audit entry to bare inserts, {title}",
            ratio,
            at_least=GOAL,
            note=note,
        )


def creating(path: str, token: str) -> Callable[[], bytes]:
    """Create one user after the other."""

    def make() -> bytes:
        number = next(_NUMBERS)
        new = {
            "email": f"made{number}@example.com",
            "display_name": f"Made {number}",
            "password": "correct horse battery staple",
        }
        return request("POST", path, token=token, body=new)

    return make
