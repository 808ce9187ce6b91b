"""REST routes: one unit of work each, guarded before the body is read."""

import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from dishka import AsyncContainer
from dishka.exceptions import UnsupportedFactoryError
from dishka.integrations.fastapi import DishkaRoute
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter

from app.admission.budgets import Rate
from app.admission.limits import MOST_VALUES, SIGNED_IN_BODY_BYTES, STRANGER_BODY_BYTES, RouteLimits
from app.admission.quotas import Quotas
from app.core.actor import ANONYMOUS, Actor
from app.core.audit import REASON_LENGTH
from app.core.errors import (
    ModuleError,
    PermissionDenied,
    PreconditionFailed,
    ReauthenticationRequired,
    Unauthenticated,
)
from app.core.operations import Operation, authorise, password_change_required
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.ports import Authenticator, RequestKeys
from app.core.record_list import RecordList
from app.core.refusals import StrangerRefusals
from app.core.unit_of_work import UnitOfWork, open_unit
from app.http import idempotency, query, sent_files
from app.http.cookies import session_cookie
from app.http.origin import is_same_origin
from app.http.preconditions import (
    IF_MATCH,
    IF_NONE_MATCH,
    KNOWN_ANSWER,
    add_etag,
    has_version,
    unless_known,
    versions_in,
)
from app.http.problems import REAUTHENTICATE, Responses, problem, problems
from app.settings import Settings

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)
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


_ONCE = problem(
    409,
    "request.idempotency_key.in_use",
    "A request with this `Idempotency-Key` is being answered; try again in a moment.",
)


_WHOLE_NUMBER = re.compile(r"-?[0-9]+")


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


@dataclass(frozen=True, slots=True)
class _OwnLimits:
    max_body_bytes: int | None
    max_values: int
    per_user: Rate | None
    per_ip: Rate | None


_USUAL = _OwnLimits(None, MOST_VALUES, None, None)


def limited(
    *,
    max_body_bytes: int | None = None,
    max_values: int = MOST_VALUES,
    per_user: str = "",
    per_ip: str = "",
) -> Callable[[Endpoint], Endpoint]:
    """Say what an endpoint takes where that differs from what routes usually take.

    Args:
        max_body_bytes: Of a body; 64 KiB when not given, 4 KiB where nobody needs to sign in.
        max_values: Keys and items of a JSON body.
        per_user: How often one person may call it, like `10/minute`; such calls are not counted
            among the person's others.
        per_ip: The same for all who come from one address.
    """
    limits = _OwnLimits(
        max_body_bytes,
        max_values,
        Rate.parse(per_user) if per_user else None,
        Rate.parse(per_ip) if per_ip else None,
    )

    def decorate(endpoint: Endpoint) -> Endpoint:
        endpoint.__limits__ = limits  # type: ignore[attr-defined]  # read by OperationRoute
        return endpoint

    return decorate


def page_answer(page: RecordList[Any]) -> Response:
    """The answer of an endpoint that lists records."""
    return Response(page.page_bytes(), media_type="application/json")


def versioned(endpoint: Endpoint) -> Endpoint:
    """Say that an endpoint changes something that has a version, which `If-Match` may name.

    Its operation asks `UnitOfWork.expect` whether it is that one.
    """
    endpoint.__versioned__ = True  # type: ignore[attr-defined]  # read by OperationRoute
    return endpoint


def _limits_of(endpoint: Callable[..., Any], operation: Operation) -> RouteLimits:
    own: _OwnLimits = getattr(endpoint, "__limits__", _USUAL)
    usual = STRANGER_BODY_BYTES if operation.permission == PUBLIC else SIGNED_IN_BODY_BYTES
    return RouteLimits(own.max_body_bytes or usual, own.max_values, own.per_user, own.per_ip)


