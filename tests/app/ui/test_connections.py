"""Sockets that the server can ask to come back."""

import asyncio
from typing import Any

from app.ui.connections import Connections, closable

ADDRESS = "192.0.2.1"


class TestClose:
    """`Connections.close` and `closable`."""

    async def test_messages_pass(self) -> None:
        """While nothing is asked, messages arrive as they are."""

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.receive", "text": "hello"}

        async def send(_message: Any) -> None:
            raise AssertionError

        with Connections().opened(ADDRESS, "") as socket:
            message = await closable(socket, receive, send)()

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

        with connections.opened(ADDRESS, "") as socket:
            waiting = asyncio.ensure_future(closable(socket, receive, send)())
            await asyncio.sleep(0)
            connections.close(socket.id)
            message = await waiting

        assert message["type"] == "websocket.disconnect"
        assert [each["type"] for each in sent] == ["websocket.close"]

    async def test_others_stay(self) -> None:
        """Closing one socket, or one that is no more, leaves the others open."""
        connections = Connections()
        with connections.opened(ADDRESS, "") as one, connections.opened(ADDRESS, "") as other:
            connections.close(one.id)
            connections.close("unknown")

            assert one.closing.is_set()
            assert not other.closing.is_set()

    async def test_all_with_last_words(self) -> None:
        """All sockets can be closed with a frame before, and none opened until it is over."""
        connections = Connections()
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(message: Any) -> None:
            sent.append(message)

        with connections.opened(ADDRESS, "") as socket:
            connections.close_all("farewell")
            await closable(socket, receive, send)()

            assert sent[0]["text"] == "farewell"
            assert [each["type"] for each in sent] == ["websocket.send", "websocket.close"]
            assert connections.is_closed
        connections.reopen()
        assert not connections.is_closed


class TestCounts:
    """How many are open."""

    def test_of_network_and_session(self) -> None:
        """Sockets are counted by network and session while they are open; strangers together."""
        connections = Connections()
        with (
            connections.opened("2001:db8::1", "a"),
            connections.opened("2001:db8::2", ""),
            connections.opened(ADDRESS, ""),
        ):
            assert connections.of_network("2001:db8::/64") == 2
            assert connections.of_network(ADDRESS) == 1
            assert connections.of_session("a") == 1
            assert connections.of_session("") == 2
            assert len(connections) == 3

        assert len(connections) == 0
        assert connections.of_network(ADDRESS) == connections.of_session("") == 0
