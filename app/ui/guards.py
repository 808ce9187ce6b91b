"""Every way in, and what guards it: REST routes, event handlers and pages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reflex_base.registry import RegistrationContext

from app.core.operations import operations_in
from app.core.permissions import resource_of
from app.core.registry import Registry
from app.http.coverage import RestRoute
from app.ui.handlers import permission_of

OPEN_PATHS = frozenset({"/docs", "/healthz", "/openapi.json", "/ready"})
"""Routes without an operation: they show nothing of anybody."""
_FRAMEWORK = ("reflex", "reflex_base")


@dataclass(frozen=True, slots=True)
class Guard:
    """One way in.

    Attributes:
        kind: `route`, `handler` or `page`.
        name: What it is called.
        permission: Who may; empty when nothing guards it.
        rules: Titles of the row rules that a grant of the permission can have.
    """

    kind: str
    name: str
    permission: str
    rules: tuple[str, ...] = ()


def guards(registry: Registry, routes: Iterable[RestRoute]) -> list[Guard]:
    """All ways in, but for the open paths and for Reflex's own handlers, which the guard refuses.

    Args:
        registry: What is installed.
        routes: What the REST application routes.
    """
    ways = [
        *(
            ("route", f"{route.method} {route.path}", route.permission or "")
            for route in routes
            if route.path not in OPEN_PATHS
        ),
        *(("handler", name, permission) for name, permission in _handlers()),
        *(("page", page.route, page.permission) for page in registry.pages),
    ]
    return [Guard(kind, name, name_of, _rules(registry, name_of)) for kind, name, name_of in ways]


def unguarded(registry: Registry, routes: Iterable[RestRoute]) -> list[str]:
    """What nothing guards, in words; empty when all is well.

    Args:
        registry: What is installed.
        routes: What the REST application routes.
    """
    gates = {
        name: gate
        for package in sorted(registry.packages)
        for name, gate in operations_in(package).items()
    }
    return [
        *(f"{each.kind} {each.name}" for each in guards(registry, routes) if not each.permission),
        *(f"operation {name}" for name, gate in gates.items() if gate is None),
    ]


def _handlers() -> Iterator[tuple[str, str]]:
    for name, registered in sorted(RegistrationContext.get().event_handlers.items()):
        function = registered.handler.fn
        permission = permission_of(function)
        if permission is None and function.__module__.partition(".")[0] in _FRAMEWORK:
            continue
        state, _, method = name.rpartition(".")
        yield f"{state.rpartition('____')[2]}.{method}", permission or ""


def _rules(registry: Registry, permission: str) -> tuple[str, ...]:
    return tuple(rule.title for rule in registry.resource(resource_of(permission)).rules)
