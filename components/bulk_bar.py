"""What can be done with the selected rows."""

from typing import Any

import reflex as rx

from components.button import button
from components.icon_button import icon_button
from components.number import grouped
from components.values import Content, Flag, Handler, Number


def _flag(flag: Flag) -> rx.Var[bool]:
    return flag if isinstance(flag, rx.Var) else rx.Var.create(flag)


def _number(number: Number) -> rx.Var[Any]:
    return number if isinstance(number, rx.Var) else rx.Var.create(number)


def bulk_bar(
    *actions: rx.Component,
    count: rx.Var[int],
    total: Number | None = None,
    or_more: Flag = False,
    page_selected: Flag = True,
    all_selected: Flag = False,
    on_select_all: Handler | None = None,
    on_clear: Handler,
) -> rx.Component:
    """Name how many are selected and offer what fits them; hidden when none is.

    Args:
        *actions: Buttons; each shows what it will change before it does.
        count: How many are selected.
        total: How many match, for *Select all 12,480 that match*.
        or_more: Counting stopped there, and there are more.
        page_selected: The whole page is selected, so that the rest may be meant as well.
        all_selected: Everything that matches is selected already.
        on_select_all: Selects everything that matches.
        on_clear: Selects nothing.
    """
    everything: rx.Component = rx.fragment()
    selected: Content = rx.fragment(rx.el.strong(grouped(count)), " selected")
    if total is not None and on_select_all is not None:
        all_of_them = rx.cond(or_more, "", grouped(total) + " ")
        everything = rx.cond(
            ~_flag(all_selected) & (_number(total) > count),
            rx.el.span(
                button(
                    "Select all " + all_of_them + "that match",
                    variant="ghost",
                    size="s",
                    on_click=on_select_all,
                ),
                # Cards have no box that selects the page, so a phone is offered this at once.
                class_name=rx.cond(page_selected, "", "phone-only"),
            ),
        )
        selected = rx.cond(
            all_selected,
            rx.fragment("All ", rx.el.strong(all_of_them), "that match are selected"),
            selected,
        )
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.p(selected, class_name="bulk-count", custom_attrs={"role": "status"}),
            everything,
            rx.el.div(*actions, class_name="bulk-actions"),
            icon_button(
                "x",
                "Clear selection",
                size="s",
                tooltip="above",
                shortcut="Escape",
                on_click=on_clear,
            ),
            class_name="bulk-bar",
            custom_attrs={"role": "region", "aria-label": "Selected rows"},
        ),
    )
