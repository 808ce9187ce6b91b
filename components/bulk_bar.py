"""What can be done with the selected rows."""

import reflex as rx

from components.button import button
from components.icon_button import icon_button
from components.number import grouped
from components.values import Flag, Handler, Number


def bulk_bar(
    *actions: rx.Component,
    count: rx.Var[int],
    total: Number | None = None,
    all_selected: Flag = False,
    on_select_all: Handler | None = None,
    on_clear: Handler,
) -> rx.Component:
    """Name how many are selected and offer what fits them; hidden when none is.

    Args:
        *actions: Buttons; each shows what it will change before it does.
        count: How many are selected.
        total: How many match, for *Select all 12,480*.
        all_selected: Everything that matches is selected already.
        on_select_all: Selects everything that matches.
        on_clear: Selects nothing.
    """
    everything: rx.Component = rx.fragment()
    if total is not None and on_select_all is not None:
        everything = rx.cond(
            all_selected,
            rx.fragment(),
            button(
                "Select all " + grouped(total), variant="ghost", size="s", on_click=on_select_all
            ),
        )
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.p(
                rx.el.strong(grouped(count)),
                " selected",
                class_name="bulk-count",
                custom_attrs={"role": "status"},
            ),
            everything,
            rx.el.div(*actions, class_name="bulk-actions"),
            icon_button("x", "Clear selection", size="s", tooltip="above", on_click=on_clear),
            class_name="bulk-bar",
            custom_attrs={"role": "region", "aria-label": "Selected rows"},
        ),
    )
