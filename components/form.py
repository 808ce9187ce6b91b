"""A form that keeps what is typed, whatever the server does."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.button import button
from components.icon import icon
from components.values import Content, Flag, Handler, Number, Text


class Form(rx.Component):
    """The browser's half of `form`."""

    library = browser_module("form.jsx")
    tag = "Form"

    version: rx.Var[Any]
    discarded: rx.Var[str]
    errors: rx.Var[dict[str, Any]]
    keeps: rx.Var[bool]
    on_save: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, Any])]


def form(
    *content: Content,
    on_submit: Handler,
    version: Text | Number = 0,
    discarded: Text = "",
    errors: rx.Var[dict[str, str]] | None = None,
    keeps: bool = True,
    class_name: str = "form",
    label: Text | None = None,
) -> rx.Component:
    """Send fields to a Reflex event handler.

    The handler gets a dict by field name: text, a bool for a checkbox, a list for a
    `checkbox_list`. What is typed stays until it is saved: when `version` changes, the fields start
    anew from the values the state gives them, and what was typed and is not among these is put back
    over them. Leaving asks. Ctrl or ⌘ with Enter submits, with S all that was changed on the page.

    Args:
        *content: Fields, and a submit button or a `save_bar`.
        on_submit: Called with the dict.
        version: Change it when the record was loaded or saved, for example its `updated_at`.
        discarded: Change it, to another text each time, when what was typed is to be dropped.
        errors: Messages by field name; the focus goes to the first field that has one.
        keeps: Whether what is typed can be lost; not in a form that only asks a question.
        class_name: `"form"`, or another look.
        label: Name of the form for assistive technology.
    """
    props: dict[str, Any] = {} if errors is None else {"errors": errors}
    return Form.create(
        *content,
        version=version,
        discarded=discarded,
        keeps=keeps,
        on_save=on_submit,
        class_name=class_name,
        custom_attrs={"aria-label": label} if label is not None else {},
        **props,
    )


def version_field(version: Text | Number) -> rx.Component:
    """Have the version that a change is based on travel with it.

    So it is known also when the server has forgotten the tab; and when somebody else's change of
    the same field came to be shown meanwhile, the version from before it is sent.

    Args:
        version: Of the record that the fields show.
    """
    return rx.el.input(
        type="hidden",
        name="version",
        # As it is: as a JSON text, a version that is a text would stand in quotes.
        value=version if isinstance(version, rx.Var) else str(version),
        read_only=True,
        custom_attrs={"data-unsaved": "version"},
    )


def save_bar(*, saving: Flag = False, error: Text = "", label: Text = "Save") -> rx.Component:
    """Offer *Discard* and *Save* while the form around it has unsaved changes.

    Args:
        saving: The server is at it.
        error: Why it was not saved, when that is not the fault of one field.
        label: Words of the button.
    """
    return rx.el.div(
        rx.el.p(
            rx.cond(
                error,
                rx.el.span(icon("circle_alert", size="s"), error, class_name="save-bar-error"),
                "Unsaved changes",
            )
            if isinstance(error, rx.Var)
            else (error or "Unsaved changes"),
            class_name="save-bar-words",
            custom_attrs={"role": "status"},
        ),
        button("Discard", variant="ghost", type="reset"),
        button(label, variant="primary", type="submit", loading=saving),
        class_name="save-bar",
    )
