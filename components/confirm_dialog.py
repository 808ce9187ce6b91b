"""The question before something is lost."""

from typing import Any, ClassVar

import reflex as rx

from components.browser_module import browser_module
from components.button import button
from components.form import form
from components.form_field import form_field
from components.icon import icon
from components.modal import Modal, close_button
from components.values import Content, Flag, Handler, Text


class _ExactInput(rx.Component):
    library = browser_module("confirm_dialog.jsx")
    tag = "ExactInput"
    is_field: ClassVar[bool] = True

    expected: rx.Var[str]
    complaint: rx.Var[str]


def confirm_dialog(
    title: Text,
    consequence: Content,
    *details: Content,
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    on_confirm: Handler,
    on_close: Handler | None = None,
    confirm_label: Text,
    type_name: Text | None = None,
    danger: Flag = True,
    possible: Flag = True,
    working: Flag = False,
    error: Text = "",
) -> rx.Component:
    """Ask before what cannot be undone; for what can, act and offer *Undo* in the toast.

    Args:
        title: The question: *Delete role Editor?*
        consequence: What happens, in numbers: *3 users lose access to 12 posts.*
        *details: More to see before deciding, such as a list of what changes.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        on_confirm: Does it.
        on_close: Called on Escape and *Cancel*.
        confirm_label: The verb of the title: *Delete role*.
        type_name: A name to type first; only for what is irreversible.
        danger: Whether something is lost.
        possible: Whether there is anything to do; otherwise it can only be closed.
        working: The server is at it.
        error: Why it failed.
    """
    confirm = _either(
        danger,
        button(confirm_label, variant="danger", type="submit", loading=working),
        button(confirm_label, variant="primary", type="submit", loading=working),
    )
    typed: rx.Component = rx.fragment()
    if type_name is not None:
        typed = form_field(
            rx.el.span("Type ", rx.el.strong(type_name), " to confirm"),
            _ExactInput.create(
                expected=type_name,
                complaint="Type the name exactly as it is written above.",
                custom_attrs={"id": "field-confirm-name"},
            ),
        )
    failed: Any = (
        rx.cond(error, rx.el.p(error, class_name="field-error", custom_attrs={"role": "alert"}))
        if isinstance(error, rx.Var)
        else (
            rx.el.p(error, class_name="field-error", custom_attrs={"role": "alert"})
            if error
            else rx.fragment()
        )
    )
    props: dict[str, Any] = {} if name is None else {"name": name}
    if on_close is not None:
        props["on_close"] = on_close
    return Modal.create(
        rx.el.div(
            form(
                rx.el.div(
                    _either(
                        danger,
                        rx.el.div(
                            icon("triangle_alert", size="l"),
                            class_name="confirm-icon confirm-danger",
                        ),
                        rx.el.div(icon("circle_help", size="l"), class_name="confirm-icon"),
                    ),
                    rx.el.div(
                        rx.el.h2(title, class_name="dialog-title"),
                        rx.el.div(consequence, class_name="dialog-sentence"),
                        *details,
                        typed,
                        failed,
                        class_name="confirm-words",
                    ),
                    class_name="confirm-body",
                ),
                rx.el.div(
                    _either(
                        possible,
                        rx.fragment(close_button(), confirm),
                        close_button("Close"),
                    ),
                    class_name="dialog-footer",
                ),
                on_submit=_without_data(on_confirm),
                class_name="dialog-form",
            ),
            class_name="dialog-frame",
        ),
        open=open,
        kind="confirm",
        custom_attrs={"aria-label": title, "role": "alertdialog"},
        **props,
    )


def _either(flag: Flag, yes: rx.Component, no: rx.Component) -> Any:
    return rx.cond(flag, yes, no) if isinstance(flag, rx.Var) else (yes if flag else no)


def _without_data(handler: Handler) -> Any:
    """Let a handler that takes nothing follow a submit, which carries the form's data."""
    return lambda _data: handler
