"""The outermost layer: request id, security headers, access log, panics.

Plain ASGI, because it is paid by every request.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from app.admission.refusal import (
    MEDIA_TYPE,
    App,
    Message,
    Receive,
    Scope,
    Send,
    problem_body,
)
from app.core import metrics
from app.core.actor import RequestContext, new_trace_id
from app.core.audit import REASON_LENGTH
from app.core.ids import new_id
from app.core.log import call_facts, get_logger
from app.http.origin import PROBED_PATHS, refuse_host
from app.http.problems import PANIC
from app.http.proxies import Proxies
from app.settings import ServerSettings

RecordWrite = Callable[[Scope, int, float], Awaitable[None]]
"""Told of a request, the status of its answer and when it began, before the answer leaves."""

log = get_logger("http")

MAX_HEADER_BYTES = 32 * 1024
_LONGEST_USER_AGENT = 300
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# https://www.w3.org/TR/trace-context: later versions may say more behind it.
_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(?P<more>-.*)?"
)
REASON_HEADER = "x-audit-reason"

_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
# For everything that is not a page: nothing may load, nothing may frame it.
_CLOSED_CSP = b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# For a page that stands alone: its styles, and no script at all.
_PAGE_CSP = (
    b"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)


async def _record_nothing(_scope: Scope, _status: int, _started: float) -> None:
    pass


class Edge:
    """Wraps the whole application."""

    def __init__(
        self,
        app: App,
        settings: ServerSettings,
        *,
        report: Callable[..., None],
        record_write: RecordWrite = _record_nothing,
        failure_page: Callable[[str], bytes] | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._site = settings.site
        self._proxies = Proxies(settings.trusted_proxy_hops)
        self._report = report
        self._record_write = record_write
        self._failure_page = failure_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        scope["atrium.site"] = self._site
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            if scope["type"] == "websocket":
                headers = Headers(scope=scope)
                reason = _reason(headers) or ""
                scope["atrium.context"] = self._context(scope, headers, "console", reason)
                refusal = refuse_host(scope, headers, self._site)
                if refusal is not None:
                    await _refuse_socket(scope, receive, send, *refusal)
                    return
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = Headers(scope=scope)
        channel = "api" if scope["path"].startswith("/api/") else "console"
        reason = _reason(headers)
        context = scope["atrium.context"] = self._context(scope, headers, channel, reason or "")
        logged = call_facts.set(_ids(context))
        status = 0
        spent = metrics.begin_request()
        https = self._site.is_https
        foreign = refuse_host(scope, headers, self._site)
        record = _record_nothing if foreign else self._record_write

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await record(scope, status, started)
                message["headers"] = _complete(message["headers"], context.request_id, https=https)
            await send(message)

        try:
            refusal = foreign or _refusal(scope, reason)
            if refusal is not None:
                await _answer(scope, send_with_headers, *refusal)
                return
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.info("http.caller_left", method=scope["method"], path=scope["path"])
        except Exception as error:  # noqa: BLE001 - the edge: published and answered
            self._report(
                error,
                event="http.panic",
                action=scope.get("atrium.action", ""),
                method=scope["method"],
                path=scope["path"],
                request_id=context.request_id,
                user_id=_user_id(scope),
            )
            if status == 0 and channel == "console" and self._failure_page is not None:
                page = self._failure_page(context.request_id)
                await _send(send_with_headers, 500, b"text/html; charset=utf-8", page, _PAGE_CSP)
            elif status == 0:
                await _answer(scope, send_with_headers, 500, "Internal error", "internal", PANIC)
        finally:
            route = scope.get("atrium.route") or metrics.OTHER
            metrics.end_request(scope["method"], route, status, started, spent)
            self._log_access(scope, status, started)
            call_facts.reset(logged)

    def _context(self, scope: Scope, headers: Headers, channel: Any, reason: str) -> RequestContext:
        given = headers.get("x-request-id", "")
        self._proxies.read(scope)
        return RequestContext(
            request_id=new_id().hex,
            channel=channel,
            address=scope["client"][0],
            user_agent=headers.get("user-agent", "")[:_LONGEST_USER_AGENT],
            trace_id=_trace_id(headers) or new_trace_id(),
            reason=reason,
            client_request_id=given if _REQUEST_ID.fullmatch(given) else "",
        )

    def _log_access(self, scope: Scope, status: int, started: float) -> None:
        path: str = scope["path"]
        code = scope.get("atrium.error_code")
        if (path in PROBED_PATHS and code is None) or scope.get("atrium.quiet"):
            return
        log.info(
            "http.request",
            method=scope["method"],
            path=path,
            status=status,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            actor=_user_id(scope),
            code=code,
        )


def _user_id(scope: Scope) -> str | None:
    """Who sent it, as far as that is known."""
    actor = scope.get("atrium.actor")
    return str(actor.user_id) if actor and actor.user_id else None


def _ids(context: RequestContext) -> dict[str, str]:
    """What every line of the log says of a request."""
    ids = {"request_id": context.request_id, "trace_id": context.trace_id}
    theirs = context.client_request_id
    return ids | {"client_request_id": theirs} if theirs else ids


def _refusal(scope: Scope, reason: str | None) -> tuple[int, str, str, str] | None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        detail = f"The headers are larger than {MAX_HEADER_BYTES} bytes."
        return 431, "Request headers too large", "request.headers.too_large", detail
    if reason is None:
        detail = f"Say why once, in UTF-8, on one line of at most {REASON_LENGTH} characters."
        return 422, "Invalid input", "request.reason.invalid", detail
    return None


def _trace_id(headers: Headers) -> str:
    """The trace that the call belongs to; empty if it says none, or not in the form of one."""
    found = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if found is None or (found["version"] == "00" and found["more"]):
        return ""
    return found["trace"]


def _reason(headers: Headers) -> str | None:
    """Why the caller does it; None if that cannot be read."""
    given = headers.getlist(REASON_HEADER)
    try:
        text = "".join(given).encode("latin-1").decode().strip()
    except UnicodeDecodeError:
        return None
    is_fine = len(given) <= 1 and len(text) <= REASON_LENGTH and text.isprintable()
    return text if is_fine else None


def _complete(
    headers: list[tuple[bytes, bytes]], request_id: str, *, https: bool
) -> list[tuple[bytes, bytes]]:
    complete = [*headers, (b"x-request-id", request_id.encode()), *_SECURITY_HEADERS]
    if https:
        complete.append(_HSTS)
    names = {name.lower() for name, _ in headers}
    if b"content-security-policy" not in names:
        complete.append((b"content-security-policy", _CLOSED_CSP))
    if b"cache-control" not in names:
        complete.append((b"cache-control", b"no-store"))
    return complete


async def _answer(  # noqa: PLR0917 - private
    scope: Scope, send: Send, status: int, title: str, code: str, detail: str
) -> None:
    scope["atrium.error_code"] = code
    request_id = scope["atrium.context"].request_id
    body = problem_body(status=status, title=title, code=code, detail=detail, request_id=request_id)
    await _send(send, status, MEDIA_TYPE.encode(), body)


async def _refuse_socket(  # noqa: PLR0917 - private
    scope: Scope, receive: Receive, send: Send, status: int, title: str, code: str, detail: str
) -> None:
    """Answer a handshake with a problem, as a request would be."""
    await receive()
    log.info("http.socket.refused", path=scope["path"], status=status, code=code)
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4421})
        return

    async def send_as_socket(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await _answer(scope, send_as_socket, status, title, code, detail)


async def _send(
    send: Send, status: int, media_type: bytes, body: bytes, csp: bytes = _CLOSED_CSP
) -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", csp),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
