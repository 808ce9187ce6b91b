"""What every module has to keep. `problems(module, package)` is empty for one that does.

def test_conforms() -> None:
assert conformance.problems(shop.module.module, "shop") == []
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from app.core.module import Module
from app.core.operations import Operation, Service, operations_of
from app.core.permissions import PUBLIC, SIGNED_IN, is_permission
from app.core.registry import Registry


@dataclass(frozen=True, slots=True)
class RestRoute:
    """One method of one path; `permission` is None for a route that names no operation."""

    method: str
    path: str
    permission: str | None
    kind: str


def services_in(package: str) -> list[type[Service]]:
    """The services that a package and its modules define, by name."""
    found: set[type[Service]] = set()
    for name in _modules_of(package):
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Service) and value is not Service:
                found.add(value)
    mine = (service for service in found if f"{service.__module__}.".startswith(f"{package}."))
    return sorted(mine, key=lambda service: service.__qualname__)


def operations_in(package: str) -> dict[str, Operation | None]:
    """Public methods of its services, e.g. `UserService.create`; None passed no gate."""
    return {
        f"{service.__qualname__}.{name}": operation
        for service in services_in(package)
        for name, operation in operations_of(service).items()
    }


def rest_routes(api: FastAPI) -> list[RestRoute]:
    """Every route of the application, by path."""
    return sorted(_routes(api.routes), key=lambda route: (route.path, route.method))


def problems(module: Module, package: str, registry: Registry | None = None) -> list[str]:
    """What a module does not keep, in sentences.

    Args:
        module: The module.
        package: The package it lives in; all its files are imported.
        registry: What is installed besides, when the module uses others' permissions.
    """
    own = {str(name) for enumeration in module.permissions for name in enumeration}
    declared = own | {str(name) for name in registry.permissions} if registry else own
    operations = operations_in(package)
    gated = {name: operation for name, operation in operations.items() if operation is not None}
    found = [f"{name} passes no gate" for name, operation in operations.items() if not operation]
    for name, operation in gated.items():
        if operation.permission not in (declared | {PUBLIC, SIGNED_IN}):
            found.append(f"{name} needs {operation.permission}, which no module declares")
        if not is_permission(operation.action):
            found.append(f"{name} is recorded as {operation.action!r}, which is no action")
    used = {operation.permission for operation in gated.values()}
    used |= {str(name) for name in module.asked}
    used |= {page.permission for page in module.pages} | {item.permission for item in module.nav}
    found += [f"the permission {name} opens nothing" for name in sorted(own - used)]
    for router in (module.router, module.console_router):
        for route in router.routes if router is not None else ():
            if getattr(route, "operation", None) not in gated.values():
                found.append(f"the route {getattr(route, 'path', route)} calls no operation")
    return found


def _modules_of(package: str) -> Iterator[str]:
    yield package
    root = importlib.import_module(package)
    for item in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}."):
        yield item.name


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
