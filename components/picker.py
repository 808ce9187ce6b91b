"""Filter by some of many: a button, and behind it a list to search."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.icon import icon
from components.menu import popover
from components.values import Flag, Handler, Text


class _Picker(rx.Component):
    library = browser_module("picker.jsx")
    tag = "Picker"

    label: rx.Var[str]
    options: rx.Var[list[Any]]
    value: rx.Var[str]
    multiple: rx.Var[bool]
    placeholder: rx.Var[str]
    any_label: rx.Var[str]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def filter_button(label: Text, *, active: Flag, **props: Any) -> rx.Component:
    """The button that a filter stands behind; a dot says that it is in force."""
    return rx.el.button(
        rx.el.span(label),
        rx.cond(active, rx.el.span(class_name="filter-dot"), rx.fragment()),
        icon("chevron_down", size="xs"),
        type="button",
        class_name="button button-secondary button-filter",
        custom_attrs={"data-active": rx.cond(active, "true", "false")},
        **props,
    )


def filter_picker(
    label: Text,
    options: rx.Var[list[dict[str, str]]] | Sequence[dict[str, str]],
    *,
    value: rx.Var[str],
    on_change: Callable[..., Handler] | Handler,
    on_search: Callable[..., Handler] | Handler | None = None,
    multiple: bool = False,
    placeholder: Text = "Search",
    any_label: Text = "Any",
) -> rx.Component:
    """Filter by one field with many values.

    Args:
        label: The field: *Action*.
        options: `{"value", "label", "detail", "group"}` each, those of one group together; the last
            two may be empty.
        value: What is chosen; several are separated by commas; empty for any.
        on_change: Called with what is chosen then.
        on_search: Called with the text 200 ms after the last letter, when the server looks for the
            options; else the browser looks through all of them.
        multiple: Whether several can be chosen.
        placeholder: Words in the empty field.
        any_label: Words of the choice that filters nothing.
    """
    props: dict[str, Any] = {} if on_search is None else {"on_search": on_search}
    picker = _Picker.create(
        label=label,
        options=options if isinstance(options, rx.Var) else list(options),
        value=value,
        multiple=multiple,
        placeholder=placeholder,
        any_label=any_label,
        on_change=on_change,
        **props,
    )
    return popover(picker, label=label, trigger=filter_button(label, active=value != ""))
