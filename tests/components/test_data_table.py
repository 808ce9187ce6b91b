"""A table says what it is, how it is sorted and what is selected."""

from typing import Any

import pytest
import reflex as rx

from components.data_table import Column, data_table
from components.states import empty_state

ROWS = [{"id": "1", "name": "Anna", "posts": 3}]
COLUMNS = (
    Column("name", "Name", sortable=True, fixed=True),
    Column("posts", "Posts", align="end"),
)


def _sorts(_sort: Any) -> Any:
    return rx.prevent_default


def test_table_has_name_and_roles() -> None:
    """The roles are written out, for the phone draws rows as cards."""
    drawn = str(data_table(ROWS, COLUMNS, label="Users"))

    assert '"aria-label":"Users"' in drawn
    for role in ("table", "rowgroup", "row", "columnheader", "cell"):
        assert f'role:"{role}"' in drawn
    assert '"data-label":"Posts"' in drawn


@pytest.mark.parametrize(("sort", "said"), [("name", "ascending"), ("-name", "descending")])
def test_sorted_column_says_so(sort: str, said: str) -> None:
    """`aria-sort` follows the sort; columns that cannot be sorted have none."""
    drawn = str(data_table(ROWS, COLUMNS, label="Users", sort=sort, on_sort=_sorts))

    assert drawn.count('"aria-sort"') == 1
    assert f'"{said}"' in drawn


def test_without_handler_nothing_is_offered() -> None:
    """No sort buttons, no boxes, no resizing unless somebody listens."""
    drawn = str(data_table(ROWS, COLUMNS, label="Users"))

    for part in ("sort-button", "RowCheckbox", "PageCheckbox", "ColumnResizer"):
        assert part not in drawn


def test_boxes_name_their_row() -> None:
    """A box is read with the name of its row."""
    drawn = str(
        data_table(
            ROWS,
            COLUMNS,
            label="Users",
            selected=rx.Var.create(["1"]),
            on_select=rx.prevent_default,
            row_name="name",
        )
    )

    assert "Select all on this page" in drawn
    assert '"Select "' in drawn


def test_old_rows_stay_while_loading() -> None:
    """Skeleton rows are drawn only when there is nothing to show."""
    drawn = str(data_table(ROWS, COLUMNS, label="Users", loading=True))

    assert "skeleton-rows" in drawn
    assert "length" in drawn
    assert '"aria-busy":"true"' in drawn


def test_empty_table_explains_itself() -> None:
    """What stands there instead comes from the page."""
    drawn = str(
        data_table([], COLUMNS, label="Users", empty=empty_state("No users", "Invite some."))
    )

    assert "No users" in drawn


def test_visible_columns_follow_the_person() -> None:
    """The order comes from state, every column is ready to be drawn."""
    visible = rx.Var.create(["posts", "name"])

    drawn = str(data_table(ROWS, COLUMNS, label="Users", visible=visible))

    assert '"posts", "name"' in drawn
