"""Finds the operation that a request is for, and answers with nothing in between.

FastAPI declares, documents, parses and validates. What it does besides for each request, asking
one route after the other and passing five layers that do what our edge does, takes longer than
most operations. So the routes of operations are found in a table.
"""

import re
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette._utils import AwaitableOrContextManager
from starlette.datastructures import FormData
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import Message, Receive, Scope, Send

from app.admission.json_body import read_json
from app.admission.limits import MOST_FORM_FIELDS, NO_ROUTE, RouteLimits
from app.http.routing import Handler, OperationRoute


class Api(FastAPI):
    """FastAPI's application with a table of operations in front of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._open: list[BaseRoute] = []
        self._fixed: dict[str, dict[str, OperationRoute]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str, OperationRoute]]] = {}

    def include_open(self, router: APIRouter) -> None:
        """Include a router whose routes call no operation."""
        self.include_router(router)
        self._open += router.routes

    def include_operations(self, router: APIRouter, *, prefix: str) -> None:
        """Include a router whose routes all are operations."""
        self.include_router(router, prefix=prefix)
        for route in router.routes:
            assert isinstance(route, OperationRoute)  # noqa: S101 - said above
            path = prefix + route.path
            for method in route.methods or ():
                if "{" in path:
                    pattern = compile_path(path)[0]
                    self._patterns.setdefault(method, []).append((pattern, path, route))
                else:
                    self._fixed.setdefault(path, {})[method] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; FastAPI answers what is no operation."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif scope["method"] == "HEAD":
            scope["method"] = "GET"
            scope["atrium.head"] = True
            try:
                await self._answer(scope, receive, _without_body(send))
            finally:
                scope["method"] = "HEAD"
        else:
            await self._answer(scope, receive, send)

    def route_of(self, path: str) -> str:
        """The route of an operation at a path, with the names of its parameters, or nothing."""
        if path in self._fixed:
            return path
        candidates = (each for found in self._patterns.values() for each in found)
        return next((name for pattern, name, _ in candidates if pattern.match(path)), "")

    def limits_of(self, scope: Scope) -> RouteLimits:
        """What the route of a request takes; where there is none, what strangers may send."""
        method = scope["method"]
        scope["method"] = "GET" if method == "HEAD" else method
        route = scope["atrium.operation_route"] = self._find(scope)
        scope["method"] = method
        return route.limits if route is not None else NO_ROUTE

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = "atrium.operation_route" in scope
        route = scope["atrium.operation_route"] if known else self._find(scope)
        allowed = [] if route else self._methods(scope["path"])
        if allowed:
            scope["atrium.route"] = self.route_of(scope["path"]) or scope["path"]
        is_question = scope["method"] == "OPTIONS" and bool(allowed)
        if route is None and not is_question and (not allowed or scope["method"] in allowed):
            await super().__call__(scope, receive, send)
            return
        if route is not None:
            scope["atrium.action"] = route.operation.action
        respond = route.respond if route else _without_operation(allowed)
        scope["app"] = self
        request = _Request(scope, receive, send)
        unexpected = None
        try:
            response = await respond(request)
        except Exception as error:  # noqa: BLE001 - raised again below, when nobody expects it
            response, is_expected = await self._explain(request, error)
            unexpected = None if is_expected else error
        await response(scope, receive, send)
        if unexpected is not None:
            raise unexpected

    def _find(self, scope: Scope) -> OperationRoute | None:
        method, path = scope["method"], scope["path"]
        fixed = self._fixed.get(path)
        if fixed is not None:
            scope["path_params"] = {}
            scope["atrium.route"] = path
            return fixed.get(method)
        for pattern, template, candidate in self._patterns.get(method, ()):
            found = pattern.match(path)
            if found:
                scope["path_params"] = found.groupdict()
                scope["atrium.route"] = template
                return candidate
        return None

    def _methods(self, path: str) -> list[str]:
        """The methods that a path takes; none when there is nothing at it."""
        methods = set(self._fixed.get(path, ())) or {
            method
            for method, candidates in self._patterns.items()
            if any(pattern.match(path) for pattern, _, _ in candidates)
        }
        for route in (*self.routes, *self._open):
            if isinstance(route, Route) and route.path == path:
                methods |= route.methods or set()
        if "GET" in methods:
            methods.add("HEAD")
        return sorted(methods | {"OPTIONS"}) if methods else []

    async def _explain(self, request: Request, error: Exception) -> tuple[Response, bool]:
        """The answer to an error, and whether it is one that is meant to happen."""
        kind = next(kind for kind in type(error).__mro__ if kind in self.exception_handlers)
        handle: Any = self.exception_handlers[kind]
        return await handle(request, error), kind is not Exception


class _Request(Request):
    """A request whose body is read within the limits of its route."""

    async def json(self) -> Any:
        """The body; see `read_json`."""
        return await read_json(await self.body(), self.scope.get("atrium.limits", NO_ROUTE))

    def form(
        self,
        *,
        max_files: float = 0,
        max_fields: float = MOST_FORM_FIELDS,
        max_part_size: int = NO_ROUTE.max_body_bytes,
    ) -> AwaitableOrContextManager[FormData]:
        """The fields of a form; a file is none."""
        return super().form(
            max_files=min(max_files, 0),
            max_fields=min(max_fields, MOST_FORM_FIELDS),
            max_part_size=min(max_part_size, NO_ROUTE.max_body_bytes),
        )


def _without_operation(allowed: list[str]) -> Handler:
    """Tells which methods there are: when asked, and when another one is tried."""
    headers = {"Allow": ", ".join(allowed)}

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        raise HTTPException(405, headers=headers)

    return answer


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        is_body = message["type"] == "http.response.body"
        await send({**message, "body": b""} if is_body else message)

    return send_head
