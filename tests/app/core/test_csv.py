"""CSV that any program reads and no spreadsheet runs."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from app.core.csv import CsvForm, Separator, csv_lines


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


SIGNS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


@pytest.mark.parametrize("first", SIGNS)
@pytest.mark.parametrize("separator", ["comma", "semicolon", "tab"])
def test_formulas(first: str, separator: Separator) -> None:
    """What a spreadsheet would run is text, alone and in a list."""
    formula = f'{first}HYPERLINK("https://evil.example")'

    written = csv_lines([[formula, [formula]]], CsvForm(separator)).decode()

    [row] = csv.reader(StringIO(written, newline=""), delimiter=DELIMITERS[separator])
    assert row == [f"'{formula}"] * 2


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
HIDDEN = [
    ";=1+1;",
    "a;=1+1",
    "a,=1+1",
    "a\t=1+1",
    "a|=1+1",
    "a\n=1+1",
    "a\r\n@SUM(1)",
    "; =1+1",
    ';"=1+1";',
    ' "=1+1',
    "\ufeff=1+1",
    "\u200b=1+1",
    "\x00=1+1",
    "\xa0=1+1",
    ";\uff1d1+1",
    "=1;=2,=3",
    ["fine", "=1+1", ";=1+1"],
]


@pytest.mark.parametrize("written", DELIMITERS)
@pytest.mark.parametrize("read", [*DELIMITERS.values(), "|"])
def test_formulas_between_separators(written: Separator, read: str) -> None:
    """A file that is opened with another separator than it was written with runs nothing either."""
    for text in HIDDEN:
        lines = csv_lines([["Ada", text, "ada@example.com"]], CsvForm(written)).decode()
        cells = [
            # What a program drops that does not show it.
            cell.strip().strip('"\u200b\ufeff\0').strip()
            for line in (StringIO(lines, newline=""), lines.splitlines())
            for row in csv.reader(line, delimiter=read)
            for cell in row
        ]
        assert [cell for cell in cells if cell.startswith(tuple(SIGNS))] == [], text


@pytest.mark.parametrize("text", ["a=b", "x-y", "1+1", "ada@example.com", "O'Brien", "Berlin (-5)"])
def test_signs_within_words(text: str) -> None:
    """What no program takes for a formula stays as it is."""
    assert csv_lines([[text]]) == f"{text}\r\n".encode()


def test_forms() -> None:
    """Separator and mark are the reader's choice."""
    row = ["Zoë", "a;b", "c,d"]

    assert csv_lines([row], CsvForm("semicolon")) == 'Zoë;"a;b";c,d\r\n'.encode()
    assert csv_lines([row], CsvForm("tab")) == "Zoë\ta;b\tc,d\r\n".encode()
    assert CsvForm(bom=True).mark == b"\xef\xbb\xbf"
    assert CsvForm().mark == b""


@pytest.mark.parametrize("text", ["\n" * 1_000_000 + "x", ",\n" * 300_000, "\n" * 500_000 + "=1"])
def test_long_runs(text: str) -> None:
    """What a spreadsheet sees through is looked at once, however much of it there is."""
    assert len(csv_lines([[text]])) >= len(text)
