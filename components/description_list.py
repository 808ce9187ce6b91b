"""Facts about one thing."""

from collections.abc import Sequence

import reflex as rx

from components.values import Content, Flag, Text

Fact = tuple[Text, Content] | tuple[Text, Content, Flag]


def description_list(facts: Sequence[Fact]) -> rx.Component:
    """Show what is known of a record.

    Args:
        facts: `(name, value)` in order, or `(name, value, shown)`.
    """
    return rx.el.dl(*(_fact(*fact) for fact in facts), class_name="facts")


def _fact(name: Text, value: Content, shown: Flag = True) -> rx.Component:  # noqa: FBT002 - part of a tuple
    line = rx.el.div(rx.el.dt(name), rx.el.dd(value))
    return line if shown is True else rx.cond(shown, line)
