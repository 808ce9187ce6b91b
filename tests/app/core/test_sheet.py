"""Files that people send."""

import pytest

from app.core import sheet
from app.core.csv import csv_lines, without_guards
from app.core.errors import Invalid
from app.core.sheet import read_sheet


def rows(content: bytes, **options: object) -> list[list[str]]:
    """The cells of a file, the header first."""
    found = read_sheet(content, **options)  # type: ignore[arg-type]  # as the tests give them
    return [list(found.columns), *(list(row.cells) for row in found.rows)]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,\xc3\xa4\n",
        b"a;b\r\n1;\xc3\xa4\r\n",
        b"a\tb\r1\t\xc3\xa4\r",
        b"\xef\xbb\xbfa,b\n\n1,\xc3\xa4\n",
        "a\tb\n1\tä\n".encode("utf-16"),
        b"sep=;\r\na;b\r\n1;\xc3\xa4",
        b'"a","b"\n"1","\xc3\xa4"',
        b"a,b,\n1,\xc3\xa4,\n,,\n",
    ],
)
def test_forms(content: bytes) -> None:
    """All that spreadsheets write is read alike."""
    assert rows(content) == [["a", "b"], ["1", "ä"]]


def test_encoding() -> None:
    """Another encoding is one that somebody says."""
    with pytest.raises(Invalid, match="Line 2 is not in UTF-8"):
        rows(b"a\n\xe4\n")
    assert rows(b"a\n\xe4\n", encoding="windows-1252") == [["a"], ["ä"]]


def test_lines() -> None:
    """A row is known by the line on which it begins; one that does not fit says so."""
    found = read_sheet(b'a,b\n"1\n2",3\n\n4\n5,6,7\n')
    assert [(row.line, row.problem) for row in found.rows] == [
        (2, ""),
        (5, "This row has 1 cell, but 2 columns have names."),
        (6, "This row has 3 cells, but 2 columns have names."),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x89PNG\r\n", "picture"),
        (b"%PDF-1.7", "PDF"),
        (b"a,b\n1,\x00\n", "NUL"),
        (b'a,b\n1,"2\n3,4\n', "opens in line 2 is never closed"),
        (b'a,b\n1,"2"3\n', "Line 2 has a quotation mark"),
        (b"a\n" + b'"' + b"x" * 200_000 + b'"', "Line 2 is too long|line 2 is too long"),
        (b",".join([b"a"] * 251), "251 columns"),
        (b"\xff\xfea", "not in UTF-16-LE"),
    ],
)
def test_no_csv_file(content: bytes, message: str) -> None:
    """What is none is refused with a sentence."""
    with pytest.raises(Invalid, match=message) as refused:
        read_sheet(content)
    assert list(refused.value.fields) == ["file"]


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have a limited size and number of rows."""
    monkeypatch.setattr(sheet, "MOST_ROWS", 2)
    with pytest.raises(Invalid, match="more than 2 rows"):
        read_sheet(b"a\n1\n2\n3\n")
    monkeypatch.setattr(sheet, "MOST_CELLS", 3)
    with pytest.raises(Invalid, match="more than 3 cells"):
        read_sheet(b"a,b\n1,2\n3,4\n")
    monkeypatch.setattr(sheet, "MOST_BYTES", 3)
    with pytest.raises(Invalid, match="larger than"):
        read_sheet(b"a\n12")


@pytest.mark.parametrize(
    "text", ["=1+1", "-5", "a,=b", "@x", "\tx", "O'Neil", "a\n=1", " =1", "it's, fine", "+49 1"]
)
def test_there_and_back(text: str) -> None:
    """What was kept from being a formula is what it was when the file is read again."""
    content = csv_lines([["a", "b"], [text, "x"]])
    assert rows(content)[1][0] == text.replace("\r\n", "\n")
    assert without_guards("O'Neil") == "O'Neil"
