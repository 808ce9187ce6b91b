"""What the REST application routes, and which permission guards it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from app.core.operations import Operation


@dataclass(frozen=True, slots=True)
class RestRoute:
    """One method of one path; `permission` is None for a route that names no operation."""

    method: str
    path: str
    permission: str | None
    kind: str


def rest_routes(api: FastAPI) -> list[RestRoute]:
    """Every route of the application, by path."""
    return sorted(_routes(api.routes), key=lambda route: (route.path, route.method))


def _routes(routes: Iterable[Any]) -> Iterator[RestRoute]:
    for route in routes:
        if hasattr(route, "effective_route_contexts"):
            # A router that was included; its routes carry their full path there.
            for context in route.effective_route_contexts():
                yield from _methods(context.original_route, context.path, context.methods)
        else:
            yield from _methods(route, route.path, getattr(route, "methods", None))


def _methods(route: Any, path: str, methods: Iterable[str] | None) -> Iterator[RestRoute]:
    operation: Operation | None = getattr(route, "operation", None)
    for method in methods or ["*"]:
        yield RestRoute(
            method, path, operation.permission if operation else None, type(route).__name__
        )
