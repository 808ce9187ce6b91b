"""Keyset pages: the next starts after the last row seen, so page 1,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, or_, tuple_
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


_MOST_FIRST_PAGES = 100
"""Statements of first pages that are kept of one list: few sizes and orders are asked for."""
MOST_SORTS = 3
"""Columns by which a list of a resource is sorted, one after the other."""


def sort_values(*columns: str) -> dict[str, Any]:
    """What OpenAPI tells of a `sort` parameter with these columns."""
    return {"enum": [sign + column for column in columns for sign in ("", "-")]}


def sort_pattern(*columns: str) -> dict[str, Any]:
    """The same where it may name several columns, separated by commas."""
    one = f"-?({'|'.join(columns)})"
    return {"pattern": f"^{one}(,{one}){{0,{MOST_SORTS - 1}}}$"}


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


@dataclass(frozen=True, slots=True)
class _Sort:
    """One column by which a list is sorted now."""

    name: str
    descending: bool
    column: SortColumn


class Keyset:
    """Sorts and cuts one list's query.

    Args:
        columns: The columns offered, by public name.
        default: The sort used when none is asked for, e.g. `-created_at`.
        key: The unique column that breaks ties.
        most: By how many columns a list can be sorted at once.
        usual: The statement of the list when nothing narrows it. Its first pages are kept, each as
            a statement of which SQLAlchemy knows all that it has to.
    """

    def __init__(
        self,
        columns: Mapping[str, SortColumn],
        *,
        default: str,
        key: InstrumentedAttribute[Any],
        most: int = 1,
        usual: Select[Any] | None = None,
    ) -> None:
        self.columns = columns
        self.default = default
        self._key = key
        self._most = most
        self._usual = usual
        self._first_pages: dict[tuple[str | None, int], Select[Any]] = {}

    def apply(self, statement: Select[Any], request: PageRequest) -> Select[Any]:
        """The statement for one row more than the page holds.

        Raises:
            Invalid: The sort column is unknown, or the cursor is not ours or of another sort.
        """
        if statement is not self._usual or request.cursor is not None:
            return self._applied(statement, request)
        key = (request.sort, request.limit)
        known = self._first_pages.get(key)
        if known is None:
            known = self._applied(statement, request)
            if len(self._first_pages) < _MOST_FIRST_PAGES:
                self._first_pages[key] = known
        return known

    def _applied(self, statement: Select[Any], request: PageRequest) -> Select[Any]:
        sorts = self._sorts(request)
        order = self._order(sorts)
        backward = False
        if request.cursor is not None:
            values, backward = self._decode(request, sorts)
            position = (
                values if len(order) > len(sorts) else [*values[: len(order) - 1], values[-1]]
            )
            statement = statement.where(
                _behind([(column, down != backward) for column, down in order], position)
            )
        ordered = [column.desc() if down != backward else column.asc() for column, down in order]
        return statement.order_by(*ordered).limit(request.limit + 1)

    def page(
        self, rows: Sequence[Any], request: PageRequest, convert: Callable[[Any], T]
    ) -> Page[T]:
        """Turn the rows that `apply`'s statement gave into a page.

        Args:
            rows: Objects or rows with the sort columns and the key as attributes.
            request: The same request.
            convert: Makes an item of a row.
        """
        sorts = self._sorts(request)
        backward = request.cursor is not None and self._decode(request, sorts)[1]
        more = len(rows) > request.limit
        shown = list(rows[: request.limit])
        if backward:
            shown.reverse()
        has_next = bool(shown) and (more if not backward else True)
        has_previous = bool(shown) and ((request.cursor is not None) if not backward else more)
        keys = [*(sort.column.column.key for sort in sorts), self._key.key]

        def cursor(row: Any, direction: str) -> str:
            return _encode([_written(sorts), direction, [getattr(row, key) for key in keys]])

        return Page[Any](
            items=[convert(row) for row in shown],
            next_cursor=cursor(shown[-1], "next") if has_next else None,
            previous_cursor=cursor(shown[0], "previous") if has_previous else None,
        )

    def _sorts(self, request: PageRequest) -> list[_Sort]:
        asked = self.default if request.sort is None else request.sort
        sorts: list[_Sort] = []
        for each in asked.split(","):
            name = each.removeprefix("-")
            column = self.columns.get(name)
            if column is None:
                allowed = ", ".join(self.columns)
                message = f"Cannot sort by {name!r}; allowed: {allowed}."
                raise Invalid("page.sort.unknown", message, fields={"sort": message})
            sorts.append(_Sort(name, each != name, column))
        if len(sorts) > self._most or len({sort.name for sort in sorts}) < len(sorts):
            columns = "1 column" if self._most == 1 else f"{self._most} columns"
            message = f"Sort by at most {columns}, by each once."
            raise Invalid("page.sort.too_many", message, fields={"sort": message})
        return sorts

    def _order(self, sorts: Sequence[_Sort]) -> list[tuple[InstrumentedAttribute[Any], bool]]:
        """The columns that matter, and whether they descend: up to the key, which is unique."""
        order = []
        for sort in sorts:
            order.append((sort.column.column, sort.descending))
            if sort.column.column is self._key:
                return order
        return [*order, (self._key, sorts[-1].descending)]

    def _decode(self, request: PageRequest, sorts: Sequence[_Sort]) -> tuple[list[Any], bool]:
        """The place that a cursor means: a value of each column and the key."""
        message = "This page link is damaged or belongs to another sort order. Start at page 1."
        error = Invalid("page.cursor.invalid", message, fields={"cursor": message})
        parsers = [*(sort.column.parse for sort in sorts), UUID]
        try:
            text = (request.cursor or "").encode()
            raw = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
            written, direction, values = json.loads(raw)
            position = [parse(value) for parse, value in zip(parsers, values, strict=True)]
        except _UNREADABLE as cause:
            raise error from cause
        if written != _written(sorts) or direction not in ("next", "previous"):
            raise error
        return position, direction == "previous"


def _written(sorts: Sequence[_Sort]) -> str:
    return ",".join(f"-{sort.name}" if sort.descending else sort.name for sort in sorts)


def _behind(
    order: Sequence[tuple[InstrumentedAttribute[Any], bool]], position: Sequence[Any]
) -> ColumnElement[bool]:
    """Whether a row comes after a place in an order of columns, some of which descend."""
    if len({down for _, down in order}) == 1:
        # An index over all columns is read once.
        return _compared([column for column, _ in order], order[0][1], position)
    ways: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for (column, down), value in zip(order, position, strict=True):
        ways.append(and_(*same, _compared([column], down, [value])))
        same.append(column == value)
    return or_(*ways)


def _compared(
    columns: Sequence[InstrumentedAttribute[Any]],
    less: bool,  # noqa: FBT001 - private
    values: Sequence[Any],
) -> ColumnElement[bool]:
    # As rows, since SQLAlchemy compares truth values in no other way.
    left = tuple_(*columns)
    return left < values if less else left > values


def _encode(values: list[Any]) -> str:
    text = json.dumps(values, default=_to_json, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _to_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
