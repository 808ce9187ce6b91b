"""Lists of records: what they hold, hide and write."""

import json
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import true

from app.core.access import ALL_ROWS, Part, Reach
from app.core.record_list import RecordList, to_bytes
from app.core.rows import Rows

ID = UUID("01981d2c-6f4a-7a3b-9c1d-000000000001")
OTHER = UUID("01981d2c-6f4a-7a3b-9c1d-000000000002")


class Notes(RecordList[dict[str, Any]]):
    """Records that are their values."""

    def _record(self, known: dict[str, Any]) -> dict[str, Any]:
        return known


@pytest.fixture
def notes() -> Notes:
    """Two notes of two fields, on a page with one behind it."""
    rows = [(ID, "first", True, 1), (OTHER, "second", False, 2)]
    return Notes(("id", "text", "done", "version"), rows, next_cursor="more")


def rows_showing(*parts: tuple[str, Collection[str] | None]) -> Rows:
    """Rows that are reached by these rules, each with the fields that it shows."""
    reach = Reach(
        "note",
        tuple(Part(rule, None if each is None else frozenset(each), None) for rule, each in parts),
    )
    return Rows(reach, {"own": true()})


class TestMask:
    """Fields that a grant hides."""

    def test_nothing_is_hidden_from_whom_all_is_open(self, notes: Notes) -> None:
        """All values stay, under their names."""
        found = [SimpleNamespace(), SimpleNamespace()]

        listed = notes.mask(found, rows_showing((ALL_ROWS, None))).items

        assert listed[1] == {"id": OTHER, "text": "second", "done": False, "version": 2}

    def test_hidden_fields_are_absent_row_by_row(self, notes: Notes) -> None:
        """A row shows what the rules that hold in it show; id and version always."""
        found = [SimpleNamespace(rule_own=True), SimpleNamespace(rule_own=False)]

        notes.mask(found, rows_showing((ALL_ROWS, ["done"]), ("own", ["text"])))

        assert [set(each) for each in notes] == [
            {"id", "text", "done", "version"},
            {"id", "done", "version"},
        ]
        assert [set(each) for each in json.loads(notes.page_bytes())["items"]] == [
            {"id", "text", "done", "version"},
            {"id", "done", "version"},
        ]


class TestPageBytes:
    """A page as REST answers it."""

    def test_page_tells_where_the_next_begins(self, notes: Notes) -> None:
        """The items come with the cursor, and with what is told besides."""
        page = json.loads(notes.page_bytes(count=7))

        assert page["items"][0] == {"id": str(ID), "text": "first", "done": True, "version": 1}
        assert (page["next_cursor"], page["count"]) == ("more", 7)

    def test_replaced_column(self, notes: Notes) -> None:
        """Other values stand in the place of those of a field."""
        notes.replace_column("text", [each.upper() for each in notes.column("text")])

        assert [each["text"] for each in notes] == ["FIRST", "SECOND"]
        assert notes.column("unknown") == []


@pytest.mark.parametrize("number", [2**64, -(2**70), 1.5])
def test_numbers_of_any_size_are_written(number: float) -> None:
    """What a stored text of JSON holds can be answered."""
    written = to_bytes({"id": ID, "number": number})

    assert json.loads(written) == {"id": str(ID), "number": number}


def test_what_is_no_json_is_a_defect() -> None:
    """Nothing is written in some form that nobody chose."""
    with pytest.raises(ValueError, match="TypeError"):
        to_bytes({"kind": object})
