"""Measure the served platform against the figures we hold ourselves to.

.venv/bin/python -m scripts.bench [SECONDS PER FIGURE]

Absolute times drift with the machine, so wherever it can be done a figure is a ratio to a bound
that was measured in the same run, on the same cores.
"""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import bcrypt
import jwt

from scripts.build_frontend import ROOT
from scripts.running import ADMIN_EMAIL, ADMIN_PASSWORD, running_platform
from scripts.servers import running_server

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
CLIENTS = 8
BCRYPT_COST = 10

Request = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of clients saw."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def p95_milliseconds(self) -> float:
        """What 95 of 100 requests did not exceed."""
        return sorted(self.latencies)[int(len(self.latencies) * 0.95)] * 1000


def main() -> None:
    """Measure and print one line per figure; exit with 1 when one is missed."""
    secret = secrets.token_hex(32)
    with running_platform(ATRIUM_AUTH__JWT_SECRET=secret) as (address, start_seconds):
        kept = [report("start to first answer, new data", start_seconds, "s", at_most=3)]
        kept += asyncio.run(measure(address))
    sys.exit(not all(kept))


async def measure(address: str) -> list[bool]:
    """Measure what needs the server."""
    async with aiohttp.ClientSession() as session:

        async def sign_in() -> str:
            body = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            async with session.post(f"{address}/api/v1/auth/login", json=body) as response:
                response.raise_for_status()
                return str((await response.json())["access_token"])

        async def read_self() -> None:
            async with session.get(f"{address}/api/v1/auth/me", headers=ours) as response:
                response.raise_for_status()
                await response.read()

        async def read_bare() -> None:
            async with session.get(bare_address, headers=bare) as response:
                response.raise_for_status()
                await response.read()

        async def only_sign_in() -> None:
            await sign_in()

        ours = {"Authorization": f"Bearer {await sign_in()}"}
        bound = hashes_per_second()
        full = await load(only_sign_in)
        paced = await load(only_sign_in, per_second=bound / 5)
        own = await load(read_self)
        with bare_server() as (bare_address, token):
            bare = {"Authorization": f"Bearer {token}"}
            least = await load(read_bare)
        size = await first_load_bytes(session, address)
    return [
        report("sign-in, rate to bcrypt's bound", full.rate / bound, "", at_least=0.9),
        report("sign-in, p95 at a fifth of it", paced.p95_milliseconds, "ms", at_most=100),
        report("authenticated GET, rate to bare route", own.rate / least.rate, "", at_least=0.6),
        report("sign-in page, first load", size / 1000, "kB", at_most=330),
    ]


async def load(request: Request, per_second: float | None = None) -> Load:
    """Send requests from several clients, as fast as they are answered or at a steady rate."""
    latencies: list[float] = []
    start = time.perf_counter()
    pause = CLIENTS / per_second if per_second else 0.0

    async def client(number: int) -> None:
        due = start + pause * number / CLIENTS
        while (now := time.perf_counter()) < start + SECONDS:
            if due > now:
                await asyncio.sleep(due - now)
            begun = time.perf_counter()
            await request()
            latencies.append(time.perf_counter() - begun)
            due += pause

    await asyncio.gather(*map(client, range(CLIENTS)))
    return Load(latencies, time.perf_counter() - start)


def hashes_per_second() -> float:
    """Return how many passwords all cores together can hash: no sign-in can be faster."""
    salt = bcrypt.gensalt(BCRYPT_COST)
    rounds = CLIENTS * 4
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda _: bcrypt.hashpw(b"password", salt), range(rounds)))
    return rounds / (time.perf_counter() - start)


@contextlib.contextmanager
def bare_server() -> Iterator[tuple[str, str]]:
    """Serve the bare route over a table of one user; yield its address and a token for it."""
    secret = secrets.token_hex(32)
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "bare.db"
        env = os.environ | {"BARE_SECRET": secret, "BARE_DATABASE": str(database)}
        granian = str(Path(sys.executable).with_name("granian"))
        options = ["--interface", "asgi", "--no-log", "--host", "127.0.0.1", "--port"]

        def command(port: int) -> list[str]:
            return [granian, *options, str(port), "scripts.bare_server:app"]

        with running_server(
            command, Path(directory), cwd=ROOT, env=env, stop=signal.SIGTERM
        ) as port:
            token = jwt.encode({"sub": ADMIN_EMAIL}, secret, algorithm="HS256")
            yield f"http://127.0.0.1:{port}/", token


async def first_load_bytes(session: aiohttp.ClientSession, address: str) -> int:
    """Return the compressed size of the sign-in page with its scripts and styles."""
    total, seen, queue = 0, set[str](), ["/sign-in"]
    headers = {"Accept-Encoding": "br, gzip"}
    while queue:
        path = queue.pop()
        seen.add(path)
        async with session.get(address + path, headers=headers, auto_decompress=False) as answer:
            answer.raise_for_status()
            total += len(await answer.read())
        if path == "/sign-in":
            async with session.get(address + path) as answer:
                found = re.findall(r'(?:src|href)="(/[^"?]+\.(?:js|css))', await answer.text())
            queue += [link for link in dict.fromkeys(found) if link not in seen]
    return total


def report(
    title: str,
    value: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> bool:
    """Print one figure beside its goal; tell whether it was reached."""
    kept = value >= at_least if at_least is not None else value <= (at_most or 0)
    goal = f"≥ {at_least}" if at_least is not None else f"≤ {at_most}"
    print(f"{'ok    ' if kept else 'MISSED'} {title:40} {value:8.2f} {unit:3} {goal}", flush=True)
    return kept


if __name__ == "__main__":
    main()
