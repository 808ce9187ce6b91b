"""The open sockets of this process, so that one can be asked to come back with its new cookie."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from app.core.ids import new_id

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_COME_BACK = 4001


class Connections:
    """Sockets by an id that only the server gives. Lives as long as the process."""

    def __init__(self) -> None:
        self._closing: dict[str, asyncio.Event] = {}

    def close(self, socket_id: str) -> None:
        """Close a socket; the browser reconnects at once and sends its cookie anew."""
        closing = self._closing.get(socket_id)
        if closing is not None:
            closing.set()

    @contextmanager
    def opened(self) -> Iterator[tuple[str, asyncio.Event]]:
        """Remember a socket while the block runs: its id, and what says that it is to be closed."""
        socket_id = new_id().hex
        closing = self._closing[socket_id] = asyncio.Event()
        try:
            yield socket_id, closing
        finally:
            del self._closing[socket_id]


def closable(closing: asyncio.Event, receive: Receive, send: Send) -> Receive:
    """A `receive` that ends when the socket is to be closed."""
    pending: asyncio.Future[Message] | None = None

    async def receive_or_close() -> Message:
        nonlocal pending
        pending = pending or asyncio.ensure_future(receive())
        wait = asyncio.ensure_future(closing.wait())
        try:
            waiting: list[asyncio.Future[Any]] = [pending, wait]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wait.cancel()
        if not closing.is_set():
            message, pending = pending.result(), None
            return message
        # The server refuses to close a socket somebody still reads from.
        pending.cancel()
        await asyncio.sleep(0)
        await send({"type": "websocket.close", "code": _COME_BACK})
        return {"type": "websocket.disconnect", "code": _COME_BACK}

    return receive_or_close
