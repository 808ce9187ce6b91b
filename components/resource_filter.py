"""Conditions on the fields of any resource, which are known when the page runs."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler


class _ResourceFilter(rx.Component):
    library = browser_module("resource_filter.jsx")
    tag = "ResourceFilter"

    fields: rx.Var[list[dict[str, Any]]]
    conditions: rx.Var[dict[str, Any]]
    errors: rx.Var[dict[str, str]]
    found: rx.Var[dict[str, Any]]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]


def resource_filter(
    fields: rx.Var[list[dict[str, Any]]],
    *,
    conditions: rx.Var[dict[str, Any]],
    errors: rx.Var[dict[str, str]],
    found: rx.Var[dict[str, Any]],
    on_search: Handler,
) -> rx.Component:
    """Ask for conditions, joined by *all* and *any*; stands in a `form`.

    The form sends `filter`, how they are joined, and the values in fields `value-<key>`.

    Args:
        fields: `{"key", "title", "kind", "operators", …}` each, as fields describe themselves.
        conditions: The filter in force, `{"join", "parts"}`; a part is another such, or
            `{"field", "operator", "value"}`.
        errors: Messages by the name of a value's field.
        found: `{"for", "items"}`: the records that were found for a reference.
        on_search: Called with the name of a reference and what was typed.
    """
    return _ResourceFilter.create(
        fields=fields, conditions=conditions, errors=errors, found=found, on_search=on_search
    )
