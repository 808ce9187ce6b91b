"""`Idempotency-Key`: a request that is sent twice is carried out once.

As draft-ietf-httpapi-idempotency-key-header describes it; see docs/decisions/0026.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request, Response

from app.admission.refusal import Refused
from app.core.errors import PlatformError, Unavailable
from app.core.ports import KeptAnswer, RequestKeys
from app.core.unit_of_work import UnitOfWork
from app.http.problems import on_platform_error

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255

PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A name that you give this request and no other, such as a UUID. Sent again "
    "within 24 hours, it is not carried out again, but answered as before.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}

# A string of RFC 8941 without escapes; or, as most programs send it, the same without the marks.
_KEY = re.compile(
    r'"(?P<quoted>[\x20\x21\x23-\x5b\x5d-\x7e]+)"|(?P<bare>[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+)'
)
_KEPT_HEADERS = ("content-type", "location", "etag")
_REFUSALS = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What an operation says of the request itself; all others may turn out well a moment later."""


def secret_answer(endpoint: Endpoint) -> Endpoint:
    """Say that an endpoint answers with a secret, which is kept nowhere.

    With an `Idempotency-Key` it is carried out once; sent again, it is refused with 409.
    """
    endpoint.__secret_answer__ = True  # type: ignore[attr-defined]  # read by OperationRoute
    return endpoint


def key_of(request: Request) -> str | None:
    """What the caller calls the request; None if they give it no name.

    Raises:
        Refused: The header has not the form of a key.
    """
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    found = _KEY.fullmatch(given[0].strip())
    key = (found["quoted"] or found["bare"]) if found else ""
    if len(given) > 1 or not 0 < len(key) <= LONGEST_KEY:
        detail = (
            f"Send one `{HEADER}` of 1 to {LONGEST_KEY} letters, digits and signs, such as "
            '"8e03978e-40d5-43dd-bc93-6894a57f9324", with or without quotation marks.'
        )
        code = "request.idempotency_key.invalid"
        raise Refused(HTTPStatus.BAD_REQUEST, "Malformed request", code, detail)
    return key


async def answer_once(
    request: Request,
    keys: RequestKeys,
    uow: UnitOfWork,
    key: str,
    answer: Callable[[Request], Awaitable[Response]],
    *,
    is_secret: bool,
) -> Response:
    """Answer a request and remember that, or answer it as before.

    Args:
        request: The request.
        keys: Remembers it.
        uow: In which it is answered; committed here.
        key: What the caller calls it.
        answer: Carries it out.
        is_secret: Whether the answer holds a secret.

    Raises:
        PlatformError: `RequestKeys` refuses it, or the operation does.
    """
    before = await keys.begin(key, await _fingerprinted(request))
    if before is not None:
        headers = {**before.headers, REPLAYED: "true"}
        return Response(before.body, before.status, headers)
    try:
        response = await answer(request)
        await keys.keep(_kept(response, is_secret=is_secret))
        await uow.commit()
    except PlatformError as error:
        if error.status not in _REFUSALS:
            await _release(keys)
            raise
        response = await on_platform_error(request, error)
        await keys.keep_refusal(_kept(response, is_secret=False))
    except Exception:
        await _release(keys)
        raise
    return response


async def _fingerprinted(request: Request) -> bytes:
    """All that makes it this request: method, path, query and body."""
    scope = request.scope
    parts = scope["method"].encode(), scope["path"].encode(), scope["query_string"]
    return b"".join(sha256(part).digest() for part in (*parts, await request.body()))


def _kept(response: Response, *, is_secret: bool) -> KeptAnswer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = None if is_secret else bytes(response.body)
    return KeptAnswer(response.status_code, headers, body)


async def _release(keys: RequestKeys) -> None:
    # Without a database it is forgotten after some minutes.
    with suppress(Unavailable):
        await keys.release()
