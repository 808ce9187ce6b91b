"""Everything by name: pages, records, actions."""

from typing import Any, NotRequired, TypedDict

import reflex as rx

from components.browser_module import browser_module
from components.values import Flag, Handler, Text


class Command(TypedDict):
    """One line of the palette."""

    id: str
    label: str
    group: NotRequired[str]
    """The heading it stands under: *Pages*, *Users*."""
    href: NotRequired[str]
    """Page it leads to; without one, `on_run` is called with the id."""
    opens: NotRequired[str]
    """Name of a dialog it opens."""
    presses: NotRequired[str]
    """Name of a button or menu item of the page, as its `command` says, that it presses."""
    detail: NotRequired[str]
    """A quieter text: the e-mail of a user."""
    mark: NotRequired[str]
    """A word of warning: *Suspended*."""
    keywords: NotRequired[str]
    """Other words people look for it by."""
    keys: NotRequired[str]
    """Keys that do the same: `g u`."""


class _CommandPalette(rx.Component):
    library = browser_module("command_palette.jsx")
    tag = "CommandPalette"

    commands: rx.Var[list[Any]]
    results: rx.Var[list[Any]]
    searching: rx.Var[bool]
    placeholder: rx.Var[str]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_run: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def command_palette(
    commands: Any,
    *,
    results: Any = None,
    searching: Flag = False,
    placeholder: Text = "Search pages, records and actions",
    on_search: Handler | None = None,
    on_run: Handler | None = None,
) -> rx.Component:
    """Find anything by name; opens with ⌘K or Ctrl K, or by `opens="palette"`.

    Args:
        commands: `Command` each, filtered in the browser while typing; `None` entries are skipped.
        results: `Command` each, found by the server for what was typed.
        searching: The server is looking.
        placeholder: Words in the field.
        on_search: Called with what was typed, 200 ms after the last letter.
        on_run: Called with the id of a chosen command that leads to no page.
    """
    props: dict[str, Any] = {}
    if results is not None:
        props["results"] = results
    if on_search is not None:
        props["on_search"] = on_search
    if on_run is not None:
        props["on_run"] = on_run
    return _CommandPalette.create(
        commands=commands, searching=searching, placeholder=placeholder, **props
    )
