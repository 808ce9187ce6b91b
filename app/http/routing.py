"""REST routes: one unit of work each, guarded before the body is read."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any, TypeVar, get_args, get_origin

from dishka import AsyncContainer
from dishka.integrations.fastapi import DishkaRoute
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter

from app.core.actor import ANONYMOUS, Actor, RequestContext
from app.core.audit import REASON_LENGTH
from app.core.errors import ModuleError, PermissionDenied, Unauthenticated
from app.core.operations import Operation, authorise
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.ports import Authenticator
from app.core.unit_of_work import UnitOfWork
from app.http.cookies import session_cookie
from app.http.origin import is_same_origin
from app.http.problems import problem, problems
from app.settings import Settings

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# Where FastAPI looks for what it has to close at the end.
_STACKS = ("fastapi_middleware_astack", "fastapi_inner_astack", "fastapi_function_astack")


_REASON = {
    "name": "X-Audit-Reason",
    "in": "header",
    "required": False,
    "description": "Why it is done, for the audit trail.",
    "schema": {"type": "string", "maxLength": REASON_LENGTH},
}


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

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        operation: Operation | None = getattr(endpoint, "__operation__", None)
        if operation is None:
            message = f"route {path}: {endpoint.__name__} does not say which operation it calls"
            raise ModuleError(message)
        self.operation = operation
        guarded = operation.permission != PUBLIC
        documented = problems(401, 422, 431, 503)
        if operation.permission not in (PUBLIC, SIGNED_IN):
            words = str(PermissionDenied(operation.permission))
            documented |= problem(403, "permission.denied", words, permission=operation.permission)
        elif not operation.allowed_before_password_change and guarded:
            words = "Change your password first."
            documented |= problem(403, "auth.password.change_required", words)
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
        if operation.changes:
            extra["parameters"] = [*extra.get("parameters", []), _REASON]
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)
        if self.body_field is not None:
            self.responses = problems(400, 413, 415) | self.responses
        self._parameters = dict(_query_parameters(self.dependant))
        self.respond = self.get_route_handler()

    def get_route_handler(self) -> Handler:
        """FastAPI's handler inside a unit of work."""
        handle = self._without_input() or _with_stacks(super().get_route_handler())
        operation = self.operation

        async def in_unit_of_work(request: Request) -> Response:
            scope = request.scope
            container: AsyncContainer = request.app.state.container
            actor = await self.actor(request, container)
            scope["atrium.actor"] = actor
            facts = {Actor: actor, RequestContext: scope["atrium.context"]}
            async with container(context=facts) as unit:
                request.state.dishka_container = unit
                uow = await unit.get(UnitOfWork)
                await authorise(operation, uow)
                if scope["query_string"]:
                    self._check_query(request)
                response = await handle(request)
                await uow.commit()
            return response

        return in_unit_of_work

    def _without_input(self) -> Handler | None:
        """Calls the endpoint at once when there is nothing to parse; None when there is."""
        needs = self.dependant
        names = [
            *needs.path_params,
            *needs.query_params,
            *needs.header_params,
            *needs.cookie_params,
            *needs.body_params,
            *needs.dependencies,
            needs.response_param_name,
            needs.background_tasks_param_name,
        ]
        if any(names):
            return None
        call: Callable[..., Any] = self.endpoint
        # The container is found through the request, so dishka always asks for it.
        name = str(needs.request_param_name)
        status = self.status_code or 200
        write = TypeAdapter(self.response_model).dump_json if self.response_model else None

        async def handle(request: Request) -> Response:
            result = await call(**{name: request})
            if isinstance(result, Response):
                return result
            if write is None:
                return Response(status_code=status)
            return Response(write(result), status, media_type="application/json")

        return handle

    def _check_query(self, request: Request) -> None:
        """Refuse what the route would not read.

        Raises:
            RequestValidationError: A parameter is unknown, or given twice.
        """
        given = [name for name, _ in request.query_params.multi_items()]
        wrong = {name: "unknown_parameter" for name in given if name not in self._parameters}
        wrong |= {
            name: "repeated_parameter"
            for name, is_list in self._parameters.items()
            if given.count(name) > 1 and not is_list
        }
        if wrong:
            raise RequestValidationError(
                [{"type": kind, "loc": ("query", name)} for name, kind in wrong.items()]
            )

    async def actor(self, request: Request, container: AsyncContainer) -> Actor:
        """Who calls, by bearer token; the console's cookie counts for nothing here.

        Raises:
            Unauthenticated: There is a token and it is not valid.
        """
        header = request.headers.get("authorization")
        # Whoever signs in or refreshes often sends the expired token along.
        if header is None or self.operation.permission == PUBLIC:
            return ANONYMOUS
        token = bearer_token(header)
        if not token:
            code = "auth.scheme"
            raise Unauthenticated(code, "Send `Authorization: Bearer <access token>`.")
        authenticator: Authenticator = await container.get(Authenticator)
        return await authenticator.from_bearer(token)


def bearer_token(header: str) -> str:
    """The access token of an `Authorization` header; empty when it holds none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The names of a route's query parameters, and whether each may be given more than once."""
    for parameter in dependant.query_params:
        annotation = parameter.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, field in annotation.model_fields.items():
                yield field.alias or name, _is_list(field.annotation)
        else:
            yield parameter.alias, _is_list(annotation)
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (list, set, tuple) or any(map(_is_list, get_args(annotation)))


def _with_stacks(handle: Handler) -> Handler:
    async def with_stacks(request: Request) -> Response:
        async with AsyncExitStack() as stack:
            request.scope.update(dict.fromkeys(_STACKS, stack))
            return await handle(request)

    return with_stacks


class ConsoleRoute(OperationRoute):
    """A route for the console's own forms: by cookie, and only from our own pages."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options | {"include_in_schema": False})

    async def actor(self, request: Request, container: AsyncContainer) -> Actor:
        """Who calls, by session cookie.

        Raises:
            PermissionDenied: Another site's page sent the form.
        """
        settings = await container.get(Settings)
        if not is_same_origin(request.scope, settings.server):
            code = "request.cross_origin"
            message = "This form can only be sent from the console itself."
            raise PermissionDenied("", message, code=code)
        cookie = session_cookie(request.scope)
        authenticator = await container.get(Authenticator)
        actor = await authenticator.from_cookie(cookie) if cookie else None
        return actor or ANONYMOUS
