"""Some of many, searchable: roles of a user, permissions of a role, tags of a post."""

from typing import Any, cast

import reflex as rx

from components.browser_module import browser_module
from components.checkbox import checkbox
from components.values import Flag, Text


class _FilterableList(rx.Component):
    library = browser_module("checkbox_list.jsx")
    tag = "FilterableList"

    label: rx.Var[str]
    placeholder: rx.Var[str]
    filterable: rx.Var[bool]


def checkbox_list(
    name: str,
    options: rx.Var[list[dict[str, Any]]] | list[dict[str, Any]],
    *,
    label: Text,
    filterable: Flag = True,
    placeholder: Text = "Filter…",
) -> rx.Component:
    """Choose any number; the form's data holds the list of chosen values under `name`.

    Args:
        name: Field name in the form's data.
        options: `{"value", "label", "help", "checked"}` each, in the order shown.
        label: Name of the list for assistive technology.
        filterable: Show a field that narrows the list while typing, without the server.
        placeholder: Words in that field.
    """

    def choice(option: rx.Var[dict[str, Any]]) -> rx.Component:
        return checkbox(
            name,
            cast("Text", option["label"].to(str)),
            value=option["value"].to(str),
            default_checked=option["checked"].to(bool),
            help=option["help"].to(str),
            id=f"field-{name}-" + option["value"].to(str),
        )

    return _FilterableList.create(
        rx.foreach(options, choice), label=label, placeholder=placeholder, filterable=filterable
    )
