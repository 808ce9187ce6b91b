"""The keyboard: one listener, and the dialog that explains it."""

from collections.abc import Mapping, Sequence

import reflex as rx

from components.modal import modal
from components.values import Text

GENERAL: Sequence[tuple[str, str]] = (
    ("⌘ K / Ctrl K", "Find a page, a record or an action"),
    ("/", "Search this list"),
    ("n", "New, where the page offers it"),
    ("?", "This help"),
    ("Esc", "Close what is on top"),
)
LISTS: Sequence[tuple[str, str]] = (
    ("j", "Next row"),
    ("k", "Previous row"),
    ("x", "Select the row"),
    ("Enter", "Open the row"),
    ("Esc", "Clear the selection"),
)


class _Shortcuts(rx.Component):
    library = rx.asset("shortcuts.jsx", shared=True).importable_path
    tag = "Shortcuts"

    go: rx.Var[dict[str, str]]


def shortcuts(go: Mapping[str, str] | None = None) -> rx.Component:
    """Listen to the keys; the shell has one already.

    A button or link with `shortcut="n"` is pressed by that key, a field with `data-shortcut="/"` is
    focused by it. Nothing happens while somebody types or a dialog is open.

    Args:
        go: Path by the letter that follows `g`, for example `{"u": "/users"}`.
    """
    return _Shortcuts.create(go=dict(go or {}))


def _keys(title: Text, lines: Sequence[tuple[str, Text]]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(title, class_name="keys-title"),
        rx.el.dl(
            *(
                rx.el.div(
                    rx.el.dt(words),
                    rx.el.dd(
                        *(
                            rx.el.kbd(part, class_name="kbd") if part != "/" else rx.el.span("or")
                            for part in _parts(keys)
                        )
                    ),
                )
                for keys, words in lines
            ),
            class_name="keys",
        ),
    )


def _parts(keys: str) -> list[str]:
    return keys.split(" ") if len(keys) > 1 else [keys + " "]


def keyboard_help(go: Sequence[tuple[str, Text]] = ()) -> rx.Component:
    """Explain the keys in a dialog named `keyboard-help`, opened by `?`.

    Args:
        go: `(letter, page's name)` of the pages that `g` leads to.
    """
    return modal(
        "Keyboard",
        rx.el.div(
            _keys("Everywhere", GENERAL),
            _keys("In lists", LISTS),
            _keys("Go to", [(f"g {letter}", words) for letter, words in go])
            if go
            else rx.fragment(),
            class_name="keys-columns",
        ),
        name="keyboard-help",
        wide=True,
    )
