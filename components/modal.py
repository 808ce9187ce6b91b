"""Dialogs in front of the page, and sheets at its side."""

from typing import Any, Literal

import reflex as rx

from components.browser_module import browser_module
from components.icon_button import icon_button
from components.values import Content, Flag, Handler, Text, attributes


class Modal(rx.Component):
    """A native `<dialog>`; use `modal` or `sheet`, which give it a head and a foot."""

    library = browser_module("modal.jsx")
    tag = "Modal"

    open: rx.Var[bool]
    name: rx.Var[str]
    kind: rx.Var[str]
    dismissable: rx.Var[bool]
    on_close: rx.EventHandler[rx.event.no_args_event_spec]


def _dialog(
    kind: str,
    title: Text,
    content: tuple[Content, ...],
    *,
    open: Flag,  # noqa: A002 - the HTML word
    name: str | None,
    sentence: Content | None,
    footer: tuple[rx.Component, ...],
    dismissable: bool,
    role: str | None,
    on_close: Handler | None,
) -> rx.Component:
    props: dict[str, Any] = {}
    if on_close is not None:
        props["on_close"] = on_close
    if name is not None:
        props["name"] = name
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
            rx.el.div(*content, class_name="dialog-body") if content else rx.fragment(),
            rx.el.div(*footer, class_name="dialog-footer") if footer else rx.fragment(),
            class_name="dialog-frame",
        ),
        open=open,
        kind=kind,
        dismissable=dismissable,
        custom_attrs=attributes(aria_label=title, role=role),
        **props,
    )


def modal(
    title: Text,
    *content: Content,
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    sentence: Content | None = None,
    footer: tuple[rx.Component, ...] = (),
    wide: bool = False,
    dismissable: bool = True,
    role: Literal["dialog", "alertdialog"] | None = None,
    on_close: Handler | None = None,
) -> rx.Component:
    """Ask for attention in front of the page; the whole screen on a phone.

    Args:
        title: What it is about.
        *content: The middle, which scrolls.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        sentence: One sentence below the title.
        footer: Buttons; mark the one that only closes with `close_button`.
        wide: 720 instead of 480 px.
        dismissable: Whether a click beside it closes it; `False` where something was typed.
        role: `alertdialog` for a question that interrupts.
        on_close: Called on Escape, the close button and a click beside it.
    """
    return _dialog(
        "wide" if wide else "modal",
        title,
        content,
        open=open,
        name=name,
        sentence=sentence,
        footer=footer,
        dismissable=dismissable,
        role=role,
        on_close=on_close,
    )


def sheet(
    title: Text,
    *content: Content,
    open: Flag = False,  # noqa: A002 - the HTML word
    name: str | None = None,
    sentence: Content | None = None,
    footer: tuple[rx.Component, ...] = (),
    side: Literal["left", "right"] = "right",
    dismissable: bool = True,
    on_close: Handler | None = None,
) -> rx.Component:
    """Show something at the side while the page stays in view.

    Args:
        title: What it is about.
        *content: The middle, which scrolls.
        open: Whether it is shown; the state decides.
        name: Lets `button(…, opens=name)` open it without the server.
        sentence: One sentence below the title.
        footer: Buttons.
        side: Where it stands.
        dismissable: Whether a click beside it closes it.
        on_close: Called on Escape, the close button and a click beside it.
    """
    return _dialog(
        f"sheet dialog-{side}",
        title,
        content,
        open=open,
        name=name,
        sentence=sentence,
        footer=footer,
        dismissable=dismissable,
        role=None,
        on_close=on_close,
    )


def close_button(label: Text = "Cancel") -> rx.Component:
    """Close the dialog it stands in; the dialog's `on_close` is called.

    Args:
        label: The button's words.
    """
    return rx.el.button(
        rx.el.span(label, class_name="button-label"),
        type="button",
        class_name="button button-secondary",
        custom_attrs={"data-close-dialog": "true"},
    )
