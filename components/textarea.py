"""Several lines of text."""

from typing import Any

import reflex as rx

from components.values import Flag, Handler, Text, attributes, class_names


def textarea(
    name: str,
    *,
    value: Text | None = None,
    rows: int = 4,
    placeholder: Text | None = None,
    required: Flag = False,
    disabled: Flag = False,
    max_length: int | None = None,
    mono: bool = False,
    id: Text | None = None,  # noqa: A002 - the HTML word
    attrs: dict[str, Any] | None = None,
    on_blur: Handler | None = None,
) -> rx.Component:
    """Take several lines; grows with what is written where the browser can.

    Args:
        name: Field name in the form's data; also names the ids.
        value: What stands there at first.
        rows: Height in lines.
        placeholder: An example, never the label.
        required: The form is not sent without it.
        disabled: Cannot be used now.
        max_length: Longest text, in characters.
        mono: Monospace, for code and Markdown.
        id: Another id, when the same name appears twice on a page.
        attrs: Further HTML attributes.
        on_blur: Called with the text when the person leaves the field.
    """
    props: dict[str, Any] = {}
    if value is not None:
        props["default_value"] = value
    if placeholder is not None:
        props["placeholder"] = placeholder
    if max_length is not None:
        props["max_length"] = max_length
    if on_blur is not None:
        props["on_blur"] = on_blur
    return rx.el.textarea(
        name=name,
        rows=rows,
        required=required,
        disabled=disabled,
        class_name=class_names("input", "textarea", "mono" if mono else None),
        custom_attrs=attributes(
            id=f"field-{name}" if id is None else id, dir=None if mono else "auto"
        )
        | (attrs or {}),
        **props,
    )
