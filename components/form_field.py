"""Label, control, help and message, tied together for eyes and for assistive technology."""

from typing import Any

import reflex as rx

from components.icon import icon
from components.values import Flag, Text, attributes, class_names, yes_no


def _control(component: rx.Component) -> rx.Component | None:
    """Find the form control in what an input function returned."""
    if getattr(component, "tag", None) in {"input", "select", "textarea"} or getattr(
        component, "is_field", False
    ):
        return component
    for child in component.children:
        if isinstance(child, rx.Component) and (found := _control(child)):
            return found
    return None


def _message(identity: str, error: Text) -> rx.Component:
    return rx.el.div(
        rx.cond(
            error,
            rx.el.p(icon("circle_alert", size="s"), rx.el.span(error), class_name="field-error"),
        )
        if isinstance(error, rx.Var)
        else (
            rx.el.p(icon("circle_alert", size="s"), rx.el.span(error), class_name="field-error")
            if error
            else rx.fragment()
        ),
        custom_attrs={"id": f"{identity}-error", "aria-live": "polite"},
        class_name="field-message",
    )


def form_field(
    label: Text,
    control: rx.Component,
    *,
    help: Text | rx.Component | None = None,  # noqa: A002 - the word people use
    error: Text = "",
    required: Flag = False,
    optional: bool = False,
    action: rx.Component | None = None,
    hide_label: bool = False,
) -> rx.Component:
    """Ask for one value.

    Args:
        label: What is asked: *E-mail*.
        control: `text_input(…)`, `select(…)`, `textarea(…)` and so on; its name becomes the ids.
        help: What is worth knowing before answering.
        error: Message at the field; empty when all is well.
        required: Marks the control as required.
        optional: Adds the word *optional* to the label; prefer it over marking what is required.
        action: A link beside the label, such as *Forgot password?*.
        hide_label: Keep the label for assistive technology only.

    Raises:
        ValueError: The control holds no form control.
    """
    field = _control(control)
    if field is None:
        msg = f"form_field({label!r}) needs an input, a select or a textarea"
        raise ValueError(msg)
    identity = str(field.custom_attrs["id"])
    described_by = f"{identity}-help {identity}-error" if help else f"{identity}-error"
    extra: dict[str, Any] = attributes(
        aria_describedby=described_by,
        aria_invalid=yes_no(rx.cond(error, True, False))  # noqa: FBT003 - a Reflex conditional
        if isinstance(error, rx.Var)
        else ("true" if error else None),
        required=required if isinstance(required, rx.Var) or required else None,
    )
    field.custom_attrs = {**field.custom_attrs, **extra}
    return rx.el.div(
        rx.el.div(
            rx.el.label(
                label,
                rx.el.span(" optional", class_name="field-optional") if optional else None,
                html_for=identity,
                class_name=class_names("field-label", "visually-hidden" if hide_label else None),
            ),
            *([action] if action else []),
            class_name="field-heading",
        ),
        control,
        rx.el.div(help, class_name="field-help", custom_attrs={"id": f"{identity}-help"})
        if help
        else rx.fragment(),
        _message(identity, error),
        class_name="field",
    )


def form_group(
    label: Text,
    *controls: rx.Component,
    name: str,
    help: Text | rx.Component | None = None,  # noqa: A002 - the word people use
    error: Text = "",
) -> rx.Component:
    """Ask one question that has several controls: a radio group, a list of checkboxes.

    Args:
        label: The question.
        *controls: The controls.
        name: Names the group's ids.
        help: What is worth knowing before answering.
        error: Message at the group; empty when all is well.
    """
    identity = f"group-{name}"
    described_by = f"{identity}-help {identity}-error" if help else f"{identity}-error"
    return rx.el.fieldset(
        rx.el.legend(label, class_name="field-label"),
        rx.el.div(help, class_name="field-help", custom_attrs={"id": f"{identity}-help"})
        if help
        else rx.fragment(),
        rx.el.div(*controls, class_name="field-choices"),
        _message(identity, error),
        class_name="field",
        custom_attrs={"aria-describedby": described_by},
    )


def form_section(
    title: Text, *fields: rx.Component, description: Text | None = None
) -> rx.Component:
    """Group fields under a heading.

    Args:
        title: What the fields are about.
        *fields: `form_field`, `form_group`, or rows of them.
        description: One sentence.
    """
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title, class_name="section-title"),
            rx.el.p(description, class_name="section-description")
            if description is not None
            else rx.fragment(),
            class_name="form-section-heading",
        ),
        rx.el.div(*fields, class_name="form-section-fields"),
        class_name="form-section",
    )


def form_row(*fields: rx.Component) -> rx.Component:
    """Put short fields side by side; below each other on a phone."""
    return rx.el.div(*fields, class_name="form-row")


def form_actions(*actions: rx.Component) -> rx.Component:
    """Put the buttons at the end of a form, primary first."""
    return rx.el.div(*actions, class_name="form-actions")
