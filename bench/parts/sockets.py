"""What others notice while somebody who is not signed in attacks the console's sockets."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import aiohttp

from bench import servers
from bench.effort import Effort
from bench.figures import Figure
from bench.load import Connection, Load, pace, request

GOAL_MILLISECONDS = 50
GOAL_MEGABYTES = 50
LIMITED = {"ATRIUM_RATE_LIMITING__ENABLED": "true"}
_PER_SECOND = 50
_CLIENTS = 8
_ROOT = "reflex___state____state"
_HYDRATE = f"{_ROOT}.hydrate_and_load"
_NAVIGATE = f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal"
_HEALTHZ = request("GET", "/healthz")

Attack = Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]]


def measure(effort: Effort) -> Iterator[Figure]:
    """Ask for `/healthz` at a steady rate, while nothing else goes on and under each attack."""
    with (
        tempfile.TemporaryDirectory() as directory,
        servers.platform(f"sqlite:///{directory}/atrium.db", variables=LIMITED) as server,
    ):
        seconds = effort.seconds * 2
        idle = asyncio.run(_healthz(server.address, seconds)).milliseconds(95)
        for title, attack in ATTACKS.items():
            before = server.memory_bytes()
            load = asyncio.run(_under(attack, server.address, seconds))
            kept = (server.memory_bytes() - before) / 2**20
            yield Figure(
                "sockets",
                f"/healthz under {title}, p95",
                load.milliseconds(95),
                "ms",
                at_most=GOAL_MILLISECONDS,
                note=f"idle {idle:.1f} ms",
            )
            yield Figure(
                "sockets", f"memory kept after {title}", kept, "MB", at_most=GOAL_MEGABYTES
            )


async def new_tokens(socket: aiohttp.ClientWebSocketResponse) -> None:
    """A token, a page, one navigation with as long an address as there can be, and gone."""
    await socket.send_str(_handshake())
    await socket.send_str(_event(_NAVIGATE, "/users?q=" + "a" * 1900))
    await socket.receive()


async def large_frames(socket: aiohttp.ClientWebSocketResponse) -> None:
    """A megabyte where 32 KiB are allowed."""
    await socket.send_str(_handshake())
    await socket.send_str(_event(_NAVIGATE, "/users?q=" + "a" * 1_000_000))
    await socket.receive()


async def malformed(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Messages that are none, until the server hangs up."""
    frame = "42/_event," + "[" * 30_000
    while not socket.closed:
        await socket.send_str(frame)
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            await socket.receive(timeout=0.001)


async def events(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Events as fast as they go, until the server hangs up."""
    await socket.send_str(_handshake())
    while not socket.closed:
        await socket.send_str(_event(_NAVIGATE, "/sign-in"))
        with suppress(TimeoutError):
            await socket.receive(timeout=0.001)


ATTACKS: dict[str, Attack] = {
    "new client tokens": new_tokens,
    "frames of a megabyte": large_frames,
    "malformed frames": malformed,
    "a flood of events": events,
}


async def _under(attack: Attack, address: str, seconds: float) -> Load:
    """Load of `/healthz` while a few attackers go on and on."""
    end = time.perf_counter() + seconds
    attackers = [asyncio.create_task(_attack(attack, address, end)) for _ in range(_CLIENTS)]
    load = await _healthz(address, seconds)
    await asyncio.gather(*attackers)
    return load


async def _attack(attack: Attack, address: str, end: float) -> None:
    async with aiohttp.ClientSession() as client:
        while time.perf_counter() < end:
            url = f"{address}/_event/?EIO=4&transport=websocket&token={uuid4()}"
            try:
                async with client.ws_connect(url, headers={"Origin": address}) as socket:
                    await asyncio.wait_for(attack(socket), max(0.1, end - time.perf_counter()))
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                # Refused: a browser would wait longer before it came again.
                await asyncio.sleep(0.01)


async def _healthz(address: str, seconds: float) -> Load:
    async def ask(connection: Connection) -> Any:
        return await connection.ask(_HEALTHZ)

    return await pace(address, ask, per_second=_PER_SECOND, seconds=seconds)


def _handshake() -> str:
    event = {"name": _HYDRATE, "payload": {}, "router_data": _place("/sign-in")}
    return f"40/_event,{json.dumps({'event': event})}"


def _event(name: str, path: str) -> str:
    event = {"name": name, "payload": {}, "router_data": _place(path)}
    return f"42/_event,{json.dumps(['event', event])}"


def _place(path: str) -> dict[str, Any]:
    return {"pathname": path.partition("?")[0], "query": {}, "asPath": path}
