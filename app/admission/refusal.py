"""Requests that are not let in, and the answer to them: a problem as RFC 9457 describes it."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson
from fastapi import HTTPException

MEDIA_TYPE = "application/problem+json"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refused(HTTPException):
    """A request that is larger, slower or more than is taken.

    FastAPI takes any error but an `HTTPException` for a body that cannot be parsed.
    """

    def __init__(
        self,
        status: int,
        title: str,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.title = title
        self.code = code


def problem_body(
    *,
    status: int,
    title: str,
    code: str,
    detail: str,
    request_id: str,
    extra: Mapping[str, object] | None = None,
) -> bytes:
    """The JSON of a problem."""
    body = {
        **(extra or {}),
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    return orjson.dumps(body, default=str)


async def answer(scope: Scope, send: Send, refused: Refused) -> None:
    """Answer a request that is not let in."""
    scope["atrium.error_code"] = refused.code
    context = scope.get("atrium.context")
    body = problem_body(
        status=refused.status_code,
        title=refused.title,
        code=refused.code,
        detail=str(refused.detail),
        request_id=context.request_id if context else "",
    )
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *_encoded(refused.headers or {}),
    ]
    head = {"type": "http.response.start", "status": refused.status_code, "headers": headers}
    await send(head)
    await send({"type": "http.response.body", "body": body})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
