"""Keyset pages: the next starts after the last row seen, so page 1,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.core.errors import Invalid
from app.core.text import plain_text

T = TypeVar("T")

DEFAULT_SIZE = 50
MAX_SIZE = 200

# What reading a cursor made by somebody else can raise.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)


class Page(BaseModel, Generic[T]):
    """Some rows of a list, in order, and where its neighbours start."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Pass as `cursor` for the next page; null on the last one."
    )
    previous_cursor: str | None = Field(default=None, exclude=True)


class PageRequest(BaseModel):
    """Which page of a list is asked for."""

    cursor: str | None = Field(
        default=None, max_length=2000, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Rows per page.")
    sort: str | None = Field(
        default=None, max_length=100, description="Column to sort by; `-` in front reverses."
    )


def sort_values(*columns: str) -> dict[str, Any]:
    """What OpenAPI tells of a `sort` parameter with these columns."""
    return {"enum": [sign + column for column in columns for sign in ("", "-")]}


def parse_text(value: Any) -> str:
    """A text from a cursor, such as a database can hold."""
    if not isinstance(value, str):
        raise TypeError(value)
    plain_text(value)
    return value


def parse_time(value: Any) -> datetime:
    """An aware datetime from a cursor, in UTC."""
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise ValueError(value)
    return parsed.astimezone(UTC)


@dataclass(frozen=True)
class SortColumn:
    """A column that a list can be sorted by; it must be NOT NULL and indexed with the id."""

    column: InstrumentedAttribute[Any]
    parse: Callable[[Any], Any] = parse_text


class Keyset:
    """Sorts and cuts one list's query.

    Args:
        columns: The columns offered, by public name.
        default: The sort used when none is asked for, e.g. `-created_at`.
        key: The unique column that breaks ties.
    """

    def __init__(
        self, columns: Mapping[str, SortColumn], *, default: str, key: InstrumentedAttribute[Any]
    ) -> None:
        self.columns = columns
        self.default = default
        self._key = key

    def apply(self, statement: Select[Any], request: PageRequest) -> Select[Any]:
        """The statement for one row more than the page holds.

        Raises:
            Invalid: The sort column is unknown, or the cursor is not ours or of another sort.
        """
        name, descending, column = self._sort(request)
        order: Sequence[InstrumentedAttribute[Any]] = (column.column, self._key)
        if column.column is self._key:
            order = (self._key,)
        backward = False
        if request.cursor is not None:
            values, backward = self._decode(request, name, descending, column)
            position = values if len(order) > 1 else values[1:]
            after = descending == backward
            left = tuple_(*order)
            statement = statement.where(left > position if after else left < position)
        reverse = descending != backward
        ordered = [part.desc() if reverse else part.asc() for part in order]
        return statement.order_by(*ordered).limit(request.limit + 1)

    def page(
        self, rows: Sequence[Any], request: PageRequest, convert: Callable[[Any], T]
    ) -> Page[T]:
        """Turn the rows that `apply`'s statement gave into a page.

        Args:
            rows: Objects or rows with the sort column and key as attributes.
            request: The same request.
            convert: Makes an item of a row.
        """
        name, descending, column = self._sort(request)
        backward = request.cursor is not None and self._decode(request, name, descending, column)[1]
        more = len(rows) > request.limit
        shown = list(rows[: request.limit])
        if backward:
            shown.reverse()
        has_next = bool(shown) and (more if not backward else True)
        has_previous = bool(shown) and ((request.cursor is not None) if not backward else more)

        def cursor(row: Any, direction: str) -> str:
            value = getattr(row, column.column.key)
            return _encode([name, descending, direction, value, getattr(row, self._key.key)])

        return Page[Any](
            items=[convert(row) for row in shown],
            next_cursor=cursor(shown[-1], "next") if has_next else None,
            previous_cursor=cursor(shown[0], "previous") if has_previous else None,
        )

    def _sort(self, request: PageRequest) -> tuple[str, bool, SortColumn]:
        sort = self.default if request.sort is None else request.sort
        descending = sort.startswith("-")
        name = sort.removeprefix("-")
        column = self.columns.get(name)
        if column is None:
            allowed = ", ".join(self.columns)
            message = f"Cannot sort by {name!r}; allowed: {allowed}."
            raise Invalid("page.sort.unknown", message, fields={"sort": message})
        return name, descending, column

    def _decode(
        self,
        request: PageRequest,
        name: str,
        descending: bool,  # noqa: FBT001 - as `_sort` gave it
        column: SortColumn,
    ) -> tuple[tuple[Any, Any], bool]:
        message = "This page link is damaged or belongs to another sort order. Start at page 1."
        error = Invalid("page.cursor.invalid", message, fields={"cursor": message})
        try:
            text = (request.cursor or "").encode()
            raw = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
            cursor_name, cursor_descending, direction, value, key = json.loads(raw)
            position = (column.parse(value), UUID(key))
        except _UNREADABLE as cause:
            raise error from cause
        if (cursor_name, cursor_descending) != (name, descending):
            raise error
        if direction not in ("next", "previous"):
            raise error
        return position, direction == "previous"


def _encode(values: list[Any]) -> str:
    text = json.dumps(values, default=_to_json, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _to_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
