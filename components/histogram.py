"""What happened over time, to be narrowed by pointing at it; and who or what had most of it."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.chart import Series
from components.values import Handler, Text

_MODULE = browser_module("histogram.jsx")


class _Histogram(rx.Component):
    library = _MODULE
    tag = "Histogram"

    bars: rx.Var[list[Any]]
    above: rx.Var[dict[str, Any]]
    below: rx.Var[list[Any]]
    label: rx.Var[str]
    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(str, str, str)]


class _Shares(rx.Component):
    library = _MODULE
    tag = "Shares"

    shares: rx.Var[list[Any]]
    label: rx.Var[str]
    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def histogram(
    bars: rx.Var[list[Any]] | Sequence[dict[str, Any]],
    *,
    above: Series,
    below: Sequence[Series],
    label: Text,
    on_choose: Callable[..., Handler] | Handler,
) -> rx.Component:
    """Draw numbers over time, the usual ones upwards and the others downwards on their own scale.

    One stop for the keyboard: the arrows go from bar to bar and to the parts below it, Enter
    chooses. A table of the numbers is there for assistive technology. Where bars would be too thin
    to be pointed at, neighbours are drawn as one.

    Args:
        bars: `{"start": …, "end": …, <series key>: number, …}` each, ISO 8601, oldest first.
        above: What is usual.
        below: What is not; stacked from the middle down.
        label: What the chart shows.
        on_choose: Called with start, end and the key of the part below; empty for the bar above.
    """
    return _Histogram.create(
        bars=bars if isinstance(bars, rx.Var) else list(bars),
        above=dict(above),
        below=list(below),
        label=label,
        on_choose=on_choose,
    )


def share_list(
    shares: rx.Var[list[Any]] | Sequence[dict[str, Any]],
    *,
    label: Text,
    on_choose: Callable[..., Handler] | Handler,
) -> rx.Component:
    """Name the most frequent ones, with a bar for how frequent each is.

    Args:
        shares: `{"value": …, "label": …, "count": number}` each, most frequent first.
        label: Name of the list for assistive technology.
        on_choose: Called with the value of the one that is pressed.
    """
    return _Shares.create(
        shares=shares if isinstance(shares, rx.Var) else list(shares),
        label=label,
        on_choose=on_choose,
    )
