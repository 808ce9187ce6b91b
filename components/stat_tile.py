"""A number people ask for each morning."""

from typing import Any

import reflex as rx

from components.icon import icon
from components.link import link
from components.number import grouped
from components.values import Number, Text


def stat_tile(
    label: Text,
    value: Number | Text,
    *,
    href: Text | None = None,
    change: Text | None = None,
    rising: bool | rx.Var[bool] | None = None,
    good: bool | rx.Var[bool] | None = None,
    chart: rx.Component | None = None,
) -> rx.Component:
    """Show one number, where it comes from and where it goes.

    Args:
        label: What it counts.
        value: A number, or a text that holds one.
        href: The list that explains it.
        change: *12 % more than last week*.
        rising: Which way the arrow points; none without it.
        good: Whether the change is welcome; neutral without it.
        chart: `sparkline(…)`.
    """
    number: Any = grouped(value) if isinstance(value, int | float | rx.vars.NumberVar) else value
    words = link(label, href=href, class_name="stat-link") if href is not None else label
    arrow: Any = rx.fragment()
    if isinstance(rising, rx.Var):
        arrow = rx.cond(
            rising, icon("arrow_up_right", size="xs"), icon("arrow_down_right", size="xs")
        )
    elif rising is not None:
        arrow = icon("arrow_up_right" if rising else "arrow_down_right", size="xs")
    mood: Any = ""
    if isinstance(good, rx.Var):
        mood = rx.cond(good, "stat-good", "stat-bad")
    elif good is not None:
        mood = "stat-good" if good else "stat-bad"
    return rx.el.div(
        rx.el.div(words, class_name="stat-label"),
        rx.el.div(
            rx.el.div(number, class_name="stat-value"),
            chart or rx.fragment(),
            class_name="stat-line",
        ),
        rx.el.p(arrow, change, class_name=["stat-change", mood])
        if change is not None
        else rx.fragment(),
        class_name="stat",
    )
