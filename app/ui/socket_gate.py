"""What reaches Reflex's own endpoints: no foreign page, no cookie, nothing large or malformed.

The session cookie is resolved here and replaced by the session's id, so that
it never reaches Reflex's state, its pickles, its logs or an error report.
"""

import re
from collections.abc import Awaitable, Callable, Container, MutableMapping
from typing import Any

from dishka import AsyncContainer

from app.admission.addresses import network_of
from app.admission.sockets import SocketQuotas, Verdict
from app.core.log import get_logger
from app.core.ports import Authenticator
from app.http.cookies import session_cookie, zone_cookie
from app.http.origin import is_same_origin
from app.settings import ServerSettings
from app.ui.connections import (
    ADDRESS_HEADER,
    SESSION_HEADER,
    SOCKET_HEADER,
    ZONE_HEADER,
    Connections,
    OpenSocket,
    closable,
)
from app.ui.notices import BAD_MESSAGE, TOO_LARGE, TOO_MANY, Words, notice
from app.ui.socket_messages import LARGEST_FRAME_BYTES, Malformed, read

_KEPT_HEADERS = frozenset(
    {b"connection", b"host", b"origin", b"sec-websocket-protocol", b"upgrade", b"user-agent"}
)
_LONGEST_HEADER = 500
# As the page's script makes it; an address may carry nothing else.
_QUERY = re.compile(
    rb"(?=.*\bEIO=4\b)(?=.*\btransport=websocket\b)"
    rb"(?=.*\btoken=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:&|$))[\w=&.-]+",
    re.IGNORECASE,
)
_LONGEST_QUERY = 300
_FOREIGN, _MALFORMED, _BUSY, _TOO_BIG = 4403, 4400, 4429, 1009
"""Codes that a socket is closed with."""

