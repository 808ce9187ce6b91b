"""The REST application: every module's router under `/api/v1`."""

from typing import Any

from dishka import AsyncContainer
from fastapi import APIRouter, FastAPI

from app.core.errors import ModuleError
from app.core.registry import Registry
from app.core.version import VERSION
from app.http import docs, health
from app.http.dispatch import Api
from app.http.problems import EXCEPTION_HANDLERS, Problem
from app.http.routing import ConsoleRoute, OperationRoute

PREFIX = "/api/v1"
_DESCRIPTION = """
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

**Every answer** has `X-Request-ID`: the one you sent, or a new one. Where there is `GET` there
is `HEAD`.
"""


def build_api(registry: Registry, container: AsyncContainer) -> Api:
    """Mount all routers and turn every error into a problem.

    Raises:
        ModuleError: A module's route does not say which operation it calls.
    """
    api = Api(
        title="Atrium",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        exception_handlers=EXCEPTION_HANDLERS,
        redirect_slashes=False,
    )
    api.state.container = container
    api.include_open(health.router)
    api.include_open(docs.router)
    for module in registry.modules:
        _include(api, module.id, module.router, OperationRoute, prefix=PREFIX)
        _include(api, module.id, module.console_router, ConsoleRoute, prefix="")
    _describe(api)
    return api


def _include(
    api: Api, module_id: str, router: APIRouter | None, kind: type, *, prefix: str
) -> None:
    if router is None:
        return
    for route in router.routes:
        if type(route) is not kind:
            message = f"module {module_id!r}: route {route} is not a {kind.__name__}"
            raise ModuleError(message)
    api.include_operations(router, prefix=prefix)


def _describe(api: FastAPI) -> None:
    """Add what FastAPI does not know to the OpenAPI document, once."""
    generate = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = generate()
            components = document.setdefault("components", {})
            schemas = components.setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            # Replaced by Problem everywhere.
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            components["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            }
        return api.openapi_schema or {}

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
