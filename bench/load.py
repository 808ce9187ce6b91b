"""Clients that cost the machine little, so that the server is what is measured."""

import asyncio
import json
import re
import selectors
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self, cast
from urllib.parse import urlsplit

from bench.statistics import percentile

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NO_BODY = (204, 304)
TIMEOUT_SECONDS = 60


class UnexpectedAnswer(Exception):
    """The server answered something else than the measurement is about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection that is kept open and carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport
        self._received = b""
        self._needed = 0
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect to the server at an address like `http://127.0.0.1:8000`."""
        place = urlsplit(address)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, place.hostname or "", place.port or 80)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request under way."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Collect the answer; only answers that say their length are understood."""
        self._received += data
        if not self._needed:
            head, end, _ = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            length = _LENGTH.search(head)
            if length is None and int(head[9:12]) not in _NO_BODY:
                self._fail(UnexpectedAnswer(f"an answer without a length: {head!r}"))
                return
            self._needed = len(head) + 4 + (int(length[1]) if length else 0)
        if len(self._received) >= self._needed and self._waiting is not None:
            answer, self._received, self._needed = self._received, b"", 0
            body = answer.partition(b"\r\n\r\n")[2]
            self._waiting.set_result(Answer(int(answer[9:12]), body))

    async def ask(self, request: bytes, *, expect: int = 200) -> Answer:
        """Send a request and return its answer.

        Raises:
            UnexpectedAnswer: It has another status than expected.
        """
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._waiting
        if answer.status != expect:
            raise UnexpectedAnswer(f"{answer.status}: {answer.body[:300]!r} to {request[:80]!r}")
        return answer

    async def time(self, request: bytes, *, expect: int = 200) -> float:
        """Send a request and return the seconds until its answer was there."""
        begun = time.perf_counter()
        await self.ask(request, expect=expect)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None:
            self._waiting.set_exception(error)


def request(method: str, path: str, *, token: str = "", body: Any = None) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    content = b""
    if body is not None:
        content = json.dumps(body).encode()
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(slots=True)
class Load:
    """What the clients saw: seconds per answered request."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, percent: float) -> float:
        """What this percentage of the requests did not exceed."""
        return percentile(self.latencies, percent) * 1000


Work = Callable[[Connection], Awaitable[object]]
"""What a client does with its connection: one request, or a few that belong together."""


def saturate(
    address: str, make: Callable[[], bytes], *, clients: int, seconds: float, expect: int = 200
) -> Load:
    """Several clients that send their next request as soon as the last one is answered.

    One loop over bare sockets: where servers answer in 100 µs, clients must cost much less.

    Args:
        address: The server.
        make: Makes the next request.
        clients: How many there are.
        seconds: For how long they go on.
        expect: The status of every answer.

    Raises:
        UnexpectedAnswer: An answer has another status.
    """
    place = urlsplit(address)
    load = Load()
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        for _ in range(clients):
            client = stack.enter_context(
                socket.create_connection((place.hostname, place.port), TIMEOUT_SECONDS)
            )
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, _Exchange(client))
        start = time.perf_counter()
        end = start + seconds
        for key in selector.get_map().values():
            key.data.begin(make())
        under_way = clients
        while under_way:
            for key, _ in selector.select(TIMEOUT_SECONDS):
                exchange: _Exchange = key.data
                if not exchange.receive(expect):
                    continue
                now = time.perf_counter()
                load.latencies.append(now - exchange.begun)
                if now < end:
                    exchange.begin(make())
                else:
                    under_way -= 1
    load.seconds = time.perf_counter() - start
    return load


@dataclass(slots=True)
class _Exchange:
    """What one client has sent and received of late."""

    client: socket.socket
    begun: float = 0.0
    received: bytes = b""

    def begin(self, request: bytes) -> None:
        """Send a request."""
        self.begun = time.perf_counter()
        self.client.sendall(request)

    def receive(self, expect: int) -> bool:
        """Take a piece of the answer; whether it is complete now."""
        data = self.client.recv(65536)
        answer = self.received + data
        head, end, body = answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if data and (not end or (length and len(body) < int(length[1]))):
            self.received = answer
            return False
        if not data or int(head[9:12]) != expect:
            raise UnexpectedAnswer(f"{head[:100]!r} {body[:300]!r}")
        self.received = b""
        return True


async def pace(address: str, work: Work, *, per_second: float, seconds: float) -> Load:
    """Requests at a steady rate, whether the ones before are answered or not.

    The time a request waits because the ones before are late counts: people who come do not
    know of each other.
    """
    idle = [await Connection.open(address)]
    load = Load()
    start = time.perf_counter()

    async def one(due: float) -> None:
        connection = idle.pop() if idle else await Connection.open(address)
        await work(connection)
        load.latencies.append(time.perf_counter() - due)
        idle.append(connection)

    under_way = []
    try:
        async with asyncio.timeout(seconds + TIMEOUT_SECONDS):
            for number in range(max(1, round(seconds * per_second))):
                due = start + number / per_second
                await asyncio.sleep(due - time.perf_counter())
                under_way.append(asyncio.create_task(one(due)))
            await asyncio.gather(*under_way)
    finally:
        for task in under_way:
            task.cancel()
        for connection in idle:
            connection.close()
    load.seconds = time.perf_counter() - start
    return load


async def ask_once(address: str, wanted: bytes, *, expect: int = 200) -> Answer:
    """Send one request on a connection of its own."""
    connection = await Connection.open(address)
    try:
        return await connection.ask(wanted, expect=expect)
    finally:
        with suppress(OSError):
            connection.close()