class OperationRoute(DishkaRoute):
    """A route that opens a unit of work, calls one operation, and commits before it answers."""

    is_for_programs = True
    """Whether callers may send `Idempotency-Key` and `If-None-Match`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        operation: Operation | None = getattr(endpoint, "__operation__", None)
        if operation is None:
            message = f"route {path}: {endpoint.__name__} does not say which operation it calls"
            raise ModuleError(message)
        self.operation = operation
        self.limits = _limits_of(endpoint, operation)
        guarded = operation.permission != PUBLIC
        options["responses"] = _refusals(operation) | (options.get("responses") or {})
        extra = dict(options.get("openapi_extra") or {})
        extra["x-permission"] = operation.permission
        if operation.recent_sign_in:
            extra["x-recent-sign-in"] = True
        extra["security"] = [{"bearer": []}] if guarded else []
        needs = _needs(operation)
        if needs:
            options["description"] = f"{(endpoint.__doc__ or '').strip()}\n\n{needs}"
        self.is_versioned = getattr(endpoint, "__versioned__", False)
        self.is_secret = getattr(endpoint, "__secret_answer__", False)
        methods = options.get("methods") or ()
        self.takes_key = self.is_for_programs and guarded and "POST" in methods
        is_file = HTTPStatus.OK in (options.get("responses") or {})
        is_read = "GET" in methods and not (operation.changes or is_file)
        self.tells_tag = self.is_for_programs and is_read
        read_here: type[BaseModel] | None = getattr(endpoint, "__query__", None)
        extra["parameters"] = [
            *extra.get("parameters", []),
            *self._headers(),
            *(query.documented(read_here) if read_here is not None else ()),
        ]
        options["responses"] = (
            (_ONCE if self.takes_key else {})
            | (KNOWN_ANSWER if self.tells_tag else {})
            | (problems(412) if self.is_versioned else {})
            | options["responses"]
        )
        self._files: Sequence[str] = getattr(endpoint, "__file__", ())
        extra |= sent_files.documented(self._files)
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)
        if self.body_field is not None or self._files:
            self.responses = problems(400, 408, 413, 415) | self.responses
            self.openapi_extra = {
                **(self.openapi_extra or {}),
                "x-max-body-bytes": self.limits.max_body_bytes,
            }
        self._parameters = dict(query.parameters_in(self.dependant))
        if read_here is not None:
            self._parameters |= query.parameters_of(read_here)
        self.tells_version = has_version(self.response_model)
        self.respond = self.get_route_handler()

    def _headers(self) -> Iterator[dict[str, Any]]:
        """The headers that it takes besides, for OpenAPI."""
        if self.takes_key:
            yield idempotency.PARAMETER
        if self.tells_tag:
            yield IF_NONE_MATCH
        if self.operation.changes:
            yield _REASON
        if self.is_versioned:
            yield IF_MATCH

    def get_route_handler(self) -> Handler:
        """FastAPI's handler inside a unit of work."""
        handle = self._without_input() or _with_stacks(super().get_route_handler())
        operation, limits = self.operation, self.limits

        async def answer(request: Request) -> Response:
            response = await handle(request)
            if self.tells_version or self.tells_tag:
                add_etag(response, tells_version=self.tells_version)
            known = request.headers.getlist("if-none-match") if self.tells_tag else []
            return unless_known(", ".join(known), response) if known else response

        async def in_unit_of_work(request: Request) -> Response:
            scope = request.scope
            container: AsyncContainer = request.app.state.container
            try:
                actor = await self.actor(request, container)
            except Unauthenticated as error:
                refusals = await container.get(StrangerRefusals)
                address = scope["atrium.context"].address
                refusals.count(address, operation.action, error.code)
                raise
            scope["atrium.actor"] = actor
            quotas: Quotas | None = scope.get("atrium.quotas")
            if quotas is not None and actor.user_id is not None:
                await quotas.charge_user(scope, actor.user_id, limits)
            async with open_unit(container, actor, scope["atrium.context"]) as unit:
                request.state.dishka_container = Services(unit)
                uow = unit.get_sync(UnitOfWork)
                await authorise(operation, uow)
                self._read_if_match(request, uow)
                if scope["query_string"]:
                    self._check_query(request)
                if self.body_field is not None or self._files:
                    sent_files.refuse_encoded(request)
                if self._files:
                    sent_files.refuse_other(request, self._files)
                key = idempotency.key_of(request) if self.takes_key else None
                if key is None:
                    response = await answer(request)
                    await uow.commit()
                else:
                    keys = await unit.get(RequestKeys)
                    response = await idempotency.answer_once(
                        request, keys, uow, key, answer, is_secret=self.is_secret
                    )
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

    def _read_if_match(self, request: Request, uow: UnitOfWork) -> None:
        """Note which versions the caller wants to change.

        Raises:
            Invalid: The header has not the form of one.
            PreconditionFailed: What the route changes has no version that could be one of them.
        """
        given = request.headers.getlist("if-match")
        if not given or not self.operation.changes or self.operation.permission == PUBLIC:
            return
        expected = versions_in(", ".join(given))
        if expected is None:
            return
        if not self.is_versioned:
            message = "What this changes has no version; leave out `If-Match`."
            raise PreconditionFailed("request.if_match.unversioned", message)
        uow.expected = expected

    def _check_query(self, request: Request) -> None:
        """Refuse what the route would not read.

        Raises:
            RequestValidationError: A parameter is unknown, given twice, or no whole number (such
                as `1_0` or ` 10`) where one is wanted.
        """
        given = [name for name, _ in request.query_params.multi_items()]
        wrong = {name: "unknown_parameter" for name in given if name not in self._parameters}
        wrong |= {
            name: "repeated_parameter"
            for name, annotation in self._parameters.items()
            if given.count(name) > 1 and not query.is_list(annotation)
        }
        wrong |= {
            name: "int_parsing"
            for name, value in request.query_params.items()
            if name in self._parameters
            and query.is_number(self._parameters[name])
            and not _WHOLE_NUMBER.fullmatch(value)
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
        authenticator: Authenticator = container.get_sync(Authenticator)
        return await authenticator.from_bearer(token)


class Services:
    """Makes what an endpoint asks for; nothing is awaited where nothing has to be."""

    def __init__(self, unit: AsyncContainer) -> None:
        self._unit = unit

    async def get(self, kind: Any, component: str) -> Any:
        """A service of the unit of work."""
        try:
            return self._unit.get_sync(kind, component)
        except UnsupportedFactoryError:
            # A module makes something by a coroutine.
            return await self._unit.get(kind, component)


def _refusals(operation: Operation) -> Responses:
    """What the gate may answer in the operation's place, for OpenAPI."""
    documented = problems(400, 401, 414, 422, 429, 431, 503)
    if operation.permission not in (PUBLIC, SIGNED_IN):
        words = str(PermissionDenied(operation.permission))
        documented |= problem(403, "permission.denied", words, permission=operation.permission)
    elif not operation.allowed_before_password_change and operation.permission != PUBLIC:
        refusal = password_change_required()
        documented |= problem(403, refusal.code, refusal.message)
    if operation.recent_sign_in:
        refused = ReauthenticationRequired()
        documented |= problem(401, refused.code, refused.message, reauthenticate=REAUTHENTICATE)
    return documented


def _needs(operation: Operation) -> str:
    """What a caller needs, in sentences."""
    sentences = []
    if operation.permission not in (PUBLIC, SIGNED_IN):
        sentences.append(f"Needs the permission `{operation.permission}`.")
    if operation.recent_sign_in:
        sentences.append(f"Needs a recent sign-in: `POST {REAUTHENTICATE}` renews it.")
    return " ".join(sentences)


def bearer_token(header: str) -> str:
    """The access token of an `Authorization` header; empty when it holds none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _with_stacks(handle: Handler) -> Handler:
    async def with_stacks(request: Request) -> Response:
        async with AsyncExitStack() as stack:
            request.scope.update(dict.fromkeys(_STACKS, stack))
            return await handle(request)

    return with_stacks


class ConsoleRoute(OperationRoute):
    """A route for the console's own forms: by cookie, and only from our own pages."""

    is_for_programs = False

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
