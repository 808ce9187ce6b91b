"""A list of records to compare, sort, select and open; cards on a phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from components.browser_module import browser_module
from components.checkbox import BROWSER_MODULE as CHECKBOX_MODULE
from components.icon import icon
from components.link import link
from components.values import Content, Flag, Handler, Text, attributes, class_names, yes_no

Row = rx.Var[Any]


@dataclass(frozen=True)
class Column:
    """One column; its `key` is the field of the row and the name in the sort."""

    key: str
    title: Text
    """Words from state only where the column is neither sorted nor resized nor chosen."""
    render: Callable[[Row], Content] | None = None
    """Draws the cell from the row; without it the field is shown as text."""
    sortable: bool = False
    align: Literal["start", "end"] = "start"
    """`end` for numbers."""
    size: Literal["fit", "auto", "wide", "whole"] = "auto"
    """`fit`: as narrow as its content; `wide`: takes the room that is left; `whole`: never cut,
    on as many lines as it takes."""
    tooltip: bool = True
    """Whether the field's text is shown whole on hover when it is cut."""
    fixed: bool = False
    """Cannot be hidden, as the first column."""


class _RowCheckbox(rx.Component):
    library = CHECKBOX_MODULE
    tag = "RowCheckbox"

    row: rx.Var[str]
    checked: rx.Var[bool]
    on_select: rx.EventHandler[rx.event.passthrough_event_spec(list[str], bool)]


class _PageCheckbox(rx.Component):
    library = CHECKBOX_MODULE
    tag = "PageCheckbox"

    rows: rx.Var[list[Any]]
    row_key: rx.Var[str]
    selected: rx.Var[list[Any]]
    all: rx.Var[bool]
    on_select: rx.EventHandler[rx.event.passthrough_event_spec(list[str], bool)]


class _ColumnResizer(rx.Component):
    library = browser_module("column_resizer.jsx")
    tag = "ColumnResizer"

    column: rx.Var[str]
    width: rx.Var[int]
    label: rx.Var[str]
    on_resize: rx.EventHandler[rx.event.passthrough_event_spec(str, int)]


def _heading(
    column: Column,
    *,
    sort: Text,
    on_sort: Callable[..., Handler] | None,
    widths: rx.Var[dict[str, int]] | None,
    on_resize: Handler | None,
) -> rx.Component:
    extra: dict[str, Any] = {"scope": "col", "role": "columnheader"}
    words: rx.Component = rx.el.span(column.title)
    if column.sortable and on_sort is not None:
        rising: Any = sort == column.key
        falling: Any = sort == f"-{column.key}"
        if not isinstance(sort, rx.Var):
            rising, falling = rx.Var.create(rising), rx.Var.create(falling)
        extra["aria-sort"] = rx.cond(rising, "ascending", rx.cond(falling, "descending", "none"))
        words = rx.el.button(
            rx.el.span(column.title),
            rx.cond(
                rising,
                icon("arrow_up", size="xs"),
                rx.cond(
                    falling,
                    icon("arrow_down", size="xs"),
                    icon("chevrons_up_down", size="xs", class_name="sort-hint"),
                ),
            ),
            type="button",
            class_name="sort-button",
            on_click=on_sort(rx.cond(rising, f"-{column.key}", column.key)),
        )
    resizer = rx.fragment()
    if on_resize is not None:
        resizer = _ColumnResizer.create(
            column=column.key,
            width=widths[column.key].to(int) if widths is not None else 0,
            label=f"Width of {column.title}",
            on_resize=on_resize,
        )
    return rx.el.th(
        words, resizer, class_name=_cell_class(column), custom_attrs=extra | _width(column)
    )


def _cell_class(column: Column) -> str:
    return f"column-{column.size}" + (" column-end" if column.align == "end" else "")


def _width(column: Column) -> dict[str, Any]:
    return {"style": {"--width": f"var(--width-{column.key})"}}


