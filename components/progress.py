"""How far something is, and that something is on its way."""

from typing import Any

import reflex as rx

from components.values import Number, Text, attributes


def progress(
    value: Number | None, *, label: Text, total: Number = 100, sentence: Text | None = None
) -> rx.Component:
    """Show how far a job is.

    Args:
        value: How much is done, or `None` when nobody knows.
        label: What is going on, for assistive technology.
        total: How much there is to do.
        sentence: Shown beside it: *340 of 1,200 rows*.
    """
    props: dict[str, Any] = {} if value is None else {"value": value, "max": total}
    return rx.el.div(
        rx.el.progress(class_name="progress", custom_attrs=attributes(aria_label=label), **props),
        rx.el.span(sentence, class_name="progress-words")
        if sentence is not None
        else rx.fragment(),
        class_name="progress-line",
    )


def skeleton(*, lines: int = 1) -> rx.Component:
    """Hold the place of text that is on its way; appears after 150 ms.

    Args:
        lines: How many lines of text.
    """
    return rx.el.div(
        *(rx.el.div(class_name="skeleton") for _ in range(lines)),
        class_name="skeleton-lines",
        custom_attrs={"aria-hidden": "true"},
    )


def spinner(label: Text = "Loading") -> rx.Component:
    """Turn while something small is on its way.

    Args:
        label: Words for assistive technology.
    """
    return rx.el.span(
        rx.el.span(class_name="spinner", custom_attrs={"aria-hidden": "true"}),
        rx.el.span(label, class_name="visually-hidden"),
        class_name="spinner-frame",
        custom_attrs={"role": "status"},
    )
