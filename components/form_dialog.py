"""A short form in front of the page."""

from typing import Any

import reflex as rx

from components.button import button
from components.callout import callout
from components.form import form
from components.icon_button import icon_button
from components.modal import Modal, close_button
from components.values import Content, Flag, Handler, Number, Text


def form_dialog(
    title: Text,
    *fields: Content,
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    on_submit: Handler,
    on_close: Handler | None = None,
    submit_label: Text = "Save",
    sentence: Content | None = None,
    version: Text | Number = 0,
    errors: rx.Var[dict[str, str]] | None = None,
    error: Text = "",
    saving: Flag = False,
    wide: bool = False,
) -> rx.Component:
    """Create or change something small without leaving the page.

    A click beside it does not close it, so that nothing typed is lost.

    Args:
        title: *Invite user*.
        *fields: `form_field(…)` each.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        on_submit: Called with the form's dict; see `form`.
        on_close: Called on Escape, *Cancel* and the close button.
        submit_label: The verb.
        sentence: One sentence below the title.
        version: See `form`.
        errors: Messages by field name.
        error: Why it failed, when that is not the fault of one field.
        saving: The server is at it.
        wide: 720 instead of 480 px.
    """
    failed: Any = (
        rx.cond(error, callout(error, tone="danger", announce=True))
        if isinstance(error, rx.Var)
        else (callout(error, tone="danger", announce=True) if error else rx.fragment())
    )
    props: dict[str, Any] = {} if name is None else {"name": name}
    if on_close is not None:
        props["on_close"] = on_close
    return Modal.create(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h2(title, class_name="dialog-title"),
                    rx.el.p(sentence, class_name="dialog-sentence")
                    if sentence is not None
                    else rx.fragment(),
                ),
                icon_button("x", "Close", tooltip=None, attrs={"data-close-dialog": "true"}),
                class_name="dialog-header",
            ),
            form(
                rx.el.div(failed, *fields, class_name="dialog-body"),
                rx.el.div(
                    close_button(),
                    button(submit_label, variant="primary", type="submit", loading=saving),
                    class_name="dialog-footer",
                ),
                on_submit=on_submit,
                version=version,
                errors=errors,
                class_name="dialog-form",
            ),
            class_name="dialog-frame",
        ),
        open=open,
        kind="wide" if wide else "modal",
        dismissable=False,
        custom_attrs={"aria-label": title},
        **props,
    )
