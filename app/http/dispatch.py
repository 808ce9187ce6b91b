"""Finds the operation that a request is for, and answers with nothing in between.

FastAPI declares, documents, parses and validates. What it does besides for each request, asking
one route after the other and passing five layers that do what our edge does, takes longer than
most operations. So the routes of operations are found in a table.
"""

import re
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from app.http.routing import OperationRoute


class Api(FastAPI):
    """FastAPI's application with a table of operations in front of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._fixed: dict[tuple[str, str], OperationRoute] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], OperationRoute]]] = {}

    def include_operations(self, router: APIRouter, *, prefix: str) -> None:
        """Include a router whose routes all are operations."""
        self.include_router(router, prefix=prefix)
        for route in router.routes:
            assert isinstance(route, OperationRoute)  # noqa: S101 - said above
            path = prefix + route.path
            for method in route.methods or ():
                if "{" in path:
                    pattern = compile_path(path)[0]
                    self._patterns.setdefault(method, []).append((pattern, route))
                else:
                    self._fixed[method, path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; FastAPI answers what is no operation."""
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        request = Request(scope, receive, send)
        unexpected = None
        try:
            response = await route.respond(request)
        except Exception as error:  # noqa: BLE001 - raised again below, when nobody expects it
            response, is_expected = await self._explain(request, error)
            unexpected = None if is_expected else error
        await response(scope, receive, send)
        if unexpected is not None:
            raise unexpected

    def _find(self, scope: Scope) -> OperationRoute | None:
        method, path = scope["method"], scope["path"]
        route = self._fixed.get((method, path))
        if route is not None:
            scope["path_params"] = {}
            return route
        for pattern, candidate in self._patterns.get(method, ()):
            found = pattern.match(path)
            if found:
                scope["path_params"] = found.groupdict()
                return candidate
        return None

    async def _explain(self, request: Request, error: Exception) -> tuple[Response, bool]:
        """The answer to an error, and whether it is one that is meant to happen."""
        kind = next(kind for kind in type(error).__mro__ if kind in self.exception_handlers)
        handle: Any = self.exception_handlers[kind]
        return await handle(request, error), kind is not Exception
