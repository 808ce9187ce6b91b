"""Finds the operation that a request is for, and answers with nothing in between.

FastAPI declares, documents, parses and validates. What it does besides for each request, asking
one route after the other and passing five layers that do what our edge does, takes longer than
most operations. So the routes of operations are found in a table.
"""

import json
import re
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import Message, Receive, Scope, Send

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

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope)
        allowed = [] if route else self._methods(scope["path"])
        if route is None and (not allowed or scope["method"] in allowed):
            await super().__call__(scope, receive, send)
            return
        respond = route.respond if route else _refuse_method(allowed)
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
            return fixed.get(method)
        for pattern, _, candidate in self._patterns.get(method, ()):
            found = pattern.match(path)
            if found:
                scope["path_params"] = found.groupdict()
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
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)

    async def _explain(self, request: Request, error: Exception) -> tuple[Response, bool]:
        """The answer to an error, and whether it is one that is meant to happen."""
        kind = next(kind for kind in type(error).__mro__ if kind in self.exception_handlers)
        handle: Any = self.exception_handlers[kind]
        return await handle(request, error), kind is not Exception


class _Request(Request):
    """A request whose JSON says everything once."""

    async def json(self) -> Any:
        """The body.

        Raises:
            HTTPException: An object names a field twice; readers would disagree on which counts.
        """
        return json.loads(await self.body(), object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise HTTPException(400, "The body names a field twice in the same object.")
    return fields


def _refuse_method(allowed: list[str]) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})

    return refuse


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        is_body = message["type"] == "http.response.body"
        await send({**message, "body": b""} if is_body else message)

    return send_head
