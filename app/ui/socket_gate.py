"""What reaches Reflex's own endpoints: no foreign page, no cookie, no upload.

The session cookie is resolved here and replaced by the session's id, so that
it never reaches Reflex's state, its pickles, its logs or an error report.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dishka import AsyncContainer
from socketio import AsyncServer

from app.core.ports import Authenticator
from app.http.cookies import session_cookie
from app.http.origin import is_same_origin
from app.settings import ServerSettings
from app.ui.connections import Connections, closable

SESSION_HEADER = "x-atrium-session"
SOCKET_HEADER = "x-atrium-socket"

_CLIENT_MESSAGES = ("event", "client_error", "ping")
_SECRET_HEADERS = frozenset(
    {
        b"cookie",
        b"authorization",
        b"proxy-authorization",
        SESSION_HEADER.encode(),
        SOCKET_HEADER.encode(),
    }
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class SocketGate:
    """Wraps Reflex's ASGI application."""

    def __init__(
        self,
        app: App,
        container: AsyncContainer,
        settings: ServerSettings,
        connections: Connections,
    ) -> None:
        self._app = app
        self._container = container
        self._settings = settings
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "websocket":
            if not is_same_origin(scope, self._settings):
                await receive()
                await send({"type": "websocket.close", "code": 4403})
                return
            headers = await self._without_cookie(scope)
            with self._connections.opened() as (socket_id, closing):
                # Not the client token: a duplicated tab's address keeps that of the first one.
                scope["headers"] = [*headers, (SOCKET_HEADER.encode(), socket_id.encode())]
                await self._app(scope, closable(closing, receive, send), send)
            return
        if scope["type"] == "http":
            scope["headers"] = [
                header for header in scope["headers"] if header[0] not in _SECRET_HEADERS
            ]
        await self._app(scope, receive, send)

    async def _without_cookie(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        cookie = session_cookie(scope)
        headers = [header for header in scope["headers"] if header[0] not in _SECRET_HEADERS]
        if cookie is not None:
            authenticator = await self._container.get(Authenticator)
            actor = await authenticator.from_cookie(cookie)
            if actor is not None:
                headers.append((SESSION_HEADER.encode(), str(actor.session_id).encode()))
        return headers


def refuse_other_messages(server: AsyncServer) -> None:
    """Drop every message that Reflex's page does not send.

    A message named `connect` would be answered as the server's own handshake, with
    headers and an address of the client's choice: anybody's session.
    """
    handle = server._handle_event

    async def handle_known(eio_sid: str, namespace: str | None, id: Any, data: Any) -> None:  # noqa: A002 - as it is called
        if isinstance(data, list) and data and data[0] in _CLIENT_MESSAGES:
            await handle(eio_sid, namespace, id, data)

    server._handle_event = handle_known
