"""A list of the records of any resource, whose columns are known when the page runs."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Handler, Text

# What draws values, for the table and for facts; no component of its own.
browser_module("cells.jsx")


class _ResourceTable(rx.Component):
    library = browser_module("resource_table.jsx")
    tag = "ResourceTable"

    columns: rx.Var[list[dict[str, Any]]]
    rows: rx.Var[list[list[Any]]]
    base: rx.Var[str]
    label: rx.Var[str]
    sort: rx.Var[str]
    widths: rx.Var[dict[str, int]]
    compact: rx.Var[bool]
    loading: rx.Var[bool]
    selectable: rx.Var[bool]
    selected: rx.Var[list[str]]
    all_selected: rx.Var[bool]
    on_sort: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_resize: rx.EventHandler[rx.event.passthrough_event_spec(str, int)]
    on_select: rx.EventHandler[rx.event.passthrough_event_spec(list[str], bool)]
    action: rx.Var[str]
    on_action: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def resource_table(
    rows: rx.Var[list[list[Any]]],
    columns: rx.Var[list[dict[str, Any]]],
    *,
    base: Text,
    label: Text,
    sort: Text,
    on_sort: Handler,
    widths: rx.Var[dict[str, int]],
    on_resize: Handler,
    compact: rx.Var[bool],
    loading: rx.Var[bool],
    selectable: rx.Var[bool],
    selected: rx.Var[list[str]],
    all_selected: rx.Var[bool],
    on_select: Handler,
    empty: rx.Component,
) -> rx.Component:
    """Show records as `data_table` does, by columns that the state describes.

    Args:
        rows: Each the record's id and then the values in the order of the columns, as JSON.
        columns: `{"key", "title", "kind", "sorts", …}` each, as fields describe themselves; the
            first leads to the record.
        base: The path below which the records are; empty when they cannot be opened.
        label: Name of the table for assistive technology: *Items*.
        sort: Column key, `-` before it when falling.
        on_sort: Event handler called with the new sort.
        widths: Widths in pixels by column key.
        on_resize: Called with column key and width in pixels.
        compact: 32 instead of 40 px rows.
        loading: Rows are on their way.
        selectable: Whether rows have checkboxes.
        selected: Ids of the selected rows.
        all_selected: Everything that matches is selected, beyond this page.
        on_select: Called with the ids of one row, a range or the page, and the new yes or no.
        empty: Shown instead when there are no rows.
    """
    return _ResourceTable.create(
        empty,
        columns=columns,
        rows=rows,
        base=base,
        label=label,
        sort=sort,
        on_sort=on_sort,
        widths=widths,
        on_resize=on_resize,
        compact=compact,
        loading=loading,
        selectable=selectable,
        selected=selected,
        all_selected=all_selected,
        on_select=on_select,
    )


def related_table(
    rows: rx.Var[list[list[Any]]],
    columns: rx.Var[list[dict[str, Any]]],
    *,
    base: Text,
    label: Text,
    action: Text,
    on_action: Handler,
    empty: rx.Component,
) -> rx.Component:
    """Show a few records as `resource_table` does, without order, widths and selection.

    Args:
        rows: As there.
        columns: As there.
        base: The path below which the records are.
        label: Name of the table for assistive technology.
        action: What can be done with each row; empty for nothing.
        on_action: Called with the id of a row.
        empty: Shown instead when there are no rows.
    """
    return _ResourceTable.create(
        empty,
        columns=columns,
        rows=rows,
        base=base,
        label=label,
        action=action,
        on_action=on_action,
    )
