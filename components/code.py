"""Ids, codes and commands, in monospace."""

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _CopyButton(rx.Component):
    library = browser_module("copy_button.jsx")
    tag = "CopyButton"

    text: rx.Var[str]
    label: rx.Var[str]


def code(text: Text) -> rx.Component:
    """Show an id or a code within a sentence or a cell."""
    return rx.el.code(text, class_name="mono code")


def copyable(text: Text, *, label: Text = "Copy", secret: bool = False) -> rx.Component:
    """Show a text that people take elsewhere, with a button that copies it.

    Args:
        text: The id, the link, the key.
        label: The button's words.
        secret: Shown only once: drawn so that it is not overlooked.
    """
    return rx.el.span(
        rx.el.code(text, class_name="mono copyable-text"),
        _CopyButton.create(text=text, label=label),
        class_name="copyable copyable-secret" if secret else "copyable",
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
