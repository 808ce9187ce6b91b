"""Facts about one thing."""

from collections.abc import Sequence

import reflex as rx

from components.values import Content, Text


def description_list(facts: Sequence[tuple[Text, Content]]) -> rx.Component:
    """Show what is known of a record.

    Args:
        facts: `(name, value)` in order.
    """
    return rx.el.dl(
        *(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in facts),
        class_name="facts",
    )
