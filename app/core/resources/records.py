"""What a list shows: rows of a resource as somebody may see them, written in one pass."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import orjson

from app.core.record_read import RecordList

if TYPE_CHECKING:
    from app.core.resources.resource import Resource

R = TypeVar("R", bound="Resource")


@dataclass(slots=True)
class Records(RecordList, Generic[R]):
    """Some records in order, and where their neighbours in the list begin.

    Attributes:
        resource: What they are.
        names: What was read of each, in order; `id` first.
        rows: Their values; `HIDDEN` stands where somebody may not see one.
        next_cursor: Of the next page; None on the last.
        previous_cursor: Of the page before; None on the first.
        total: How many match in all, when that was asked for.
        total_is_exact: Whether these are all, or only as many as were counted.
    """

    resource: type[R]
    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    total: int | None = None
    total_is_exact: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        """Each as a record, which holds what may be seen of it."""
        return (self.resource(**self._known(row)) for row in self.rows)

    def _known(self, row: Sequence[Any]) -> dict[str, Any]:
        pairs = zip(self.names, row, strict=True)
        if HIDDEN not in row:
            return dict(pairs)
        return {name: value for name, value in pairs if value is not HIDDEN}

    def column(self, name: str) -> list[Any]:
        """The values of one field, in order; empty where nobody reads it."""
        if name not in self.names:
            return []
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def replace_column(self, name: str, values: Sequence[Any]) -> None:
        """Put other values in place of those of one field."""
        if values:
            place = self.names.index(name)
            self.rows = [
                [*row[:place], value, *row[place + 1 :]]
                for row, value in zip(self.rows, values, strict=True)
            ]

    def as_json(self) -> Sequence[Mapping[str, Any]]:
        """Each as `to_bytes` writes it; what is hidden is absent."""
        fields = self.resource.meta.fields
        writers = [
            (place, fields[name].to_json)
            for place, name in enumerate(self.names)
            if name in fields and not fields[name].is_written_natively
        ]
        written = []
        for row in self.rows:
            values = list(row)
            for place, write in writers:
                if values[place] is not HIDDEN:
                    values[place] = write(values[place])
            written.append(self._known(values))
        return written

    def as_cells(self) -> Iterator[list[Any]]:
        """Each as a line of a file, with the columns that `file_columns` names."""
        fields = self.resource.meta.fields
        places = {name: place for place, name in enumerate(self.names)}
        for row in self.rows:
            cells: list[Any] = [str(row[0])]
            for name, field in fields.items():
                value = row[places[name]] if name in places else None
                if value is None or value is HIDDEN:
                    cells.append(None)
                else:
                    cells.append(field.to_cell(value))
            yield cells

    def page_bytes(self) -> bytes:
        """A page as REST answers it."""
        page: dict[str, Any] = {"items": self.as_json(), "next_cursor": self.next_cursor}
        if self.total is not None:
            page |= {"count": self.total, "count_is_exact": self.total_is_exact}
        return to_bytes(page)


def file_columns(resource: "type[Resource]") -> list[str]:
    """The first line of a file of records."""
    return ["id", *resource.meta.fields]


def to_bytes(value: object) -> bytes:
    """JSON whose moments are written in UTC, like `2026-01-31T09:30:00Z`."""
    return orjson.dumps(value, _written, orjson.OPT_UTC_Z)


def _written(value: object) -> str:
    # Drivers have identifiers of a type of their own.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


class _Hidden:
    __slots__ = ()

    def __repr__(self) -> str:
        return "HIDDEN"


HIDDEN = _Hidden()
"""Stands in a row for a value that somebody may not see."""