def _cell(column: Column, row: Row) -> rx.Component:
    inner = row[column.key] if column.render is None else column.render(row)
    titled = column.render is None and column.tooltip
    return rx.el.td(
        rx.el.div(
            inner,
            class_name="cell",
            custom_attrs=attributes(title=row[column.key].to(str) if titled else None),
        ),
        class_name=_cell_class(column),
        custom_attrs={"data-label": column.title, "role": "cell"} | _width(column),
    )


def _by_order(
    columns: Sequence[Column],
    visible: rx.Var[list[str]] | None,
    draw: Callable[[Column], rx.Component],
) -> list[rx.Component]:
    """Draw every column as written, or those that are visible in the person's order."""
    if visible is None:
        return [draw(column) for column in columns]
    return [
        rx.foreach(
            visible,
            lambda key: rx.match(
                key, *[(column.key, draw(column)) for column in columns], rx.fragment()
            ),
        )
    ]


def _skeleton(columns: Sequence[Column], count: int, *, boxes: bool, actions: bool) -> rx.Component:
    cells = [
        *([rx.el.td(class_name="column-box")] if boxes else []),
        *(
            rx.el.td(rx.el.div(class_name="skeleton"), class_name=_cell_class(column))
            for column in columns
        ),
        *([rx.el.td(class_name="column-actions")] if actions else []),
    ]
    return rx.el.tbody(
        *(rx.el.tr(*cells) for _ in range(count)),
        class_name="skeleton-rows",
        custom_attrs={"aria-hidden": "true"},
    )


def _sort_on_phone(
    columns: Sequence[Column], sort: Text, on_sort: Callable[..., Handler]
) -> rx.Component:
    """Sorting for cards, which have no heads."""
    options = [
        rx.el.option(words, value=value)
        for column in columns
        if column.sortable
        for value, words in (
            (column.key, f"{column.title}, rising"),
            (f"-{column.key}", f"{column.title}, falling"),
        )
    ]
    return rx.el.div(
        rx.el.select(
            rx.el.option("Default order", value=""),
            *options,
            value=sort,
            on_change=on_sort,
            class_name="input",
            custom_attrs={"aria-label": "Sort by"},
        ),
        class_name="sort-on-phone",
    )


