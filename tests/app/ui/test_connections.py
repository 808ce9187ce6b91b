"""Sockets that the server can ask to come back."""

import asyncio
from typing import Any

from app.ui.connections import Connections, closable


def _scope(token: str) -> dict[str, Any]:
    return {"query_string": f"token={token}&EIO=4".encode()}


class TestClose:
    """`Connections.close` and `closable`."""

    async def test_messages_pass(self) -> None:
        """While nothing is asked, messages arrive as they are."""

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.receive", "text": "hello"}

        async def send(_message: Any) -> None:
            raise AssertionError

        with Connections().opened(_scope("a")) as closing:
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

        with connections.opened(_scope("a")) as closing:
            waiting = asyncio.create_task(closable(closing, receive, send)())  # type: ignore[arg-type]  # a coroutine
            await asyncio.sleep(0)
            connections.close("a")
            message = await waiting

        assert message["type"] == "websocket.disconnect"
        assert [each["type"] for each in sent] == ["websocket.close"]

    async def test_others_stay(self) -> None:
        """Closing one client's socket, or that of nobody, leaves the others open."""
        connections = Connections()
        with connections.opened(_scope("a")) as one, connections.opened(_scope("b")) as other:
            connections.close("a")
            connections.close("unknown")

            assert one.is_set()
            assert not other.is_set()
