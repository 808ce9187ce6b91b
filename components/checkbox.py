"""Yes or no, beside its words."""

from typing import Any, ClassVar

import reflex as rx

from components.browser_module import browser_module
from components.values import Flag, Handler, Text, attributes

BROWSER_MODULE = browser_module("checkbox.jsx")


class _Checkbox(rx.Component):
    library = BROWSER_MODULE
    tag = "Checkbox"
    is_field: ClassVar[bool] = True

    name: rx.Var[str]
    value: rx.Var[str]
    checked: rx.Var[bool]
    default_checked: rx.Var[bool]
    indeterminate: rx.Var[bool]
    disabled: rx.Var[bool]
    required: rx.Var[bool]
    on_toggle: rx.EventHandler[rx.event.passthrough_event_spec(bool)]


def checkbox_box(
    label: Text,
    *,
    checked: Flag,
    indeterminate: Flag = False,
    disabled: Flag = False,
    on_toggle: Handler,
) -> rx.Component:
    """Draw only the box, as for *select all*; the words are read aloud.

    Args:
        label: What the box says to assistive technology.
        checked: Whether it is checked.
        indeterminate: Some but not all of what it stands for.
        disabled: Cannot be used now.
        on_toggle: Called with the new yes or no.
    """
    return _Checkbox.create(
        checked=checked,
        indeterminate=indeterminate,
        disabled=disabled,
        on_toggle=on_toggle,
        class_name="checkbox",
        custom_attrs={"aria-label": label},
    )


def checkbox(
    name: str,
    label: Text,
    *,
    value: Text = "true",
    checked: Flag | None = None,
    default_checked: Flag = False,
    indeterminate: Flag = False,
    disabled: Flag = False,
    required: Flag = False,
    help: Text | None = None,  # noqa: A002 - the word people use
    id: Text | None = None,  # noqa: A002 - the HTML word
    on_toggle: Handler | None = None,
) -> rx.Component:
    """Agree to something, or pick it from a list.

    Args:
        name: Field name in the form's data.
        label: What being checked means.
        value: What the form sends when it is checked.
        checked: The state decides; give `on_toggle` too.
        default_checked: How it stands at first when the browser remembers.
        indeterminate: Some but not all of what it stands for.
        disabled: Cannot be used now.
        required: The form is not sent without it.
        help: A second, quieter line.
        id: Another id, when the same name appears twice on a page.
        on_toggle: Called with the new yes or no.
    """
    props: dict[str, Any] = (
        {"default_checked": default_checked} if checked is None else {"checked": checked}
    )
    if on_toggle is not None:
        props["on_toggle"] = on_toggle
    return rx.el.label(
        _Checkbox.create(
            name=name,
            value=value,
            indeterminate=indeterminate,
            disabled=disabled,
            required=required,
            class_name="checkbox",
            custom_attrs=attributes(id=f"field-{name}" if id is None else id),
            **props,
        ),
        rx.el.span(
            rx.el.span(label, class_name="choice-label"),
            rx.el.span(help, class_name="choice-help") if help is not None else rx.fragment(),
            class_name="choice-text",
        ),
        class_name="choice",
    )