def data_table(
    rows: Any,
    columns: Sequence[Column],
    *,
    label: Text,
    row_key: str = "id",
    sort: Text = "",
    on_sort: Callable[..., Handler] | None = None,
    selected: rx.Var[list[str]] | None = None,
    all_selected: Flag = False,
    on_select: Handler | None = None,
    row_name: str | None = None,
    actions: Callable[[Row], rx.Component] | None = None,
    visible: rx.Var[list[str]] | None = None,
    widths: rx.Var[dict[str, int]] | None = None,
    on_resize: Handler | None = None,
    compact: Flag = False,
    loading: Flag = False,
    empty: rx.Component | None = None,
    skeleton_rows: int = 8,
) -> rx.Component:
    """Show records as rows; the first column should be a link to the record (`cell_link`).

    Old rows stay while `loading`; without any, skeleton rows appear after 150 ms.

    Args:
        rows: State list, each with `row_key` and the columns' fields.
        columns: In order; `visible` may reorder and leave out.
        label: Name of the table for assistive technology: *Users*.
        row_key: Field that identifies a row, as text.
        sort: Column key, `-` before it when falling: `"-created_at"`.
        on_sort: Event handler called with the new sort.
        selected: Ids of selected rows; with `on_select` there are checkboxes.
        all_selected: Everything that matches is selected, beyond this page.
        on_select: Called with the ids of one row, a range or the page, and the new yes or no.
        row_name: Field that names a row in *Select …*; `row_key` without it.
        actions: Draws the end of a row, usually `menu(…, icon="ellipsis", size="s")`.
        visible: Column keys to show, in order.
        widths: Widths in pixels by column key.
        on_resize: Called with column key and width in pixels; then columns can be resized.
        compact: 32 instead of 40 px rows.
        loading: Rows are on their way.
        empty: Shown instead when there are no rows: an `empty_state`, a `no_match_state`, an
            `error_state`, or a `rx.cond`/`rx.match` between them.
        skeleton_rows: How many skeleton rows.
    """
    rows = rows if isinstance(rows, rx.Var) else rx.Var.create(rows).to(list[dict[str, Any]])
    boxes = on_select is not None
    chosen: Any = selected if selected is not None else rx.Var.create([])

    def line(row: Row, index: rx.Var[int]) -> rx.Component:
        identity = row[row_key].to(str)
        picked = chosen.contains(identity)
        if all_selected is not False:
            picked = rx.cond(all_selected, True, picked)  # noqa: FBT003 - a Reflex conditional
        box = (
            [
                rx.el.td(
                    _RowCheckbox.create(
                        row=identity,
                        checked=picked,
                        on_select=on_select,
                        custom_attrs={"aria-label": "Select " + row[row_name or row_key].to(str)},
                    ),
                    class_name="column-box",
                    custom_attrs={"role": "cell"},
                )
            ]
            if boxes
            else []
        )
        end = (
            [rx.el.td(actions(row), class_name="column-actions", custom_attrs={"role": "cell"})]
            if actions is not None
            else []
        )
        return rx.el.tr(
            *box,
            *_by_order(columns, visible, lambda column: _cell(column, row)),
            *end,
            # By its place, so that the next page is drawn into the rows of this one. Where a row
            # has a menu that is not possible: it would stay open over another row.
            key=index if actions is None else identity,
            class_name="row",
            custom_attrs={
                "data-row": identity,
                "role": "row",
                **({"data-selected": rx.cond(picked, "true", "false")} if boxes else {}),
            },
        )

    def heading(column: Column) -> rx.Component:
        return _heading(column, sort=sort, on_sort=on_sort, widths=widths, on_resize=on_resize)

    nothing = rows.length() == 0
    head = rx.el.thead(
        rx.el.tr(
            *(
                [
                    rx.el.th(
                        _PageCheckbox.create(
                            rows=rows,
                            row_key=row_key,
                            selected=chosen,
                            all=all_selected,
                            on_select=on_select,
                            custom_attrs={"aria-label": "Select all on this page"},
                        ),
                        class_name="column-box",
                        custom_attrs={"scope": "col", "role": "columnheader"},
                    )
                ]
                if boxes
                else []
            ),
            *_by_order(columns, visible, heading),
            *(
                [
                    rx.el.th(
                        rx.el.span("Actions", class_name="visually-hidden"),
                        class_name="column-actions",
                        custom_attrs={"scope": "col", "role": "columnheader"},
                    )
                ]
                if actions is not None
                else []
            ),
            custom_attrs={"role": "row"},
        ),
        custom_attrs={"role": "rowgroup"},
    )
    skeleton = _skeleton(columns, skeleton_rows, boxes=boxes, actions=actions is not None)
    waiting: Any = rx.fragment()
    if isinstance(loading, rx.Var):
        waiting = rx.cond(loading & nothing, skeleton)
    elif loading:
        waiting = rx.cond(nothing, skeleton)
    instead: Any = rx.fragment()
    if empty is not None and loading is not True:
        instead = rx.cond(nothing & ~loading if isinstance(loading, rx.Var) else nothing, empty)
    return rx.el.div(
        _sort_on_phone(columns, sort, on_sort) if on_sort is not None else rx.fragment(),
        rx.el.div(
            rx.el.table(
                head,
                rx.el.tbody(rx.foreach(rows, line), custom_attrs={"role": "rowgroup"}),
                waiting,
                class_name="table",
                custom_attrs={
                    "role": "table",
                    "aria-label": label,
                    "aria-busy": yes_no(loading),
                    **({"data-selection": "true"} if boxes else {}),
                },
            ),
            class_name="table-scroll",
        ),
        rx.el.div(instead, class_name="table-instead"),
        class_name=class_names(
            "table-frame",
            rx.cond(compact, "table-compact", "")
            if isinstance(compact, rx.Var)
            else ("table-compact" if compact else None),
        ),
    )


def cell_link(label: Text, *, href: Text) -> rx.Component:
    """Lead from the first column to the record.

    Args:
        label: The record's name.
        href: Its page.
    """
    return link(label, href=href, class_name="cell-link", attrs={"title": label})
