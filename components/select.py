"""One of a few."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components.icon import icon
from components.values import Flag, Handler, Text, attributes

Options = Sequence[str | tuple[str, str]] | rx.Var[list[dict[str, str]]]


def _options(options: Options) -> list[Any]:
    if isinstance(options, rx.Var):
        return [rx.foreach(options, lambda each: rx.el.option(each["label"], value=each["value"]))]
    return [
        rx.el.option(each, value=each)
        if isinstance(each, str)
        else rx.el.option(each[1], value=each[0])
        for each in options
    ]


def select(
    name: str,
    options: Options,
    *,
    value: Text | None = None,
    placeholder: Text | None = None,
    required: Flag = False,
    disabled: Flag = False,
    label: Text | None = None,
    compact: bool = False,
    id: Text | None = None,  # noqa: A002 - the HTML word
    attrs: dict[str, Any] | None = None,
    on_change: Handler | None = None,
) -> rx.Component:
    """Choose one of up to about fifteen; the browser's own list, good on every device.

    Args:
        name: Field name in the form's data; also names the ids.
        options: Words, or pairs `(value, words)`, or a state list of `{"value", "label"}`.
        value: What is chosen; with `on_change` the state decides, else the browser remembers.
        placeholder: A first entry with an empty value.
        required: The form is not sent without it.
        disabled: Cannot be used now.
        label: Name for assistive technology where no `form_field` gives one.
        compact: 26 px high, for toolbars and footers.
        id: Another id, when the same name appears twice on a page.
        attrs: Further HTML attributes.
        on_change: Called with the chosen value.
    """
    props: dict[str, Any] = {}
    if on_change is not None:
        props["on_change"] = on_change
    if value is not None:
        props["value" if on_change is not None else "default_value"] = value
    return rx.el.div(
        rx.el.select(
            *([rx.el.option(placeholder, value="")] if placeholder is not None else []),
            *_options(options),
            name=name,
            required=required,
            disabled=disabled,
            class_name="input select-input",
            custom_attrs=attributes(id=f"field-{name}" if id is None else id, aria_label=label)
            | (attrs or {}),
            **props,
        ),
        icon("chevron_down", size="s", class_name="select-arrow"),
        class_name="select select-compact" if compact else "select",
    )
