"""The REST application: every module's router under `/api/v1`."""

from typing import Any

from dishka import AsyncContainer
from fastapi import APIRouter, FastAPI

from app.core.errors import ModuleError
from app.core.registry import Registry
from app.http import docs, health
from app.http.dispatch import Api
from app.http.problems import EXCEPTION_HANDLERS, Problem
from app.http.routing import ConsoleRoute, OperationRoute

PREFIX = "/api/v1"
VERSION = "1.0.0"
_DESCRIPTION = """
Everything the console does, for programs.

Sign in at `/api/v1/auth/login` and send the access token as
`Authorization: Bearer …`. Errors are RFC 9457 problems with a stable `code`.
Lists give `next_cursor`; pass it as `cursor` for the next page.
"""


def build_api(registry: Registry, container: AsyncContainer) -> FastAPI:
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
