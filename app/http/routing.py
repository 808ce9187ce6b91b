"""REST routes: one unit of work each, guarded before the body is read."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from dishka import AsyncContainer
from dishka.integrations.fastapi import DishkaRoute
from fastapi import Request, Response

from app.core.actor import ANONYMOUS, Actor, RequestContext
from app.core.errors import ModuleError, Unauthenticated
from app.core.operations import Operation, authorise
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.ports import Authenticator
from app.core.unit_of_work import UnitOfWork
from app.http.problems import problems

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def calls(operation: Callable[..., Any]) -> Callable[[Endpoint], Endpoint]:
    """Say which operation of which service an endpoint calls.

    The route is then guarded by that operation's permission before its input is
    even read, and the permission appears in OpenAPI and in the guard coverage.
    """
    described: Operation = operation.__operation__  # type: ignore[attr-defined]  # set by the gate

    def decorate(endpoint: Endpoint) -> Endpoint:
        endpoint.__operation__ = described  # type: ignore[attr-defined]  # read by OperationRoute
        return endpoint

    return decorate


class OperationRoute(DishkaRoute):
    """A route that opens a unit of work, calls one operation, and commits before it answers."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        operation: Operation | None = getattr(endpoint, "__operation__", None)
        if operation is None:
            message = f"route {path}: {endpoint.__name__} does not say which operation it calls"
            raise ModuleError(message)
        self.operation = operation
        guarded = operation.permission != PUBLIC
        documented = problems(400, 401, 403, 422) if guarded else problems(400, 401, 422, 429)
        options["responses"] = documented | (options.get("responses") or {})
        extra = dict(options.get("openapi_extra") or {})
        extra["x-permission"] = operation.permission
        if guarded:
            extra["security"] = [{"bearer": []}]
        if operation.permission not in (PUBLIC, SIGNED_IN):
            described = (endpoint.__doc__ or "").strip()
            options["description"] = (
                f"{described}\n\nNeeds the permission `{operation.permission}`."
            )
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler inside a unit of work."""
        handle = super().get_route_handler()
        operation = self.operation

        async def in_unit_of_work(request: Request) -> Response:
            scope = request.scope
            container: AsyncContainer = request.app.state.container
            actor = await _actor(request, container)
            scope["atrium.actor"] = actor
            facts = {Actor: actor, RequestContext: scope["atrium.context"]}
            async with container(context=facts) as unit:
                request.state.dishka_container = unit
                uow = await unit.get(UnitOfWork)
                await authorise(operation, uow)
                response = await handle(request)
                await uow.commit()
            return response

        return in_unit_of_work


async def _actor(request: Request, container: AsyncContainer) -> Actor:
    header = request.headers.get("authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        code = "auth.scheme"
        raise Unauthenticated(code, "Send `Authorization: Bearer <access token>`.")
    authenticator: Authenticator = await container.get(Authenticator)
    return await authenticator.from_bearer(token.strip())
