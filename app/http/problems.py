"""Errors as RFC 9457 problem+json. The only place where an error becomes an HTTP status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.admission.refusal import MEDIA_TYPE, Refused, problem_body
from app.core import validation
from app.core.errors import (
    Invalid,
    PermissionDenied,
    PlatformError,
    RateLimited,
    ReauthenticationRequired,
    Unavailable,
)
from app.core.log import get_logger
from app.core.outages import Outage

PANIC = "Something went wrong on our side; the request id helps us find out what."

log = get_logger(__name__)

_TITLES = {
    400: ("request.malformed", "Malformed request"),
    404: ("route.not_found", "Not found"),
    405: ("route.method_not_allowed", "Method not allowed"),
    406: ("request.not_acceptable", "Not acceptable"),
    408: ("request.body.too_slow", "Request timeout"),
    413: ("request.body.too_large", "Request body too large"),
    414: ("request.address.too_long", "Address too long"),
    415: ("request.media_type", "Unsupported media type"),
    431: ("request.headers.too_large", "Request headers too large"),
}


_STATUS_TITLES = {kind.status: kind.title for kind in PlatformError.__subclasses__()} | {
    status: title for status, (_, title) in _TITLES.items()
}

Responses = dict[int | str, dict[str, Any]]


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(description="One sentence for people.")
    code: str = Field(description="Stable name for programs.", examples=["user.email.taken"])
    request_id: str = Field(description="Quote it when you ask for help.")
    fields: dict[str, str] | None = Field(
        default=None, description="Sentences by input field, where they apply."
    )
    field_codes: dict[str, str] | None = Field(
        default=None,
        description="Stable names of what is wrong, by input field, where the input has not the "
        "shape that the operation expects.",
        examples=[{"status": "not_allowed"}],
    )


REAUTHENTICATE = "/api/v1/auth/reauthenticate"
_WAYS_OUT: Mapping[str, Mapping[str, str]] = {
    "auth.password.change_required": {"change_password": "/api/v1/users/change-password"},
    "auth.reauthentication_required": {"reauthenticate": REAUTHENTICATE},
}
"""What a program calls so that it is not refused again, by the code of the refusal."""
_EXPLAINED_TO = "role.read"
"""The permission of the route that explains permissions."""
_MEANINGS = {
    400: "The body could not be read.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The caller lacks the permission named in `permission`.",
    404: "There is no such thing.",
    408: "The body was not complete in time.",
    409: "The current state does not allow it.",
    412: "It has changed since the version that `If-Match` names.",
    413: "The body is larger than allowed.",
    414: "The address is longer than allowed.",
    415: "The body is not JSON by its `Content-Type`.",
    422: "The input breaks a rule; `fields` says which.",
    429: "Too many requests or attempts; see `Retry-After`.",
    431: "The headers are larger than allowed.",
    503: "Something the platform depends on does not answer; see `Retry-After`.",
}


_EXAMPLES = {
    400: ("request.body.not_json", "The body is not valid JSON."),
    401: ("auth.token.invalid", "The access token is not valid."),
    404: ("user.not_found", "There is no such user."),
    409: ("user.version.conflict", "Somebody else changed this user in the meantime."),
    408: ("request.body.too_slow", "The body was not complete after 10 s."),
    412: (
        "request.if_match.failed",
        "This has changed since the version that `If-Match` names.",
    ),
    413: ("request.body.too_large", "The body is larger than 65536 bytes."),
    414: ("request.address.too_long", "The address is longer than 2048 bytes."),
    415: ("request.media_type", "Send the body as application/json."),
    422: ("request.invalid", "limit: Must be at most 200."),
    429: ("request.rate_limited", "Too many requests. Try again in 8 s."),
    431: ("request.headers.too_large", "The headers are larger than 32768 bytes."),
    503: ("database.unavailable", "The database does not answer. Try again in a moment."),
}
_EXAMPLE_FACTS: dict[int, dict[str, object]] = {
    422: {
        "fields": {"limit": "Must be at most 200."},
        "field_codes": {"limit": "too_large"},
    },
    412: {"current_version": 3},
    429: {"retry_after_seconds": 8},
    503: {"retry_after_seconds": 5},
}


def problems(*statuses: int) -> Responses:
    """OpenAPI documentation of error statuses; `problem` gives one a nearer example."""
    return {
        status: _documented(status, *_EXAMPLES[status], _EXAMPLE_FACTS.get(status, {}))
        for status in statuses
    }


def problem(status: int, code: str, detail: str, **facts: object) -> Responses:
    """OpenAPI documentation of an error of one operation, with this example."""
    return {status: _documented(status, code, detail, facts)}


def _documented(status: int, code: str, detail: str, facts: Mapping[str, object]) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": _STATUS_TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "01890000000070008000000000000000",
        **facts,
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _MEANINGS[status],
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


def _respond(
    request: Request,
    *,
    status: int,
    title: str,
    code: str,
    detail: str,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    context = request.scope.get("atrium.context")
    request.scope["atrium.error_code"] = code
    body = problem_body(
        status=status,
        title=title,
        code=code,
        detail=detail,
        request_id=context.request_id if context else "",
        extra=extra,
    )
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


async def on_platform_error(request: Request, error: Exception) -> Response:
    """An error that a service raised on purpose."""
    assert isinstance(error, PlatformError)  # noqa: S101 - registered for this class
    extra: dict[str, object] = dict(error.details)
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        log.warning("http.unavailable", code=error.code, reason=error.reason)
    if isinstance(error, PermissionDenied) and error.permission:
        extra |= _explanation(request, error.permission)
    extra |= _WAYS_OUT.get(error.code, {})
    if isinstance(error, Invalid) and error.fields:
        extra["fields"] = error.fields
    if isinstance(error, RateLimited | Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:  # noqa: PLR2004 - HTTP
        headers["WWW-Authenticate"] = (
            # RFC 9470
            'Bearer error="insufficient_user_authentication"'
            if isinstance(error, ReauthenticationRequired)
            else "Bearer"
        )
    return _respond(
        request,
        status=error.status,
        title=error.title,
        code=error.code,
        detail=error.message,
        extra=extra,
        headers=headers,
    )


def _explanation(request: Request, permission: str) -> dict[str, object]:
    """Where it is told why the caller lacks a permission, for those who may ask."""
    actor = request.scope.get("atrium.actor")
    if actor is None or actor.user_id is None or not actor.may(_EXPLAINED_TO):
        return {}
    asked = urlencode({"user_id": str(actor.user_id), "permission": permission})
    return {"explain": f"/api/v1/permissions/explain?{asked}"}


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Input that does not fit the schema. Never repeats the input: it may hold a secret."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    found = error.errors()
    if any(problem["type"] == "json_invalid" for problem in found):
        return _respond(
            request,
            status=400,
            title="Malformed request",
            code="request.body.not_json",
            detail="The body is not valid JSON.",
        )
    unreadable = any(p["loc"] == ("body",) and p["type"] != "missing" for p in found)
    if unreadable and not _is_json(request):
        return await on_http_error(request, HTTPException(415, "Send the body as application/json"))
    wrong = validation.findings(found)
    return _respond(
        request,
        status=422,
        title="Invalid input",
        code="request.invalid",
        detail=validation.summary(wrong),
        extra={
            "fields": validation.messages(wrong),
            "field_codes": {finding.field: finding.code for finding in wrong},
        },
    )


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.endswith(("/json", "+json"))


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the router refuses by itself."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code, title = _TITLES.get(error.status_code, ("request.refused", "Request refused"))
    if isinstance(error, Refused):
        code, title = error.code, error.title
    return _respond(
        request,
        status=error.status_code,
        title=title,
        code=code,
        detail=_sentence(request, error),
        headers=error.headers,
    )


def _sentence(request: Request, error: HTTPException) -> str:
    if error.detail != HTTPStatus(error.status_code).phrase:
        return f"{error.detail}.".replace("..", ".")
    if error.status_code == HTTPStatus.NOT_FOUND:
        return "There is nothing at this address."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        return f"This address does not take {request.method}; it takes {allowed}."
    return f"{error.detail}."


async def on_database_down(request: Request, error: Exception) -> Response:
    """Something else that a request needs is out of reach, or a statement has no table."""
    unavailable = Outage.GONE.error()
    unavailable.__cause__ = error
    return await on_platform_error(request, unavailable)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A defect of ours; the edge logs and reports it, the answer tells nothing of it."""
    del error
    return _respond(request, status=500, title="Internal error", code="internal", detail=PANIC)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    PlatformError: on_platform_error,
    RequestValidationError: on_invalid_request,
    HTTPException: on_http_error,
    OperationalError: on_database_down,
    InterfaceError: on_database_down,
    ConnectionError: on_database_down,
    Exception: on_unexpected,
}
