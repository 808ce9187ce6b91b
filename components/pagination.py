"""The foot of a list: where we are, and on."""

from typing import Any

import reflex as rx

from components.icon_button import icon_button
from components.number import grouped
from components.select import select
from components.values import Flag, Handler, Number


def _not(flag: Flag) -> Any:
    return ~flag if isinstance(flag, rx.Var) else not flag


def pagination(
    *,
    start: Number,
    end: Number,
    total: Number,
    or_more: Flag = False,
    has_previous: Flag,
    has_next: Flag,
    on_previous: Handler,
    on_next: Handler,
    page_size: rx.Var[int] | int | None = None,
    page_sizes: tuple[int, ...] = (25, 50, 100, 200),
    on_page_size: Handler | None = None,
) -> rx.Component:
    """Say *1-50 of 12,480* and go on.

    Args:
        start: Number of the first row shown, 0 when there is none.
        end: Number of the last row shown.
        total: How many match.
        or_more: Counting stopped there, and there are more: *more than 10,000*.
        has_previous: Whether there is a page before.
        has_next: Whether there is a page after.
        on_previous: Goes back.
        on_next: Goes on.
        page_size: Rows per page.
        page_sizes: Choices for it.
        on_page_size: Called with the chosen size as text.
    """
    more: Any = (
        rx.cond(or_more, "more than ", "")
        if isinstance(or_more, rx.Var)
        else ("more than " if or_more else "")
    )
    size: rx.Component = rx.fragment()
    if on_page_size is not None and page_size is not None:
        size = rx.el.label(
            rx.el.span("Rows", class_name="pagination-label"),
            select(
                "page-size",
                [str(each) for each in page_sizes],
                value=page_size.to(str) if isinstance(page_size, rx.Var) else str(page_size),
                compact=True,
                on_change=on_page_size,
            ),
            class_name="pagination-size",
        )
    return rx.el.nav(
        rx.el.p(
            rx.el.strong(grouped(start), "\N{EN DASH}", grouped(end)),
            " of ",
            more,
            rx.el.strong(grouped(total)),
            class_name="pagination-count",
            custom_attrs={"role": "status"},
        ),
        rx.el.div(
            size,
            icon_button(
                "chevron_left",
                "Previous page",
                variant="secondary",
                tooltip=None,
                disabled=_not(has_previous),
                on_click=on_previous,
            ),
            icon_button(
                "chevron_right",
                "Next page",
                variant="secondary",
                tooltip=None,
                disabled=_not(has_next),
                on_click=on_next,
            ),
            class_name="pagination-end",
        ),
        class_name="pagination",
        custom_attrs={"aria-label": "Pages"},
    )
