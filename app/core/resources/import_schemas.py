"""What callers say of a file that is imported, and what they are told of its rows."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.csv import Separator
from app.core.sheet import MOST_ROWS, Encoding
from app.core.text import WrittenFlag

MOST_PROBLEMS = 1000
"""What is wrong with rows is told so often; more is counted."""
_LONGEST_COLUMNS = 4000
Outcome = Literal["created", "updated", "unchanged", "refused"]


class ImportQuery(BaseModel):
    """How a file is read, and what becomes of its rows."""

    model_config = ConfigDict(extra="forbid")

    columns: Annotated[str, Field(max_length=_LONGEST_COLUMNS)] | None = Field(
        default=None,
        description="The fields that the file's columns stand for, in order and separated by "
        "commas: `name,quantity,,place`; a column with nothing is left out. If absent, the first "
        "line names fields, or says their titles.",
    )
    key: Annotated[str, Field(max_length=60)] | None = Field(
        default=None,
        description="The field by which a row finds the record that it changes: `id`, or one in "
        "which no value stands twice. A row that finds none is new; with `id`, only if it has "
        "none. If absent, `id` where the file has that column; else all rows are new.",
    )
    mode: Literal["all_or_nothing", "skip_bad"] = Field(
        default="all_or_nothing",
        description="What happens when rows are refused: nothing is saved, or only the others.",
    )
    separator: Separator | None = Field(
        default=None, description="Between cells; found out by the first line if absent."
    )
    encoding: Encoding = Field(
        default="utf-8",
        description="How letters are written, unless the file says that itself by a mark.",
    )
    dry_run: WrittenFlag = Field(
        default=False, description="Whether only to tell what the import would do."
    )


class ImportedRow(BaseModel):
    """What became of one row."""

    line: int = Field(description="Of the file, on which the row begins.")
    outcome: Outcome
    id: UUID | None = Field(default=None, description="The record; null if there is none.")


class RowProblem(BaseModel):
    """What is wrong with one row."""

    line: int
    field: str = Field(description="Empty when it is no single field.")
    message: str


class ImportReport(BaseModel):
    """What an import did, or would do."""

    is_saved: bool = Field(
        description="Whether rows were saved, or would be by an import that is no dry run."
    )
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    key: str = Field(default="", description="What rows found records by; empty for nothing.")
    columns: list[str] = Field(
        default=[], description="The fields of the file's columns; empty for one that is left out."
    )
    rows: list[ImportedRow] = Field(default=[], max_length=MOST_ROWS)
    problems: list[RowProblem] = Field(default=[], max_length=MOST_PROBLEMS)
    problems_left_out: int = Field(default=0, description="How many more there are.")
    entry_id: UUID | None = Field(
        default=None, description="The audit entry from which the import can be taken back."
    )


class SheetPreview(BaseModel):
    """A file before it is imported.

    Attributes:
        columns: What its columns are called.
        suggested: For each the field that it seems to stand for; empty for none.
        rows: The first few, cells cut short.
        total: How many there are.
        separator: What stands between cells.
    """

    columns: list[str]
    suggested: list[str]
    rows: list[list[str]]
    total: int
    separator: Separator
