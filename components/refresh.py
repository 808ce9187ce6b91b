"""News while somebody looks at the page."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.icon import icon
from components.values import Handler, Number, Text


class _Refresh(rx.Component):
    library = browser_module("refresh.jsx")
    tag = "Refresh"

    seconds: rx.Var[int]
    on_refresh: rx.EventHandler[rx.event.no_args_event_spec]


def refresh(on_refresh: Handler, *, seconds: int = 30) -> rx.Component:
    """Ask for news again and again while the page is in view, and on coming back to it.

    It rests when nobody has moved for five minutes, so that an idle session can end.

    Args:
        on_refresh: Loads without showing that it loads.
        seconds: About how often.
    """
    return _Refresh.create(on_refresh=on_refresh, seconds=seconds)


def news(count: Number, *, one: Text, several: Text, most: int, on_show: Handler) -> rx.Component:
    """Say above a list that more has come, without moving what is being read; also aloud.

    Args:
        count: How many; nothing is shown for none.
        one: *new entry*.
        several: *new entries*.
        most: From here on it is only said that there are so many or more.
        on_show: Loads them.
    """
    number: Any = count
    more: Any = rx.cond(number >= most, "+ ", " ")
    words = rx.fragment(number, more, rx.cond(number == 1, one, several))
    return rx.el.div(
        rx.cond(
            number > 0,
            rx.el.button(
                icon("arrow_up", size="s"),
                words,
                type="button",
                class_name="button button-primary button-s",
                on_click=on_show,
            ),
        ),
        class_name="news",
        custom_attrs={"role": "status", "aria-live": "polite"},
    )
