"""The rows of a file as values of a resource's fields."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.core.errors import Invalid
from app.core.ids import parse_id
from app.core.resources.fields import Field, Reference
from app.core.resources.import_schemas import Outcome
from app.core.resources.resource import Meta
from app.core.sheet import Sheet, SheetRow
from app.core.validation import findings

ID = "id"
_AT_ONCE = 50
"""Rows that are read before others have their turn."""


@dataclass(frozen=True, slots=True)
class Named:
    """A record that a cell calls by its label."""

    label: str


@dataclass(slots=True, eq=False)
class Line:
    """One row of a file, or one record that is changed with others.

    Attributes:
        number: The number of the line in the file.
        values: By field; None for an empty cell. A reference is an id, or `Named`.
        key: The value by which it finds a record; None for none.
        problems: What is wrong with it, by field; at an empty name what is no field's fault.
        outcome: What became of it; empty while that is open.
        record_id: The record that it made or found.
    """

    number: int
    values: dict[str, Any]
    key: Any = None
    problems: dict[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    record_id: UUID | None = None

    def refuse(self, at: str, message: str) -> None:
        """Say what is wrong with a field; the first sentence about it stays."""
        self.problems.setdefault(at, message)


def suggested(meta: Meta, columns: Sequence[str]) -> list[str | None]:
    """The fields that columns seem to stand for, by name or title.

    Returns:
        For each column a field, empty for one that nobody sets, None for one that nothing is
        called.
    """
    known = {"id": ID}
    for name, each in meta.fields.items():
        known.setdefault(_compared(each.title), "" if each.read_only else name)
    for name, each in meta.fields.items():
        known[_compared(name)] = "" if each.read_only else name
    found = [known.get(_compared(column)) for column in columns]
    # A second column of the same name is none that it could stand for.
    return [name if not name or name not in found[:at] else None for at, name in enumerate(found)]


def mapped(meta: Meta, sheet: Sheet, columns: str | None) -> list[str]:
    """The field of each column; empty for a column that is left out.

    Raises:
        Invalid: A column stands for nothing, or two stand for the same.
    """
    if columns is None:
        fields = suggested(meta, sheet.columns)
        for column, name in zip(sheet.columns, fields, strict=True):
            if name is None:
                message = (
                    f"No field of {meta.plural} is called {column[:60]!r}, or an earlier column "
                    "is. Rename the column, or say with `columns` what it stands for."
                )
                raise _wrong("columns", message)
        return [name or "" for name in fields]
    names = [name.strip() for name in columns.split(",")]
    if len(names) != len(sheet.columns):
        message = f"`columns` names {len(names)} fields, but the file has {len(sheet.columns)}."
        raise _wrong("columns", message)
    for at, name in enumerate(names):
        if name and name != ID and name not in meta.writable:
            message = f"{name[:60]!r} is no field of {meta.plural} that can be set."
            raise _wrong("columns", message)
        if name and name in names[:at]:
            message = f"Two columns stand for {name!r}."
            raise _wrong("columns", message)
    return names


def key_of(meta: Meta, fields: Sequence[str], key: str | None) -> str:
    """What rows find records by; empty for nothing.

    Raises:
        Invalid: It is nothing by which records are told apart, or no column has it.
    """
    if not key:
        return ID if ID in fields else ""
    if key != ID and not (key in meta.writable and meta.fields[key].unique):
        known = [ID, *(name for name, each in meta.writable.items() if each.unique)]
        message = f"A row finds its record by {', '.join(known)}, not by {key[:60]!r}."
        raise _wrong("key", message)
    if key not in fields:
        raise _wrong("key", f"No column of the file stands for {key!r}.")
    return key


async def read_lines(meta: Meta, sheet: Sheet, fields: Sequence[str], key: str) -> list[Line]:
    """The rows as values, as far as fields accept them; others are told what is wrong."""
    reader = _Reader(meta, fields, key)
    lines = []
    for at, row in enumerate(sheet.rows):
        lines.append(reader.read(row))
        if at % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return lines


class _Reader:
    def __init__(self, meta: Meta, fields: Sequence[str], key: str) -> None:
        self._fields: list[tuple[int, Field[Any]]] = [
            (place, meta.fields[name]) for place, name in enumerate(fields) if name in meta.writable
        ]
        self._adapters: Mapping[str, TypeAdapter[Any]] = {
            each.name: TypeAdapter(each.annotation) for _, each in self._fields
        }
        self._key = key
        self._id = fields.index(ID) if key == ID else None

    def read(self, row: SheetRow) -> Line:
        line = Line(row.line, {})
        if row.problem:
            line.refuse("", row.problem)
            return line
        for place, each in self._fields:
            try:
                line.values[each.name] = self._value(each, row.cells[place])
            except ValidationError as error:
                [found, *_] = findings(error.errors(include_url=False))
                line.refuse(each.name, found.message)
        if self._id is not None:
            written = row.cells[self._id].strip()
            line.key = parse_id(written)
            if written and line.key is None:
                line.refuse(ID, "This is no id.")
        elif self._key:
            line.key = line.values.get(self._key)
        return line

    def _value(self, each: Field[Any], cell: str) -> Any:
        if isinstance(each, Reference):
            text = " ".join(cell.split())
            return (parse_id(text) or Named(text)) if text else None
        value = each.from_text(cell)
        return None if value is None else self._adapters[each.name].validate_python(value)


def _compared(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


def _wrong(field_name: str, message: str) -> Invalid:
    return Invalid(f"import.{field_name}.invalid", message, fields={field_name: message})
