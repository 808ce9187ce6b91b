"""Many things against many others, with a mark where they meet."""

from typing import Any

import reflex as rx

from components.browser_module import browser_module
from components.values import Text


class _Matrix(rx.Component):
    library = browser_module("matrix.jsx")
    tag = "Matrix"

    rows: rx.Var[list[Any]]
    columns: rx.Var[list[Any]]
    marks: rx.Var[dict[str, Any]]
    label: rx.Var[str]
    row_noun: rx.Var[str]
    column_noun: rx.Var[str]


def matrix(
    rows: Any,
    columns: Any,
    *,
    marks: dict[str, tuple[str, str]],
    label: Text,
    row_noun: Text = "rows",
    column_noun: Text = "columns",
) -> rx.Component:
    """Show a mark per row and column; heads stay in sight, both sides can be filtered.

    Everything but following a link happens in the browser, so that hundreds of rows stay quick.

    Args:
        rows: State list of `{"name", "title", "group", "href", "cells"}`; `cells` has one text
            of letters per column, empty for no mark.
        columns: State list of `{"name", "href"}`; a mark leads where its column leads.
        marks: For each letter its sign and what it means in words.
        label: Name of the table for assistive technology: *Roles and permissions*.
        row_noun: What rows are called: *permissions*.
        column_noun: What columns are called: *roles*.
    """
    return _Matrix.create(
        rows=rows,
        columns=columns,
        marks={letter: list(sign) for letter, sign in marks.items()},
        label=label,
        row_noun=row_noun,
        column_noun=column_noun,
    )
