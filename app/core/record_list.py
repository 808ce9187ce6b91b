"""What a list shows: rows as somebody may see them, written in one pass."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel
from pydantic_core import to_json

if TYPE_CHECKING:
    from app.core.paging import Page
    from app.core.rows import Rows

R = TypeVar("R")

ALWAYS_SHOWN = frozenset({"id", "version"})
"""What everybody may know who is answered at all: which record it is and in which version."""


class _Hidden:
    __slots__ = ()

    def __repr__(self) -> str:
        return "HIDDEN"


HIDDEN = _Hidden()
"""Stands in a row for a value that somebody may not see."""


@dataclass(slots=True)
class RecordList(ABC, Generic[R]):
    """Some records in order, and where their neighbours in the list begin.

    Attributes:
        names: What was read of each, in order; `id` first.
        rows: Their values; `HIDDEN` stands where somebody may not see one.
        next_cursor: Of the next page; None on the last.
        previous_cursor: Of the page before; None on the first.
        is_masked: Whether a value may be hidden.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    is_masked: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        """Each as a record, which holds what may be seen of it."""
        return map(self._record, self._known(self.rows))

    @property
    def items(self) -> list[R]:
        """All of them as records."""
        return list(self)

    @abstractmethod
    def _record(self, known: dict[str, Any]) -> R:
        """A record of the values that may be seen of it."""

    def placed(self, page: "Page[Any]") -> Self:
        """The same at the place of a page."""
        self.next_cursor, self.previous_cursor = page.next_cursor, page.previous_cursor
        return self

    def mask(self, found: Sequence[Any], rows: "Rows") -> Self:
        """Hide the fields that may not be seen of each.

        Args:
            found: The same records, selected with the flags of `rows`.
            rows: Those that are reached.
        """
        partly = [
            (place, name)
            for place, name in enumerate(self.names)
            if name not in ALWAYS_SHOWN and not rows.shows_always(name)
        ]
        if not partly:
            return self
        self.is_masked = True
        shown: list[Sequence[Any]] = []
        for each, row in zip(self.rows, found, strict=True):
            readable = rows.readable(row)
            kept = list(each)
            if readable is not None:
                for place, name in partly:
                    if name not in readable:
                        kept[place] = HIDDEN
            shown.append(kept)
        self.rows = shown
        return self

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

    def _known(self, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """The values of rows by name; what is hidden is absent."""
        names = self.names
        if not self.is_masked:
            return [dict(zip(names, row, strict=True)) for row in rows]
        return [
            {name: each for name, each in zip(names, row, strict=True) if each is not HIDDEN}
            for row in rows
        ]

    def as_json(self) -> Sequence[Mapping[str, Any]]:
        """Each as `to_bytes` writes it; what is hidden is absent."""
        return self._known(self.rows)

    def page_bytes(self, **more: Any) -> bytes:
        """A page as REST answers it.

        Args:
            **more: What it tells besides.
        """
        return to_bytes({"items": self.as_json(), "next_cursor": self.next_cursor, **more})


def to_bytes(value: object) -> bytes:
    """JSON whose moments are written in UTC, like `2026-01-31T09:30:00Z`."""
    try:
        return orjson.dumps(value, _written, orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        # Numbers of more than 64 bits, which texts of JSON may hold.
        return to_json(value, inf_nan_mode="null", fallback=_written)


def _written(value: object) -> Any:
    if isinstance(value, BaseModel):
        return vars(value)
    # Drivers have identifiers of a type of their own.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError
