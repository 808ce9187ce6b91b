"""A link that is made on request, shown once and kept nowhere."""

import reflex as rx

from components import code
from components.browser_module import browser_module
from components.icon_button import icon_button
from components.modal import Modal
from components.values import Content, Flag, Handler, Text

COPY_BUTTON = code.COPY_BUTTON
"""What the browser's part of this draws its button with."""


class _LinkMaker(rx.Component):
    library = browser_module("link_dialog.jsx")
    tag = "LinkMaker"

    action: rx.Var[str]
    option: rx.Var[str]
    option_label: rx.Var[str]
    submit_label: rx.Var[str]


def link_dialog(
    title: Text,
    *,
    sentence: Content,
    action: Text,
    option: str,
    option_label: Text,
    submit_label: Text = "Make link",
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    on_close: Handler,
) -> rx.Component:
    """Have the server make a link, and show it until the dialog is closed.

    It goes from the server to the screen and through no state, so that it is kept nowhere. The
    server answers `{"url": …, "expires_at": …}`, or problem+json with `detail`.

    Args:
        title: *Reset password*.
        sentence: Whom the link is for.
        action: Path that makes it.
        option: Field of the request that says yes or no to what `option_label` offers.
        option_label: What can be chosen beforehand; chosen unless somebody takes it away. Empty
            where there is no choice.
        submit_label: The verb.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        on_close: Called on Escape and by its buttons.
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
            _LinkMaker.create(
                action=action,
                option=option,
                option_label=option_label,
                submit_label=submit_label,
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
