"""Sign-in beside what bcrypt alone allows, and what everybody else notices of it."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import bcrypt

from bench import servers
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, Load, Work, pace, request, saturate
from bench.servers import Server
from bench.statistics import median, median_ratio

COST = 10
CLIENTS = (1, 4, 16)
GOAL = 0.9
GOAL_P95_MILLISECONDS = 100
GOAL_SLOWDOWN = 2
PROBES_PER_SECOND = 20
PEOPLE = 2 * max(CLIENTS)
"""More than ever sign in at once: nobody tries several passwords at the same time."""
_CORES = os.cpu_count() or 1
_SIGN_IN = request("POST", "/api/v1/auth/login", body=servers.CREDENTIALS)


def measure(effort: Effort) -> Iterator[Figure]:
    """Measure on SQLite, with one worker."""
    with servers.platform() as server:
        people = asyncio.run(servers.people(server, PEOPLE))
        bound = 0.0
        for clients in CLIENTS:
            figure, bound = asyncio.run(_throughput(server, people, clients, effort))
            yield figure
        yield from asyncio.run(_endpoints(server, bound / 5, effort))
        yield asyncio.run(_others(server, people, effort))


async def _throughput(
    server: Server, people: Sequence[bytes], clients: int, effort: Effort
) -> tuple[Figure, float]:
    """The rate of sign-ins, and the rate of hashes on as many cores as the clients can use."""
    cores = min(clients, _CORES)
    loads: list[Load] = []
    bounds: list[float] = []
    for _ in range(effort.rounds):
        bounds.append(await asyncio.to_thread(_hashes_per_second, cores, effort.seconds))
        loads.append(await _storm(server, people, clients, effort.seconds))
    rates = [load.rate for load in loads]
    every = Load([latency for load in loads for latency in load.latencies])
    figure = Figure(
        "login",
        f"sign-ins to hashes on {cores} of {_CORES} cores, {clients} clients",
        median_ratio(rates, bounds),
        at_least=GOAL,
        note=f"{median(rates):.1f}/s to {median(bounds):.1f}/s, "
        f"p50 {every.milliseconds(50):.0f} ms, p95 {every.milliseconds(95):.0f} ms",
    )
    return figure, median(bounds)


def _hashes_per_second(cores: int, seconds: float) -> float:
    """How many passwords these cores can check: no sign-in can be faster."""
    stored = bcrypt.hashpw(b"password", bcrypt.gensalt(COST))
    start = time.perf_counter()

    def work(_core: int) -> int:
        count = 0
        while time.perf_counter() < start + seconds:
            bcrypt.checkpw(b"password", stored)
            count += 1
        return count

    with ThreadPoolExecutor(cores) as pool:
        count = sum(pool.map(work, range(cores)))
    return count / (time.perf_counter() - start)


async def _endpoints(server: Server, rate: float, effort: Effort) -> list[Figure]:
    """Every endpoint at a rate that leaves the machine room."""
    seconds = effort.seconds * effort.rounds
    count = round(seconds * rate) + 1
    sessions = await _sessions(server, count)
    endpoints: dict[str, Work] = {
        "POST /auth/login": _sign_in,
        "POST /auth/refresh": _refreshing([session["refresh_token"] for session in sessions]),
        "GET /auth/me": _with_tokens("GET", "/api/v1/auth/me", sessions, status=200),
        "POST /auth/logout": _with_tokens("POST", "/api/v1/auth/logout", sessions, status=204),
    }
    figures = []
    for title, work in endpoints.items():
        load = await pace(server.address, work, per_second=rate, seconds=seconds)
        figures.append(
            Figure(
                "login",
                f"p95 of {title} at a fifth of the bound",
                load.milliseconds(95),
                "ms",
                at_most=GOAL_P95_MILLISECONDS,
                note=f"p50 {load.milliseconds(50):.1f} ms at {rate:.1f}/s",
            )
        )
    return figures


async def _others(server: Server, people: Sequence[bytes], effort: Effort) -> Figure:
    """What somebody else notices of it when as many people sign in as possible."""
    (session,) = await _sessions(server, 1)
    work = _with_tokens("GET", "/api/v1/auth/me", [session], status=200)
    idle: list[float] = []
    busy: list[float] = []

    async def probe() -> float:
        load = await pace(
            server.address, work, per_second=PROBES_PER_SECOND, seconds=effort.seconds
        )
        return load.milliseconds(95)

    for _ in range(effort.rounds):
        idle.append(await probe())
        storm = asyncio.create_task(_storm(server, people, 8, effort.seconds))
        busy.append(await probe())
        await storm
    return Figure(
        "login",
        "p95 of GET /auth/me during as many sign-ins as possible, to idle",
        median_ratio(busy, idle),
        at_most=GOAL_SLOWDOWN,
        note=f"{median(busy):.1f} ms to {median(idle):.1f} ms",
    )


async def _storm(server: Server, people: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Sign in as often as possible, without holding up what is done besides."""
    following = cycle(people)
    return await asyncio.to_thread(
        saturate, server.address, lambda: next(following), clients=clients, seconds=seconds
    )


async def _sign_in(connection: Connection) -> None:
    await connection.ask(_SIGN_IN)


async def _sessions(server: Server, count: int) -> list[dict[str, str]]:
    connection = await Connection.open(server.address)
    sessions = [(await connection.ask(_SIGN_IN)).json() for _ in range(count)]
    connection.close()
    return sessions


def _refreshing(refresh_tokens: list[str]) -> Work:
    """Exchange tokens, each for its successor."""
    waiting = list(refresh_tokens)

    async def work(connection: Connection) -> None:
        body = {"refresh_token": waiting.pop(0)}
        answer = await connection.ask(request("POST", "/api/v1/auth/refresh", body=body))
        waiting.append(answer.json()["refresh_token"])

    return work


def _with_tokens(method: str, path: str, sessions: list[dict[str, str]], *, status: int) -> Work:
    """Ask in one session after the other."""
    requests = [request(method, path, token=session["access_token"]) for session in sessions]
    number = 0

    async def work(connection: Connection) -> None:
        nonlocal number
        wanted = requests[number % len(requests)]
        number += 1
        await connection.ask(wanted, expect=status)

    return work
