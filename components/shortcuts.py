"""The keyboard: one listener, and the dialog that explains it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.modal import modal
from components.values import Flag, Text

GENERAL: Sequence[tuple[str, str]] = (
    ("Ctrl K", "Find a page, a record or an action"),
    ("/", "Search this list"),
    ("n", "New, where the page offers it"),
    ("z", "Undo, while a message offers it"),
    ("?", "This help"),
    ("Esc", "Close what is on top"),
)
LISTS: Sequence[tuple[str, str]] = (
    ("j", "Next row"),
    ("k", "Previous row"),
    ("x", "Select the row"),
    ("Enter", "Open the row"),
    ("Esc", "Clear the selection"),
    ("j", "Next entry, while one is open beside the list; k the one before"),
)


class _Shortcuts(rx.Component):
    library = browser_module("shortcuts.jsx")
    tag = "Shortcuts"

    go: rx.Var[list[Any]]


class _CommandKey(rx.Component):
    library = browser_module("shortcuts.jsx")
    tag = "CommandKey"


class _LettersSwitch(rx.Component):
    library = browser_module("shortcuts.jsx")
    tag = "LettersSwitch"


@dataclass(frozen=True)
class GoTo:
    """A page that `g` and a letter lead to."""

    letter: str
    label: str
    href: str
    visible: Flag = field(default=True, hash=False, compare=False)
    """Whether this person may open it."""


def command_key() -> rx.Component:
    """Name the key that opens the palette together with K: ⌘ on Apple's machines, else Ctrl."""
    return _CommandKey.create()


def shortcuts(go: Sequence[GoTo] = ()) -> rx.Component:
    """Listen to the keys; the shell has one already.

    A button or link with `shortcut="n"` is pressed by that key, a field with `data-shortcut="/"` is
    focused by it. Nothing happens while somebody types; while a dialog is open only what stands in
    it is pressed. An address that ends in `#` and an element's id puts the focus there as soon as
    it is drawn.

    Args:
        go: The pages that `g` leads to.
    """
    return _Shortcuts.create(
        go=[_shown(each, {"letter": each.letter, "href": each.href}, nothing=None) for each in go]
    )


def _shown(page: GoTo, what: Any, *, nothing: Any) -> Any:
    if isinstance(page.visible, rx.Var):
        return rx.cond(page.visible, what, nothing)
    return what if page.visible else nothing


def _keys(title: Text, lines: Sequence[rx.Component]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(title, class_name="keys-title"), rx.el.dl(*lines, class_name="keys")
    )


def _line(keys: str, words: Text) -> rx.Component:
    return rx.el.div(
        rx.el.dt(words),
        rx.el.dd(
            *(
                rx.el.kbd(command_key() if key == "Ctrl" else key, class_name="kbd")
                for key in keys.split(" ")
            )
        ),
    )


def keyboard_help(go: Sequence[GoTo] = ()) -> rx.Component:
    """Explain the keys in a dialog named `keyboard-help`, opened by `?`.

    Args:
        go: The pages that `g` leads to.
    """
    pages = [
        _shown(each, _line(f"g {each.letter}", each.label), nothing=rx.fragment()) for each in go
    ]
    return modal(
        "Keyboard",
        rx.el.div(
            _keys("Everywhere", [_line(*line) for line in GENERAL]),
            _keys("In lists", [_line(*line) for line in LISTS]),
            _keys("Go to", pages) if go else rx.fragment(),
            class_name="keys-columns",
        ),
        rx.el.label(
            _LettersSwitch.create(class_name="checkbox"),
            rx.el.span(
                rx.el.span("Single letters do something", class_name="choice-label"),
                rx.el.span(
                    "Turn them off if you speak to your computer or often press keys by accident. "
                    "This browser remembers it.",
                    class_name="choice-help",
                ),
                class_name="choice-text",
            ),
            class_name="choice",
        ),
        name="keyboard-help",
        wide=True,
    )
