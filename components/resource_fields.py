"""The fields of any resource, which are known when the page runs: to change, and to read."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler, Text

_MODULE = browser_module("resource_fields.jsx")


class _ResourceFields(rx.Component):
    library = _MODULE
    tag = "ResourceFields"

    fields: rx.Var[list[dict[str, Any]]]
    errors: rx.Var[dict[str, str]]
    prefix: rx.Var[str]
    found: rx.Var[dict[str, Any]]
    focuses: rx.Var[bool]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_create: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]


class _ResourceFacts(rx.Component):
    library = _MODULE
    tag = "ResourceFacts"

    facts: rx.Var[list[dict[str, Any]]]


def resource_fields(
    fields: rx.Var[list[dict[str, Any]]],
    *,
    errors: rx.Var[dict[str, str]],
    found: rx.Var[dict[str, Any]],
    on_search: Handler,
    on_create: Handler | None = None,
    prefix: Text = "",
    focuses: bool = False,
) -> rx.Component:
    """Ask for values by their types; stands in a `form`.

    Args:
        fields: `{"name", "title", "kind", "help", "required", "locked", "value", …}` each, as
            fields describe themselves.
        errors: Messages by field name.
        found: `{"for", "items", "creates", "made"}`: the records, `{"value", "label"}` each, that
            were found for a reference; whether another can be made; the one that was just made.
        on_search: Called with the name of a reference, after the prefix, and what was typed.
        on_create: Called likewise, to make a record of that name.
        prefix: Stands before the names in ids, where a page has the same field twice.
        focuses: Whether the first field takes the focus when a dialog opens.
    """
    return _ResourceFields.create(
        fields=fields,
        errors=errors,
        found=found,
        prefix=prefix,
        focuses=focuses,
        on_search=on_search,
        **({"on_create": on_create} if on_create is not None else {}),
    )


def resource_facts(facts: rx.Var[list[dict[str, Any]]]) -> rx.Component:
    """Show values by their types, as `description_list` does.

    Args:
        facts: `{"key", "title", "kind", "value", …}` each; the kind `id` is an identifier.
    """
    return _ResourceFacts.create(facts=facts)
