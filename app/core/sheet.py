"""CSV files that people send: bounded, in the encodings and separators that spreadsheets write."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from app.core.csv import SEPARATORS, Separator, without_guards
from app.core.errors import Invalid

Encoding = Literal["utf-8", "windows-1252"]

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 10_000
MOST_COLUMNS = 250
MOST_CELLS = 500_000
_LONGEST_CELL = 100_000
_LONGEST_NAME = 200

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""How a file begins that tells its encoding."""
_OTHER_FILES = (
    (b"PK\x03\x04", "This is a workbook or a ZIP archive, no CSV file; save it as CSV first."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook, no CSV file; save it as CSV first."),
    (b"%PDF", "This is a PDF document, no CSV file."),
    (b"\x89PNG", "This is a picture, no CSV file."),
    (b"\xff\xd8\xff", "This is a picture, no CSV file."),
    (b"GIF8", "This is a picture, no CSV file."),
    (b"\x1f\x8b", "This is a compressed file; unpack it first."),
)
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n")
"""The first line by which Excel tells itself the separator."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a file.

    Attributes:
        line: The number of the line on which it begins; the header usually is 1.
        cells: What stands in it, in the order of the columns.
        problem: Why it cannot be read as a row; empty if it can.
    """

    line: int
    cells: Sequence[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file that was read.

    Attributes:
        columns: The names in its first line; a column without a name is called *Column 3*.
        rows: All others, as far as anything stands in them.
        separator: What stands between cells.
    """

    columns: Sequence[str]
    rows: Sequence[SheetRow]
    separator: Separator


def read_sheet(
    content: bytes, *, separator: Separator | None = None, encoding: Encoding = "utf-8"
) -> Sheet:
    """Read a CSV file.

    Args:
        content: The file.
        separator: What stands between cells; None to find out by the first line.
        encoding: How letters are written, where the file does not tell by itself.

    Raises:
        Invalid: It is empty, too large, no CSV file, or not in this encoding.
    """
    text = _decoded(content, encoding)
    declared = _SEPARATOR_LINE.match(text)
    if separator is None:
        signs = {sign: name for name, sign in SEPARATORS.items()}
        separator = signs[declared[1]] if declared else _likely(text)
    skipped = 1 if declared else 0
    lines = _lines(text[declared.end() :] if declared else text, separator, skipped)
    header = next(lines, None)
    if header is None:
        raise _wrong("empty", "The file is empty.")
    names = [" ".join(cell.split()) for cell in header.cells]
    if len(names) > MOST_COLUMNS:
        raise _wrong("columns", f"The file has {len(names):,} columns; {MOST_COLUMNS} is the most.")
    rows: list[SheetRow] = []
    for row in lines:
        if len(rows) >= MOST_ROWS:
            message = f"The file has more than {MOST_ROWS:,} rows; split it."
            raise _wrong("rows", message)
        rows.append(row)
    if len(names) * len(rows) > MOST_CELLS:
        message = f"The file has more than {MOST_CELLS:,} cells; split it."
        raise _wrong("cells", message)
    used = max(map(_width, rows), default=0)
    while names and not names[-1] and len(names) > used:
        # Spreadsheets write separators for columns that somebody has emptied.
        names.pop()
    if not names:
        raise _wrong("header", "The first line has no names of columns.")
    columns = [_name(name, place) for place, name in enumerate(names, 1)]
    return Sheet(columns, [_fitting(row, len(columns)) for row in rows], separator)


def _decoded(content: bytes, encoding: Encoding) -> str:
    if len(content) > MOST_BYTES:
        message = f"The file is larger than {MOST_BYTES // 1024**2} MiB; split it."
        raise _wrong("size", message)
    for mark, message in _OTHER_FILES:
        if content.startswith(mark):
            raise _wrong("kind", message)
    marked = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), None)
    mark, name = marked or (b"", str(encoding))
    content = content[len(mark) :]
    if name.startswith("utf-8") and b"\0" in content:
        raise _wrong("kind", "The file contains NUL bytes, so it is no text and no CSV file.")
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = (
            f"Line {line} is not in {name.upper()}. Save the file as CSV in UTF-8, or say in "
            "which encoding it is."
        )
        raise _wrong("encoding", message) from error
    if "\0" in text:
        raise _wrong("kind", "The file contains NUL bytes, so it is no text and no CSV file.")
    if not text.strip():
        raise _wrong("empty", "The file is empty.")
    return text


def _likely(text: str) -> Separator:
    """The separator that stands most often in the first line, outside of quotation marks."""
    first = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    counts = {name: first.count(sign) for name, sign in SEPARATORS.items()}
    return max(counts, key=lambda name: counts[name])


def _lines(text: str, separator: Separator, skipped: int) -> Iterator[SheetRow]:
    """The rows in which anything stands, the header among them."""
    # A carriage return alone ends lines in files of old programs.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(StringIO(text, newline=""), delimiter=SEPARATORS[separator], strict=True)
    line = 1 + skipped
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _wrong("quotes", _explained(str(error), line)) from error
        if any(cell.strip() for cell in cells):
            yield SheetRow(line, [without_guards(cell) for cell in cells])
        line = reader.line_num + 1 + skipped


def _explained(problem: str, line: int) -> str:
    if "unexpected end" in problem:
        return f"A quotation mark that opens in line {line} is never closed."
    if "field larger" in problem:
        return f"A cell in line {line} is too long, or a quotation mark in it is never closed."
    return (
        f"Line {line} has a quotation mark in the middle of a cell; such a cell stands in "
        "quotation marks, and those within it are doubled."
    )


def _width(row: SheetRow) -> int:
    """How many cells there are up to the last one in which anything stands."""
    return max((place for place, cell in enumerate(row.cells, 1) if cell.strip()), default=0)


def _name(name: str, place: int) -> str:
    return name[:_LONGEST_NAME] or f"Column {place}"


def _fitting(row: SheetRow, width: int) -> SheetRow:
    """The row with as many cells as there are columns, or with what is wrong with it."""
    cells = list(row.cells)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) != width:
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        names = "1 column has a name" if width == 1 else f"{width} columns have names"
        return SheetRow(row.line, cells[:width], f"This row has {count}, but {names}.")
    if any(len(cell) > _LONGEST_CELL for cell in cells):
        message = f"A cell of this row has more than {_LONGEST_CELL:,} characters."
        return SheetRow(row.line, [cell[:_LONGEST_CELL] for cell in cells], message)
    return SheetRow(row.line, cells)


def _wrong(problem: str, message: str) -> Invalid:
    return Invalid(f"file.{problem}", message, fields={"file": message})
