"""Rows as CSV: RFC 4180, UTF-8, safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import WrittenFlag

Separator = Literal["comma", "semicolon", "tab"]
SEPARATORS: Mapping[Separator, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}

# A program reads the file with a separator of its own choice, and drops what is not seen; wide
# signs are read as narrow ones in some languages.
_SEEN_THROUGH = r"[\s\"\x00-\x1f\u200b-\u200f\u2060\ufeff]"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(
    # Each run is looked at once, whatever follows it: a long one must not be tried from each place.
    rf"(?P<before>^|[,;|])?(?P<run>{_SEEN_THROUGH}++)(?P<sign>{_SIGN})?|(?:^|[,;|])(?={_SIGN})"
)
_BREAKS = re.compile(r"[\t\r\n]")
_BEGINS = re.compile(r"^(?=[\t\r\n])")
_GUARD = re.compile(rf"(^|[,;\t|\r\n])'(?={_SEEN_THROUGH}*{_SIGN})|^'(?=[\t\r\n])")
"""The apostrophes that `csv_lines` writes."""


@dataclass(frozen=True)
class CsvForm:
    """How a file is written.

    Attributes:
        separator: What stands between cells.
        bom: Whether the file begins with UTF-8's mark, by which Excel knows the encoding.
    """

    separator: Separator = "comma"
    bom: bool = False

    @property
    def mark(self) -> bytes:
        """How the file begins."""
        return "\ufeff".encode() if self.bom else b""


PLAIN = CsvForm()


class CsvQuery(BaseModel):
    """How a file is written."""

    model_config = ConfigDict(extra="forbid")

    separator: Separator = Field(
        default="comma",
        description="Between cells. Spreadsheets of many languages expect semicolons.",
    )
    bom: WrittenFlag = Field(
        default=False,
        description="Whether the file begins with UTF-8's mark, by which Excel knows the encoding.",
    )

    @property
    def form(self) -> CsvForm:
        """The same for those who write."""
        return CsvForm(self.separator, bom=self.bom)


def csv_lines(rows: Iterable[Sequence[object]], form: CsvForm = PLAIN) -> bytes:
    """The rows as lines of a CSV file.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, and so does
    a part of it that would be one for a spreadsheet with another separator.
    """
    text = StringIO()
    separator = SEPARATORS[form.separator]
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        return _BEGINS.sub("'", _FORMULA.sub(_guarded, value))
    return value


def _guarded(found: re.Match[str]) -> str:
    """The beginning of a formula with an apostrophe behind each separator."""
    before, run, sign = found["before"], found["run"], found["sign"]
    if run is None:
        return f"{found[0]}'"
    if sign is None:
        return found[0]
    start = "" if before is None else f"{before}'"
    return start + _BREAKS.sub(r"\g<0>'", run) + sign


def without_guards(cell: str) -> str:
    """A cell of a file without the apostrophes by which `csv_lines` keeps it from being a formula.

    Read back, a file that was written here means what it meant.
    """
    return _GUARD.sub(lambda found: found[1] or "", cell) if "'" in cell else cell
