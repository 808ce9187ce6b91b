"""What stands above a list: search, filters, columns, density, views."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.button import button
from components.data_table import Column
from components.icon import icon
from components.icon_button import icon_button
from components.menu import menu, menu_choice, menu_heading, menu_item, menu_separator
from components.picker import filter_button
from components.values import Flag, Handler, Text, attributes, yes_no

_SIDE_BY_SIDE = 3
"""So many filters find room on a phone, too."""


class _Filters(rx.Component):
    library = browser_module("toolbar.jsx")
    tag = "Filters"

    active: rx.Var[bool]


def toolbar(
    *controls: rx.Component,
    start: rx.Component | None = None,
    search: rx.Component | None = None,
    filtered: Flag = False,
    folded: bool = False,
    end: Sequence[rx.Component] = (),
    chips: rx.Component | None = None,
) -> rx.Component:
    """Lay out what narrows and shapes a list.

    Args:
        *controls: `filter_menu(…)` each; more than three stand behind one button on a phone.
        start: Before everything: `view_menu(…)`.
        search: `search_input(…)`.
        filtered: Whether one of the filters is in force.
        folded: Whether they stand behind one button on a phone however many they are.
        end: At the right: `column_chooser`, `density_button`, an export.
        chips: `filter_chips(…)`, below.
    """
    return rx.el.div(
        rx.el.div(
            start or rx.fragment(),
            search or rx.fragment(),
            _Filters.create(*controls, active=filtered)
            if len(controls) > _SIDE_BY_SIDE or folded
            else rx.fragment(*controls),
            rx.el.div(*end, class_name="toolbar-end") if end else rx.fragment(),
            class_name="toolbar-line",
        ),
        chips or rx.fragment(),
        class_name="toolbar",
    )


def filter_menu(
    label: Text,
    options: Sequence[tuple[str, str]] | rx.Var[list[dict[str, str]]],
    *,
    value: rx.Var[str],
    on_change: Callable[..., Handler],
    any_label: Text = "Any",
    more: Sequence[rx.Component] = (),
) -> rx.Component:
    """Filter by one field.

    Args:
        label: The field: *Status*.
        options: Pairs `(value, words)`, or a state list of `{"value", "label"}`.
        value: What is chosen; empty for any.
        on_change: Event handler called with the chosen value, empty for any.
        any_label: Words of the choice that filters nothing.
        more: Further items of the menu.
    """

    def choice(key: Any, words: Any) -> rx.Component:
        return menu_choice(words, chosen=value == key, on_click=on_change(key))

    choices: list[rx.Component] = (
        [rx.foreach(options, lambda each: choice(each["value"].to(str), each["label"].to(str)))]
        if isinstance(options, rx.Var)
        else [choice(key, words) for key, words in options]
    )
    trigger = filter_button(label, active=value != "")
    return menu(choice("", any_label), *choices, *more, label=label, trigger=trigger, align="start")


def filter_toggle(label: Text, *, active: Flag, on_toggle: Handler) -> rx.Component:
    """Filter by yes or no.

    Args:
        label: What is listed then: *Access changes only*.
        active: Whether it is in force.
        on_toggle: Switches.
    """
    return rx.el.button(
        label,
        type="button",
        class_name="button button-secondary button-filter",
        on_click=on_toggle,
        custom_attrs={"aria-pressed": yes_no(active), "data-active": yes_no(active)},
    )


def filter_chips(
    chips: rx.Var[list[Any]],
    *,
    on_clear: Callable[..., Handler],
    on_clear_all: Handler,
) -> rx.Component:
    """Name the filters in force; each can be taken away.

    Args:
        chips: `{"key", "label", "value"}` each, all words.
        on_clear: Event handler called with the key of one filter.
        on_clear_all: Clears them all.
    """

    def chip(each: rx.Var[Any]) -> rx.Component:
        words = each["label"].to(str) + ": " + each["value"].to(str)
        return rx.el.li(
            rx.el.span(each["label"].to(str), class_name="chip-label"),
            rx.el.span(each["value"].to(str), class_name="chip-value"),
            rx.el.button(
                icon("x", size="xs"),
                type="button",
                class_name="chip-clear",
                custom_attrs={"aria-label": "Remove filter " + words},
                on_click=on_clear(each["key"].to(str)),
            ),
            class_name="chip",
            key=each["key"].to(str),
        )

    in_force: Any = chips
    return rx.cond(
        in_force.length() > 0,
        rx.el.div(
            rx.el.ul(rx.foreach(chips, chip), class_name="chips"),
            button("Clear filters", variant="ghost", size="s", on_click=on_clear_all),
            class_name="toolbar-chips",
            custom_attrs={"role": "group", "aria-label": "Filters in force"},
        ),
    )


def column_chooser(
    columns: Sequence[Column],
    *,
    visible: rx.Var[list[str]],
    on_toggle: Callable[..., Handler],
    on_move: Callable[..., Handler] | None = None,
    on_reset: Handler | None = None,
) -> rx.Component:
    """Choose which columns are shown and in which order.

    Args:
        columns: All there are.
        visible: Keys of those shown, in order.
        on_toggle: Event handler called with a key and the new yes or no.
        on_move: Event handler called with a key and -1 (earlier) or 1 (later).
        on_reset: Back to how it was meant.
    """
    titles = {column.key: column.title for column in columns}
    fixed = [column.key for column in columns if column.fixed]

    def line(key: Any, *, shown: bool) -> rx.Component:
        title: Text = (
            rx.match(key, *titles.items(), "").to(str) if isinstance(key, rx.Var) else titles[key]
        )
        locked: Flag = (
            rx.Var.create(fixed).contains(key) if isinstance(key, rx.Var) else key in fixed
        )
        return _column_line(key, title, locked, on_toggle, on_move, shown=shown)

    shown_keys: Any = visible
    hidden = [
        rx.cond(shown_keys.contains(column.key), rx.fragment(), line(column.key, shown=False))
        for column in columns
    ]
    return _columns_menu(
        [rx.foreach(visible, lambda key: line(key, shown=True)), *hidden], on_reset
    )


def drawn_column_chooser(
    columns: rx.Var[list[dict[str, Any]]],
    *,
    on_toggle: Callable[..., Handler],
    on_move: Callable[..., Handler],
    on_reset: Handler,
) -> rx.Component:
    """The same for columns that are known when the page runs.

    Args:
        columns: `{"key", "title", "shown", "fixed"}` each, those that are shown first.
        on_toggle: Event handler called with a key and the new yes or no.
        on_move: Event handler called with a key and -1 (earlier) or 1 (later).
        on_reset: Back to how it was meant.
    """

    def line(column: rx.Var[Any]) -> rx.Component:
        key, title = column["key"].to(str), column["title"].to(str)
        locked = column["fixed"].to(bool)
        return rx.cond(
            column["shown"],
            _column_line(key, title, locked, on_toggle, on_move, shown=True),
            _column_line(key, title, locked, on_toggle, None, shown=False),
        )

    return _columns_menu([rx.foreach(columns, line)], on_reset)


def _column_line(
    key: Any,
    title: Text,
    locked: Flag,
    on_toggle: Callable[..., Handler],
    on_move: Callable[..., Handler] | None,
    *,
    shown: bool,
) -> rx.Component:
    moves = (
        [
            icon_button(
                f"chevron_{direction}",
                "Move " + title + words,
                size="s",
                tooltip=None,
                attrs=_item("menuitem"),
                on_click=on_move(key, by),
            )
            for direction, words, by in (("up", " earlier", -1), ("down", " later", 1))
        ]
        if shown and on_move is not None
        else []
    )
    return rx.el.li(
        rx.el.button(
            icon("check", size="s", class_name="menu-check"),
            rx.el.span(title, class_name="menu-label"),
            type="button",
            class_name="menu-item",
            custom_attrs=_item("menuitemcheckbox")
            | {"aria-checked": yes_no(shown), "aria-disabled": yes_no(locked)},
            on_click=rx.cond(locked, rx.noop(), on_toggle(key, not shown)),
        ),
        *moves,
        key=key,
        class_name="column-line",
        custom_attrs={"role": "none", "data-menu-line": "true"},
    )


def _columns_menu(lines: Sequence[Any], on_reset: Handler | None) -> rx.Component:
    return menu(
        menu_heading("Columns"),
        rx.el.ul(*lines, custom_attrs={"role": "none"}),
        rx.fragment(menu_separator(), menu_item("Reset columns", on_click=on_reset))
        if on_reset is not None
        else rx.fragment(),
        label="Columns",
        trigger=icon_button("columns_3", "Columns", variant="secondary", tooltip=None),
        align="end",
    )


def _item(role: str) -> dict[str, object]:
    """What makes a button an item of a menu that stays open."""
    return attributes(role=role, tabIndex=-1, data_keep_open="true")


def density_button(compact: rx.Var[bool], *, on_toggle: Handler) -> rx.Component:
    """Switch between 40 and 32 px rows.

    Args:
        compact: Whether rows are compact now.
        on_toggle: Switches.
    """
    return icon_button(
        "rows_3",
        "Compact rows",
        variant="secondary",
        attrs={"aria-pressed": rx.cond(compact, "true", "false")},
        on_click=on_toggle,
    )


def view_menu(
    *items: rx.Component,
    views: rx.Var[list[Any]],
    current: Text,
    name: Text,
    modified: Flag = False,
    path: Text,
) -> rx.Component:
    """Choose a saved view of a list, and change them.

    Args:
        *items: `menu_separator()` and what can be done: *Save as…*, *Update*.
        views: `{"id", "label", "shared", "address"}` each, all words; `shared` is empty for one's
            own alone.
        current: Id of the view in force; empty for none.
        name: What it is called.
        modified: The list differs from it.
        path: Where the list is as it is meant.
    """

    def choice(view: rx.Var[Any]) -> rx.Component:
        identity, label = view["id"].to(str), view["label"].to(str)
        chosen: Any = current == identity
        go = rx.redirect(view["address"].to(str))
        shared = rx.fragment(label, rx.el.span(", shared", class_name="visually-hidden"))
        return rx.cond(
            view["shared"],
            menu_choice(shared, icon="users", chosen=chosen, on_click=go),
            menu_choice(label, icon="bookmark", chosen=chosen, on_click=go),
        )

    nothing: Any = current == ""
    trigger = rx.el.button(
        icon("bookmark"),
        rx.el.span(rx.cond(name, name, "Views"), class_name="view-name"),
        rx.cond(modified, rx.el.span("modified", class_name="view-modified")),
        icon("chevron_down", size="xs"),
        type="button",
        class_name="button button-secondary button-filter",
    )
    return menu(
        menu_choice("All", chosen=nothing, icon="list", on_click=rx.redirect(path)),
        rx.foreach(views, choice),
        *items,
        label="Views",
        trigger=trigger,
        align="start",
    )
