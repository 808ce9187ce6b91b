"""The OpenAPI document: what FastAPI does not know of our routes by itself."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core.errors import ModuleError
from app.http.idempotency import HEADER, REPLAYED
from app.http.preconditions import IF_NONE_MATCH
from app.http.problems import Problem

DESCRIPTION = """
Everything the console does, for programs.

**Signing in.** `POST /api/v1/auth/login` gives an access token; send it as
`Authorization: Bearer …`.

**Lists** answer `{"items": […], "next_cursor": …}` with at most `limit` items. For the next page
pass `next_cursor` as `cursor` and everything else as before; `null` means that there is none. A
cursor is a place in one order: with another `sort` start without it. What is added or removed
meanwhile neither repeats nor skips other items. Lists that are always short come on one page.

**Errors** are RFC 9457 problems: `code` is stable and for programs, `detail` is for people,
`fields` has a sentence and `field_codes` a stable name for each field at fault. A field or query
parameter that does not exist, or is given twice, is refused.

**Changes.** `PUT` replaces, so it says everything: what it leaves out is refused, not emptied.
`PATCH` changes what it names. What has a `version` tells it as `ETag` too: send that back as
`If-Match`, and the change is refused with 412 if somebody else made one since; as `version` in the
body, with 409. Every `GET` that answers with JSON takes `If-None-Match`, and answers 304 where
nothing has changed in all that it would tell.

**Sending again.** A `POST` of somebody signed in may have an `Idempotency-Key`: a name, such as a
UUID, that is given to this request alone. Sent again within 24 hours it is not carried out again,
but answered as before, with `Idempotency-Replayed: true`.

**Every answer** has `X-Request-ID`: ours, of this request alone. One that you send is kept beside
it in the log and in the audit trail. Where there is `GET` there is
`HEAD`; `OPTIONS` tells the methods of an address in `Allow`. Answers are JSON, and exports their
files, whatever `Accept` would rather have.

**Budgets.** `X-RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds since 1970) tell how many
requests are left to the caller; beyond that the answer is 429 with `Retry-After`.
`x-max-body-bytes` says how large a body may be.
"""

ANSWER_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Of this request alone; quote it when you ask for help.",
        "schema": {"type": "string"},
    },
    "X-RateLimit-Limit": {
        "description": "How many requests the caller may send in a row.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {
        "description": "How many are left.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "When all are there again, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {
        "description": "How to prove who calls: `Bearer`, with an `error` when that is too old.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the new record is.", "schema": {"type": "string"}},
    "ETag": {
        "description": "Names the answer, for `If-None-Match`; of a record, it begins with the "
        "version, for `If-Match`.",
        "schema": {"type": "string"},
    },
    REPLAYED: {
        "description": "`true` where the request was carried out before, and this is its answer.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "A name for the file.",
        "schema": {"type": "string"},
    },
}
"""What answers say beside their body, by the name of the header."""
_ONCE_STATUSES = ("200", "201", "204", "403", "404", "409", "412", "422")
_BUDGET = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def operation_id(route: APIRoute) -> str:
    """What programs call the operation of a route: the name of its endpoint, like `list_users`."""
    return route.name


def describe(api: FastAPI) -> None:
    """Add what FastAPI does not know to the OpenAPI document, once.

    Raises:
        ModuleError: Two routes have endpoints of the same name.
    """
    names = Counter(
        route.name
        for route in api.routes
        if isinstance(route, APIRoute) and route.include_in_schema
    )
    if double := [name for name, count in names.items() if count > 1]:
        message = f"several routes have an endpoint called {', '.join(double)}"
        raise ModuleError(message)
    generate = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            _complete(generate())
        return api.openapi_schema or {}

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _complete(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    # Replaced by Problem everywhere.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    components["headers"] = ANSWER_HEADERS
    for path, item in document["paths"].items():
        for operation in item.values():
            given = {each["name"] for each in operation.get("parameters", ())}
            for status, response in operation["responses"].items():
                names = [*_headers_of(path, status, response, schemas)]
                if IF_NONE_MATCH["name"] in given and status in ("200", "304"):
                    names = [*dict.fromkeys([*names, "ETag"])]
                if HEADER in given and status in _ONCE_STATUSES:
                    names.append(REPLAYED)
                response["headers"] = {
                    name: {"$ref": f"#/components/headers/{name}"} for name in names
                }


def _headers_of(
    path: str, status: str, response: dict[str, Any], schemas: dict[str, Any]
) -> Iterator[str]:
    yield "X-Request-ID"
    is_fine = status.startswith("2")
    if path.startswith("/api/") and (is_fine or status == "429"):
        yield from _BUDGET
    if status in ("429", "503") and path.startswith("/api/"):
        yield "Retry-After"
    if status == "401":
        yield "WWW-Authenticate"
    if status == "201":
        yield "Location"
    content = response.get("content", {})
    if is_fine and content.keys() - {"application/json"}:
        yield "Content-Disposition"
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if is_fine and "version" in schemas.get(name, {}).get("properties", {}):
        yield "ETag"
