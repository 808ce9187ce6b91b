"""Sockets that the server can ask to come back."""

import asyncio
from typing import Any

from app.ui.connections import Connections, closable


class TestClose:
    """`Connections.close` and `closable`."""

    async def test_messages_pass(self) -> None:
        """While nothing is asked, messages arrive as they are."""

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.receive", "text": "hello"}

        async def send(_message: Any) -> None:
            raise AssertionError

        with Connections().opened() as (_, closing):
            message = await closable(closing, receive, send)()

        assert message["text"] == "hello"

    async def test_waiting_socket_is_closed(self) -> None:
        """A socket that waits for its next message is closed and told so."""
        connections = Connections()
        sent: list[Any] = []
        never = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await never.wait()
            return {}

        async def send(message: Any) -> None:
            sent.append(message)

        with connections.opened() as (socket_id, closing):
            waiting = asyncio.ensure_future(closable(closing, receive, send)())
            await asyncio.sleep(0)
            connections.close(socket_id)
            message = await waiting

        assert message["type"] == "websocket.disconnect"
        assert [each["type"] for each in sent] == ["websocket.close"]

    async def test_others_stay(self) -> None:
        """Closing one socket, or one that is no more, leaves the others open."""
        connections = Connections()
        with connections.opened() as (first_id, one), connections.opened() as (_, other):
            connections.close(first_id)
            connections.close("unknown")

            assert one.is_set()
            assert not other.is_set()
