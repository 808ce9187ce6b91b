"""One of a few, all in view."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components.form_field import form_group
from components.values import Flag, Handler, Text


def radio_group(
    name: str,
    label: Text,
    options: Sequence[tuple[str, str] | tuple[str, str, str]],
    *,
    value: Text | None = None,
    help: Text | None = None,  # noqa: A002 - the word people use
    error: Text = "",
    disabled: Flag = False,
    on_change: Handler | None = None,
) -> rx.Component:
    """Choose one of two to five when the difference needs words.

    Args:
        name: Field name in the form's data.
        label: The question.
        options: `(value, words)` or `(value, words, one quieter line)`.
        value: What is chosen; with `on_change` the state decides, else the browser remembers.
        help: What is worth knowing before answering.
        error: Message at the group; empty when all is well.
        disabled: Cannot be used now.
        on_change: Called with the chosen value.
    """

    def choice(option: tuple[str, ...]) -> rx.Component:
        props: dict[str, Any] = {}
        if value is not None:
            chosen = value == option[0]
            props["checked" if on_change is not None else "default_checked"] = chosen
        if on_change is not None:
            props["on_change"] = on_change
        return rx.el.label(
            rx.el.input(
                type="radio",
                name=name,
                value=option[0],
                disabled=disabled,
                class_name="radio",
                custom_attrs={"id": f"field-{name}-{option[0]}"},
                **props,
            ),
            rx.el.span(
                rx.el.span(option[1], class_name="choice-label"),
                rx.el.span(option[2], class_name="choice-help")
                if len(option) > 2  # noqa: PLR2004 - value, words, quieter line
                else rx.fragment(),
                class_name="choice-text",
            ),
            class_name="choice",
        )

    return form_group(
        label, *(choice(option) for option in options), name=name, help=help, error=error
    )
