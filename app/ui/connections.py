"""The open sockets of this process: whose they are, and how one is closed from elsewhere."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from app.admission.addresses import network_of
from app.core.ids import new_id
from app.core.metrics import SOCKETS

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SESSION_HEADER = "x-atrium-session"
ADDRESS_HEADER = "x-atrium-address"
SOCKET_HEADER = "x-atrium-socket"
ZONE_HEADER = "x-atrium-zone"
"""By which a socket's events know its session, its address and itself; never from outside."""
COME_BACK = 4001
"""The browser connects again at once, whatever the number."""


@dataclass(eq=False, slots=True)
class OpenSocket:
    """A socket while it is open.

    Attributes:
        id: Known to the server only.
        address: Where it comes from.
        network: Where it counts, see `network_of`.
        session_id: The session of its handshake; empty for strangers.
        send: Sends through it, past whatever speaks through it otherwise.
        closing: Set when it is to be closed.
        last_words: A frame that is sent before; empty for none.
        was_told: Whether it knows that its session has ended.
    """

    id: str
    address: str
    network: str
    session_id: str
    send: Send | None = None
    was_told: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: str = ""

    def close(self, last_words: str = "") -> None:
        """Have it closed; the browser reconnects at once and sends its cookie anew."""
        self.last_words = last_words
        self.closing.set()

    async def tell(self, frame: str) -> None:
        """Send that its session has ended, once."""
        self.was_told = True
        if self.send is not None:
            # It may close at this very moment.
            with suppress(RuntimeError, OSError):
                await self.send({"type": "websocket.send", "text": frame})


class Connections:
    """Sockets by their ids. Lives as long as the process.

    Attributes:
        is_closed: Whether no more sockets may be opened for the time being.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._open: dict[str, OpenSocket] = {}
        self._of_network: Counter[str] = Counter()
        self._of_session: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def of_network(self, network: str) -> int:
        """How many come from a network."""
        return self._of_network[network]

    def of_session(self, session_id: str) -> int:
        """How many a session has open; with an empty id, those of all strangers."""
        return self._of_session[session_id]

    def untold(self) -> list[OpenSocket]:
        """Sockets of people who, as far as those know, are signed in."""
        return [each for each in self._open.values() if each.session_id and not each.was_told]

    def close(self, socket_id: str) -> None:
        """Close a socket; the browser reconnects at once and sends its cookie anew."""
        socket = self._open.get(socket_id)
        if socket is not None:
            socket.close()

    def close_all(self, last_words: str) -> None:
        """Close all sockets, and let nobody in until `reopen`."""
        self.is_closed = True
        for socket in self._open.values():
            socket.close(last_words)

    def reopen(self) -> None:
        """Let sockets in again."""
        self.is_closed = False

    @contextmanager
    def opened(self, address: str, session_id: str) -> Iterator[OpenSocket]:
        """Remember a socket while the block runs."""
        socket = OpenSocket(new_id().hex, address, network_of(address), session_id)
        self._open[socket.id] = socket
        self._of_network[socket.network] += 1
        self._of_session[session_id] += 1
        SOCKETS.inc()
        try:
            yield socket
        finally:
            SOCKETS.dec()
            del self._open[socket.id]
            _subtract(self._of_network, socket.network)
            _subtract(self._of_session, session_id)


def _subtract(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def closable(socket: OpenSocket, receive: Receive, send: Send) -> Receive:
    """A `receive` that ends when the socket is to be closed."""
    pending: asyncio.Future[Message] | None = None

    async def receive_or_close() -> Message:
        nonlocal pending
        pending = pending or asyncio.ensure_future(receive())
        wait = asyncio.ensure_future(socket.closing.wait())
        try:
            waiting: list[asyncio.Future[Any]] = [pending, wait]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wait.cancel()
        if not socket.closing.is_set():
            message, pending = pending.result(), None
            return message
        # The server refuses to close a socket somebody still reads from.
        pending.cancel()
        await asyncio.sleep(0)
        if socket.last_words:
            await send({"type": "websocket.send", "text": socket.last_words})
        await send({"type": "websocket.close", "code": COME_BACK})
        return {"type": "websocket.disconnect", "code": COME_BACK}

    return receive_or_close
