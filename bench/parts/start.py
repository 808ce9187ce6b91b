"""How soon the platform answers, and the memory it takes."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle

from bench import servers
from bench.alternation import CLIENTS
from bench.effort import Effort
from bench.figures import Figure
from bench.load import ask_once, request, saturate
from bench.servers import Server
from bench.statistics import median
from scripts.build_frontend import ROOT

GOAL_SECONDS = 3
GOAL_MAKE_SECONDS = 5
_MEBIBYTE = 1024 * 1024


def measure(effort: Effort) -> Iterator[Figure]:
    """Start on data that is there, with the frontend built."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/atrium.db"
        with servers.platform(url) as server:
            yield from _memory(server, effort)
        # The first time there may be something to make.
        subprocess.run(["make", "--silent", "setup", "frontend"], cwd=ROOT, check=True)
        health, page, made = [], [], []
        for _ in range(effort.starts):
            with servers.platform(url) as server:
                health.append(server.start_seconds)
                start = time.monotonic()
                asyncio.run(ask_once(server.address, request("GET", "/sign-in")))
                page.append(server.start_seconds + time.monotonic() - start)
            with servers.platform(url, program=("make", "--silent", "run")) as server:
                made.append(server.start_seconds)
    for title, seconds, goal in (
        ("platformctl serve to 200 on /healthz", health, GOAL_SECONDS),
        ("platformctl serve to 200 on /sign-in", page, GOAL_SECONDS),
        ("make run, nothing to be made, to 200 on /healthz", made, GOAL_MAKE_SECONDS),
    ):
        each = ", ".join(f"{one:.1f}" for one in sorted(seconds))
        yield Figure("start", title, median(seconds), "s", at_most=goal, note=f"starts of {each} s")


def _memory(server: Server, effort: Effort) -> Iterator[Figure]:
    processes = f"{len(server.processes)} processes"
    yield Figure("start", "memory, idle", server.memory_bytes() / _MEBIBYTE, "MiB", note=processes)
    _use(server, effort.seconds * effort.rounds)
    peak = server.peak_memory_bytes() / _MEBIBYTE
    yield Figure("start", "memory, peak after sign-ins and requests", peak, "MiB", note=processes)


def _use(server: Server, seconds: float) -> None:
    token = asyncio.run(servers.sign_in(server))
    wanted = [
        request("GET", f"/api/v1/{path}", token=token) for path in ("users", "audit", "auth/me")
    ]
    sign_ins = asyncio.run(servers.people(server, 2 * CLIENTS))
    make = cycle([each for sign_in in sign_ins for each in (sign_in, *wanted)]).__next__
    saturate(server.address, make, clients=CLIENTS, seconds=seconds)
