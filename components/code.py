"""Ids, codes and commands, in monospace."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Text, class_names

COPY_BUTTON = browser_module("copy_button.jsx")


class _CopyButton(rx.Component):
    library = COPY_BUTTON
    tag = "CopyButton"

    text: rx.Var[str]
    label: rx.Var[str]


def code(text: Text) -> rx.Component:
    """Show an id or a code within a sentence or a cell."""
    return rx.el.code(text, class_name="mono code")


def copyable(
    text: Text, *, label: Text = "Copy", secret: bool = False, wraps: bool = False
) -> rx.Component:
    """Show a text that people take elsewhere, with a button that copies it.

    Args:
        text: The id, the link, the key.
        label: The button's words.
        secret: Shown only once: drawn so that it is not overlooked.
        wraps: Show all of it, on several lines where one is too short.
    """
    return rx.el.span(
        rx.el.code(text, class_name="mono copyable-text"),
        _CopyButton.create(text=text, label=label),
        class_name=class_names(
            "copyable",
            "copyable-secret" if secret else None,
            "copyable-whole" if wraps else None,
        ),
    )


def code_block(text: Text, *, label: Text = "Copy") -> rx.Component:
    """Show several lines of code or a command, with a button that copies them.

    Args:
        text: The lines.
        label: The button's words.
    """
    return rx.el.div(
        rx.el.pre(
            rx.el.code(text, class_name="mono"),
            custom_attrs={"tabIndex": 0, "role": "region", "aria-label": "Code"},
        ),
        _CopyButton.create(text=text, label=label),
        class_name="code-block",
    )


def kbd(keys: Text) -> rx.Component:
    """Show a key to press."""
    return rx.el.kbd(keys, class_name="kbd")
