"""The open sockets of this process, so that one can be asked to come back with its new cookie."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_COME_BACK = 4001


class Connections:
    """Sockets by the client token in their address. Lives as long as the process."""

    def __init__(self) -> None:
        self._closing: dict[str, asyncio.Event] = {}

    def close(self, token: str) -> None:
        """Close the client's socket; the browser reconnects at once and sends its cookie anew."""
        closing = self._closing.get(token)
        if closing is not None:
            closing.set()

    @contextmanager
    def opened(self, scope: MutableMapping[str, Any]) -> Iterator[asyncio.Event]:
        """Remember the socket while the block runs; the event says that it is to be closed."""
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        closing = self._closing[token] = asyncio.Event()
        try:
            yield closing
        finally:
            if self._closing.get(token) is closing:
                del self._closing[token]


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
