"""CSV that any program reads and no spreadsheet runs."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from app.core.csv import csv_lines


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (["admin", "user"], '"admin, user"'),
        (datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "2026-01-31T09:30:00+00:00"),
        ('say "yes"', '"say ""yes"""'),
        ("two\r\nlines", '"two\r\nlines"'),
        ("Zoë 🎈", "Zoë 🎈"),
        ("a=b", "a=b"),
    ],
)
def test_cells(value: object, written: str) -> None:
    """Values are written as RFC 4180 wants them, in UTF-8."""
    assert csv_lines([[value, 1]]) == f"{written},1\r\n".encode()


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas(first: str) -> None:
    """What a spreadsheet would run is text, alone and in a list."""
    formula = f'{first}HYPERLINK("https://evil.example","x")'

    [row] = csv.reader(StringIO(csv_lines([[formula, [formula]]]).decode(), newline=""))

    assert row == [f"'{formula}"] * 2
