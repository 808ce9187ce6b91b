"""A short form in front of the page whose fields go past the state: for passwords."""

import reflex as rx

from components.button import button
from components.icon_button import icon_button
from components.modal import Modal, close_button
from components.post_form import PostForm
from components.values import Content, Flag, Handler, Text


def post_dialog(
    title: Text,
    *fields: Content,
    sentence: Content,
    action: Text,
    submit_label: Text,
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    on_done: Handler,
    on_close: Handler,
) -> rx.Component:
    """Ask for something that no event and no state may carry; as `form_dialog` otherwise.

    Args:
        title: *Confirm it is you*.
        *fields: `form_field(…)` each.
        sentence: One sentence below the title.
        action: Path that receives the form. It answers 204, or problem+json with `detail` and
            perhaps `fields`.
        submit_label: The verb.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        on_done: Called when the server has taken it.
        on_close: Called on Escape, *Cancel* and the close button.
    """
    return Modal.create(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h2(title, class_name="dialog-title"),
                    rx.el.p(sentence, class_name="dialog-sentence"),
                ),
                icon_button("x", "Close", tooltip=None, attrs={"data-close-dialog": "true"}),
                class_name="dialog-header",
            ),
            PostForm.create(
                rx.el.div(*fields, class_name="dialog-body"),
                rx.el.div(
                    close_button(),
                    button(submit_label, variant="primary", type="submit"),
                    class_name="dialog-footer",
                ),
                action=action,
                label=title,
                class_name="dialog-form",
                on_done=on_done,
            ),
            class_name="dialog-frame",
        ),
        open=open,
        kind="modal",
        dismissable=False,
        on_close=on_close,
        custom_attrs={"aria-label": title},
        **({} if name is None else {"name": name}),
    )
