"""One line of text."""

from typing import Any, Literal

import reflex as rx

from components.values import Flag, Handler, Text, attributes, class_names


def text_input(
    name: str,
    *,
    value: Text | None = None,
    placeholder: Text | None = None,
    type: Literal["text", "email", "url", "tel", "number", "date", "search"] = "text",  # noqa: A002
    autocomplete: str | None = None,
    required: Flag = False,
    disabled: Flag = False,
    read_only: Flag = False,
    max_length: int | None = None,
    mono: bool = False,
    autofocus: bool = False,
    id: Text | None = None,  # noqa: A002 - the HTML word
    attrs: dict[str, Any] | None = None,
    on_change: Handler | None = None,
    on_blur: Handler | None = None,
) -> rx.Component:
    """Take one line; the browser keeps what is typed, so a slow server never eats a letter.

    Args:
        name: Field name in the form's data; also names the ids.
        value: What stands there at first.
        placeholder: An example, never the label.
        type: The browser's keyboard and checks.
        autocomplete: HTML autofill name such as `"username"`.
        required: The form is not sent without it.
        disabled: Cannot be used now.
        read_only: Can be read and copied.
        max_length: Longest text, in characters.
        mono: Monospace, for codes and slugs.
        autofocus: Where typing starts when the page or dialog opens; once per view.
        id: Another id, when the same name appears twice on a page.
        attrs: Further HTML attributes.
        on_change: Called with each keystroke's text; rarely needed.
        on_blur: Called with the text when the person leaves the field.
    """
    props: dict[str, Any] = {}
    if on_change is not None:
        props["on_change"] = on_change
    if on_blur is not None:
        props["on_blur"] = on_blur
    if value is not None:
        props["default_value"] = value
    if placeholder is not None:
        props["placeholder"] = placeholder
    if max_length is not None:
        props["max_length"] = max_length
    if autofocus:
        props["auto_focus"] = True
    return rx.el.input(
        type=type,
        name=name,
        required=required,
        disabled=disabled,
        read_only=read_only,
        class_name=class_names("input", "mono" if mono else None),
        custom_attrs=attributes(
            id=f"field-{name}" if id is None else id,
            autoComplete=autocomplete,
            data_autofocus="true" if autofocus else None,
            spellCheck="false" if mono else None,
            # As the first letter that is typed: Arabic and Hebrew begin at the right.
            dir=None if mono else "auto",
        )
        | (attrs or {}),
        **props,
    )


def email_input(name: str = "email", **options: Any) -> rx.Component:
    """Take an e-mail address; takes the options of `text_input`."""
    options.setdefault("autocomplete", "email")
    return text_input(name, type="email", **options)
