"""On or off, in force at once."""

from typing import Any

import reflex as rx

from components.values import Flag, Handler, Text, attributes


def switch(
    name: str,
    label: Text,
    *,
    checked: Flag | None = None,
    default_checked: Flag = False,
    disabled: Flag = False,
    help: Text | None = None,  # noqa: A002 - the word people use
    hide_label: bool = False,
    id: Text | None = None,  # noqa: A002 - the HTML word
    on_change: Handler | None = None,
) -> rx.Component:
    """Turn something on or off that takes effect without *Save*; in a form use `checkbox`.

    Args:
        name: Field name; also names the id.
        label: What is on when it is on.
        checked: The state decides; give `on_change` too.
        default_checked: How it stands at first when the browser remembers.
        disabled: Cannot be used now.
        help: A second, quieter line.
        hide_label: Keep the label for assistive technology only.
        id: Another id, when the same name appears twice on a page.
        on_change: Called with the new yes or no.
    """
    props: dict[str, Any] = (
        {"default_checked": default_checked} if checked is None else {"checked": checked}
    )
    if on_change is not None:
        props["on_change"] = on_change
    elif checked is not None:
        props["read_only"] = True
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=name,
            disabled=disabled,
            class_name="switch",
            custom_attrs=attributes(id=f"field-{name}" if id is None else id, role="switch"),
            **props,
        ),
        rx.el.span(
            rx.el.span(label, class_name="choice-label"),
            rx.el.span(help, class_name="choice-help") if help is not None else rx.fragment(),
            class_name="visually-hidden" if hide_label else "choice-text",
        ),
        class_name="choice",
    )
