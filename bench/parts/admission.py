"""What others notice of attacks, and what admission costs each request."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import UUID

from app.admission.budgets import MemoryCounters, Rate
from app.admission.quotas import Quotas, budget_headers
from bench import servers
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, pace, request
from bench.servers import Server
from bench.statistics import median, median_ratio
from scripts.build_frontend import ROOT

GOAL_MICROSECONDS = 30
GOAL_MILLISECONDS = 50
GOAL_SLOWDOWN = 3
PROBES_PER_SECOND = 20
_TITLES = {
    "large": "10 MB of JSON at sign-in",
    "strangers": "calls without a token",
    "exports": "50 exports at once",
    "slow": "100 slow bodies",
}
_CALLS = 20_000
_USER = UUID("01890000-0000-7000-8000-000000000000")


def measure(effort: Effort) -> Iterator[Figure]:
    """Measure on SQLite, with one worker and the budgets of production."""
    yield asyncio.run(_cost())
    variables = {
        "ATRIUM_RATE_LIMITING__ENABLED": "true",
        "ATRIUM_RATE_LIMITING__PER_USER": "100000/minute",
        "ATRIUM_RATE_LIMITING__PER_IP": "1000/minute",
        "ATRIUM_SERVER__TRUSTED_PROXY_HOPS": "1",
    }
    with servers.platform(variables=variables) as server:
        for name, title in _TITLES.items():
            yield from asyncio.run(_attacked(server, name, title, effort))
        peak = server.peak_memory_bytes() / 2**20
        yield Figure("admission", "most memory during all of it", peak, "MiB", at_most=600)


async def _cost() -> Figure:
    """Both budgets of a request and what the answer says of them, in one process."""
    much = Rate(1_000_000, 60)
    quotas = Quotas(much, much, MemoryCounters(), MemoryCounters(), enabled=True)
    start = time.process_time()
    for _ in range(_CALLS):
        scope = {"client": ("192.0.2.1", 1), "method": "GET"}
        await quotas.charge_address(scope)
        await quotas.charge_user(scope, _USER)
        budget_headers(scope["atrium.budget"])  # type: ignore[arg-type]  # just been set
    microseconds = (time.process_time() - start) / _CALLS * 1_000_000
    return Figure(
        "admission", "budgets of one request", microseconds, "µs", at_most=GOAL_MICROSECONDS
    )


async def _attacked(server: Server, name: str, title: str, effort: Effort) -> list[Figure]:
    # An export takes a turn; what is measured needs none.
    token = await servers.sign_in(server)
    probes = {
        "/healthz": request("GET", "/healthz"),
        "GET /auth/me": request("GET", "/api/v1/auth/me", token=token),
    }
    figures = []
    for probed, wanted in probes.items():
        idle: list[float] = []
        busy: list[float] = []
        for _ in range(effort.rounds):
            idle.append(await _p95(server, wanted, effort.seconds))
            with _attack(name, server.address, token):
                # It has begun.
                await asyncio.sleep(0.5)
                busy.append(await _p95(server, wanted, effort.seconds))
        slowdown = median_ratio(busy, idle)
        note = f"{slowdown:.1f} times the {median(idle):.1f} ms of an idle server"
        what = f"p95 of {probed}, {title}"
        figures += [
            Figure("admission", what, median(busy), "ms", at_most=GOAL_MILLISECONDS, note=note),
            Figure("admission", f"{what}, to idle", slowdown, at_most=GOAL_SLOWDOWN),
        ]
    return figures


async def _p95(server: Server, wanted: bytes, seconds: float) -> float:
    async def work(connection: Connection) -> None:
        await connection.ask(wanted)

    load = await pace(server.address, work, per_second=PROBES_PER_SECOND, seconds=seconds)
    return load.milliseconds(95)


@contextlib.contextmanager
def _attack(name: str, address: str, token: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.attacks", name, address, token]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
