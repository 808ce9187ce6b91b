"""Everything that somebody can call or open from outside, and the permission that each needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from reflex_base.registry import RegistrationContext

import app.app as _console  # registers all states  # noqa: F401
from app.core.operations import operations_in
from app.core.registry import Registry
from app.http.coverage import rest_routes
from app.ui.handlers import permission_of

_HEAD = """\
# Entry points

All that can be called or opened from outside, and the permission that each needs; `public` and
`signed_in` are open to everybody and to everybody who is signed in. Made by `platformctl generate`:
a change of this file is a change of the platform's security.
"""


def entry_points(registry: Registry, api: FastAPI) -> Mapping[str, Mapping[str, str]]:
    """The entry points by kind, each with its permission.

    Args:
        registry: The console's pages.
        api: The REST routes and the console's own forms.
    """
    operations = operations_in("app.features")
    return {
        "Operations": {name: str(each.permission) for name, each in operations.items() if each},
        "Routes": {
            f"{route.method} {route.path}": route.permission
            for route in rest_routes(api)
            if route.permission is not None
        },
        "Console pages": {page.route: str(page.permission) for page in registry.pages},
        "Console handlers": dict(_handlers()),
    }


def page_of(found: Mapping[str, Mapping[str, str]]) -> str:
    """The entry points as a page of the documentation."""
    parts = [_HEAD]
    for kind, permissions in found.items():
        rows = [f"| `{name}` | `{permissions[name]}` |" for name in sorted(permissions)]
        parts.append("\n".join([f"## {kind}\n", f"| {kind} | Permission |", "|---|---|", *rows]))
    return "\n".join(parts[:1] + [f"{part}\n" for part in parts[1:]])


def read_page(text: str) -> dict[str, dict[str, str]]:
    """The entry points that a page made by `page_of` tells."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("## "):
            here = found.setdefault(line.removeprefix("## "), {})
        elif line.startswith("| `"):
            name, permission = line.strip("| ").replace("`", "").split(" | ")
            here[name] = permission
    return found


def short_name(handler: str) -> str:
    """`user_list.load` for a handler's name on the wire."""
    state, _, method = handler.rpartition(".")
    return f"{state.rpartition('____')[2]}.{method}"


def _handlers() -> Iterator[tuple[str, str]]:
    registered: Mapping[str, Any] = RegistrationContext.get().event_handlers
    for name, each in registered.items():
        permission = permission_of(each.handler.fn)
        if permission is not None:
            yield short_name(name), str(permission)