log = get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class SocketGate:
    """Wraps Reflex's ASGI application.

    Args:
        app: Reflex's.
        container: For the session's lookup.
        settings: For the allowed origins.
        connections: The open sockets.
        quotas: How many of them somebody may have, and how much may be sent.
        handlers: Names of all event handlers there are.
    """

    def __init__(
        self,
        app: App,
        container: AsyncContainer,
        settings: ServerSettings,
        connections: Connections,
        *,
        quotas: SocketQuotas,
        handlers: Container[str],
    ) -> None:
        self._app = app
        self._container = container
        self._settings = settings
        self._connections = connections
        self._quotas = quotas
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] == "http":
            scope["headers"] = _needed(scope)
        await self._app(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["atrium.context"].address
        refusal = self._refusal(scope)
        session_id = "" if refusal else await self._session_id(scope)
        if not refusal and not await self._has_room(address, session_id):
            refusal = _BUSY
        if refusal:
            await receive()
            await send({"type": "websocket.close", "code": refusal})
            return
        with self._connections.opened(address, session_id) as socket:
            socket.send = send
            # Not the client token: a duplicated tab's address keeps that of the first one.
            headers = [
                (SOCKET_HEADER.encode(), socket.id.encode()),
                (ADDRESS_HEADER.encode(), address.encode()),
                (ZONE_HEADER.encode(), zone_cookie(scope).encode()),
            ]
            if session_id:
                headers.append((SESSION_HEADER.encode(), session_id.encode()))
            scope["headers"] = _needed(scope) + headers
            traffic = _Traffic(socket, self._quotas, self._handlers, send)
            await self._app(scope, traffic.only_good(closable(socket, receive, send)), send)

    def _refusal(self, scope: Scope) -> int:
        """The code to close a handshake with; 0 to go on."""
        if not is_same_origin(scope, self._settings):
            return _FOREIGN
        query = scope["query_string"]
        if len(query) > _LONGEST_QUERY or _QUERY.fullmatch(query) is None:
            return _MALFORMED
        if any(len(value) > _LONGEST_HEADER for _, value in _needed(scope)):
            return _MALFORMED
        return _BUSY if self._connections.is_closed else 0

    async def _has_room(self, address: str, session_id: str) -> bool:
        network = network_of(address)
        has_room = self._quotas.has_room(
            of_address=self._connections.of_network(network),
            of_session=self._connections.of_session(session_id),
            is_stranger=not session_id,
        )
        return has_room and await self._quotas.may_connect(network, session_id)

    async def _session_id(self, scope: Scope) -> str:
        """The id of the session that the cookie stands for; empty for strangers."""
        cookie = session_cookie(scope)
        if cookie is None:
            return ""
        authenticator = await self._container.get(Authenticator)
        actor = await authenticator.from_cookie(cookie)
        return "" if actor is None else str(actor.session_id)


class _Traffic:
    """What comes through one socket."""

    def __init__(
        self, socket: OpenSocket, quotas: SocketQuotas, handlers: Container[str], send: Send
    ) -> None:
        self._socket = socket
        self._quotas = quotas
        self._handlers = handlers
        self._send = send
        self._has_begun = False
        self._malformed = 0
        self._was_told = False

    def only_good(self, receive: Receive) -> Receive:
        """A `receive` that passes on what a page of ours may send, and drops the rest."""

        async def receive_good() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                checked = await self._checked(message.get("text"))
                if checked is not None:
                    return checked

        return receive_good

    async def _checked(self, text: str | None) -> Message | None:
        """The message to go on with; None when it is dropped."""
        if text is not None and _is_too_large(text):
            self._log("console.message_too_large", size=len(text))
            return await self._close(TOO_LARGE, _TOO_BIG)
        if text is None:
            return await self._refuse_malformed("bytes instead of text")
        try:
            good = read(text, self._handlers)
        except Malformed as error:
            return await self._refuse_malformed(str(error))
        if good.is_handshake and self._has_begun:
            return await self._refuse_malformed("a second handshake")
        self._has_begun |= good.is_handshake
        if good.is_event:
            verdict = await self._judge()
            if verdict is not Verdict.GO_ON:
                return await self._refuse(TOO_MANY, verdict, _BUSY)
        return {"type": "websocket.receive", "text": good.frame}

    async def _refuse_malformed(self, reason: str) -> Message | None:
        verdict = await self._judge()
        if verdict is Verdict.GO_ON:
            self._malformed += 1
            self._log("console.malformed_message", reason=reason, count=self._malformed)
            verdict = self._quotas.judge_malformed(self._malformed)
        return await self._refuse(BAD_MESSAGE, verdict, _MALFORMED)

    async def _judge(self) -> Verdict:
        return await self._quotas.judge(self._socket.network, self._socket.session_id)

    async def _refuse(self, words: Words, verdict: Verdict, code: int) -> Message | None:
        """Say it, once until something is good again, and close the socket of who goes on."""
        if verdict is Verdict.CLOSE:
            self._log("console.socket_closed", reason=words.text)
            return await self._close(words, code)
        if not self._was_told:
            self._was_told = True
            await self._send({"type": "websocket.send", "text": notice(words)})
        return None

    async def _close(self, words: Words, code: int) -> Message:
        await self._send({"type": "websocket.send", "text": notice(words)})
        await self._send({"type": "websocket.close", "code": code, "reason": words.text[:100]})
        return {"type": "websocket.disconnect", "code": code}

    def _log(self, event: str, **facts: object) -> None:
        log.warning(
            event, address=self._socket.address, session_id=self._socket.session_id, **facts
        )


def _needed(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [header for header in scope["headers"] if header[0].lower() in _KEPT_HEADERS]


def _is_too_large(text: str) -> bool:
    # A letter has a byte at least: what is much too large need not be encoded to be measured.
    return len(text) > LARGEST_FRAME_BYTES or len(text.encode("utf-8", "replace")) > (
        LARGEST_FRAME_BYTES
    )
