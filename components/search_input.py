"""A search field that never loses a letter."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler, Text


class _SearchInput(rx.Component):
    library = browser_module("search_input.jsx")
    tag = "SearchInput"

    value: rx.Var[str]
    label: rx.Var[str]
    placeholder: rx.Var[str]
    shortcut: rx.Var[str]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def search_input(
    value: Text,
    *,
    on_search: Handler,
    label: Text = "Search",
    placeholder: Text = "Search",
    shortcut: str = "/",
) -> rx.Component:
    """Search while typing; focus and caret stay, whatever the server sends.

    Args:
        value: What the state searches for now.
        on_search: Called with the text as soon as typing pauses, at once on Enter.
        label: Name for assistive technology: *Search users*.
        placeholder: Words in the empty field.
        shortcut: Key that leads here; empty for a second search on the page.
    """
    return _SearchInput.create(
        value=value, label=label, placeholder=placeholder, shortcut=shortcut, on_search=on_search
    )
