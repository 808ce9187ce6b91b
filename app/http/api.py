"""The REST application: every module's router under `/api/v1`."""

from typing import Any

from dishka import AsyncContainer
from fastapi import APIRouter

from app.admission.gate import Admission
from app.admission.quotas import Quotas
from app.admission.refusal import App
from app.core.errors import ModuleError
from app.core.registry import Registry
from app.core.version import VERSION
from app.http import docs, health
from app.http.dispatch import Api
from app.http.openapi import DESCRIPTION, describe, operation_id
from app.http.problems import EXCEPTION_HANDLERS
from app.http.resources import console, rest
from app.http.routing import ConsoleRoute, OperationRoute
from app.settings import ServerSettings

PREFIX = "/api/v1"
_PATHS = ("/api/", "/session/")
_FILES = frozenset({"/healthz", "/ready", "/openapi.json", "/docs", "/api"})


def build_api(registry: Registry, container: AsyncContainer) -> Api:
    """Mount all routers and turn every error into a problem.

    Raises:
        ModuleError: A module's route does not say which operation it calls.
    """
    api = Api(
        title="Atrium",
        version=VERSION,
        description=DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/", "description": "Where this document comes from."}],
        generate_unique_id_function=operation_id,
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
        for service in module.services:
            _refuse_path_of_edge(service)
            _include(api, module.id, rest(service), OperationRoute, prefix=PREFIX)
            _include(api, module.id, console(service), ConsoleRoute, prefix="")
    describe(api)
    return api


def admit(app: App, api: Api, container: AsyncContainer, settings: ServerSettings) -> Admission:
    """Put the limits and budgets of the API's routes in front of an application.

    Args:
        app: The application, which answers with the API among others.
        api: The API.
        container: Makes the budgets.
        settings: The server's limits.
    """

    async def quotas() -> Quotas:
        return await container.get(Quotas)

    return Admission(
        app,
        limits_of=api.limits_of,
        quotas=quotas,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        is_file=lambda path: "." in path.rpartition("/")[2] and not is_api(path),
    )


def is_api(path: str) -> bool:
    """Whether the API answers at a path, with the console's own forms and what is open to all."""
    return path.startswith(_PATHS) or path in _FILES


def _refuse_path_of_edge(service: Any) -> None:
    """Refuse a resource whose pages would be asked for at the API."""
    meta = service.resource.meta
    if is_api(f"{meta.path}/"):
        message = f"resource {meta.name!r} has the path {meta.path!r}, where the API is; say path="
        raise ModuleError(message)


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
