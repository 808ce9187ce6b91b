"""Small charts drawn in the page itself, readable in both themes and without eyes."""

from collections.abc import Sequence
from typing import Any, TypedDict

import reflex as rx

from components.badge import Tone
from components.browser_module import browser_module
from components.values import Text

BROWSER_MODULE = browser_module("chart.jsx")


class Series(TypedDict):
    """One number per point."""

    key: str
    title: str
    tone: Tone


class _Sparkline(rx.Component):
    library = BROWSER_MODULE
    tag = "Sparkline"

    values: rx.Var[list[Any]]
    label: rx.Var[str]


class _Bars(rx.Component):
    library = BROWSER_MODULE
    tag = "Bars"

    points: rx.Var[list[Any]]
    series: rx.Var[list[Any]]
    label: rx.Var[str]
    label_title: rx.Var[str]


def sparkline(values: rx.Var[list[Any]] | Sequence[float], *, label: Text) -> rx.Component:
    """Show which way a number went.

    Args:
        values: Oldest first.
        label: What the number is; the summary is read aloud.
    """
    return _Sparkline.create(
        values=values if isinstance(values, rx.Var) else list(values), label=label
    )


def bar_chart(
    points: rx.Var[list[Any]] | Sequence[dict[str, Any]],
    series: Sequence[Series],
    *,
    label: Text,
    label_title: Text = "When",
) -> rx.Component:
    """Compare numbers over time or kinds; a table of them is there for assistive technology.

    Args:
        points: `{"label": …, <series key>: number, …}` each, oldest first.
        series: Stacked from the bottom up.
        label: What the chart shows.
        label_title: What the points' labels are.
    """
    return _Bars.create(
        points=points if isinstance(points, rx.Var) else list(points),
        series=list(series),
        label=label,
        label_title=label_title,
    )
