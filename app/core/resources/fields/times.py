"""Fields of days, moments and lengths of time."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter
from pydantic import Field as SchemaField
from pydantic_core import PydanticCustomError
from sqlalchemy import Date as DateColumn

from app.core.models import UtcDateTime
from app.core.paging import parse_time
from app.core.resources.fields.base import Ordered
from app.core.resources.types import Seconds
from app.core.text import Moment as AwareMoment


class Date(Ordered[date]):
    """A day of the calendar, which is the same in every time zone."""

    kind = "date"
    is_written_natively = True

    def column_type(self) -> Any:
        """A date."""
        return DateColumn()

    @property
    def annotation(self) -> Any:
        """A date within the limits, written like `2026-01-31`."""
        return Annotated[
            date, SchemaField(ge=self.minimum, le=self.maximum), BeforeValidator(_written_date)
        ]

    def operand(self, operator: str) -> Any:
        """Any date."""
        if operator == "empty":
            return super().operand(operator)
        return Annotated[date, BeforeValidator(_written_date)]

    def example(self, number: int = 1) -> Any:
        """So many days after the minimum."""
        day = (self.minimum or date(2026, 1, 30)) + timedelta(days=number)
        return (day if self.maximum is None else min(day, self.maximum)).isoformat()

    def from_text(self, text: str) -> Any:
        """The date's text; None when it is empty."""
        return text.strip() or None

    def to_json(self, value: Any) -> Any:
        """Like `2026-01-31`."""
        return None if value is None else value.isoformat()

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return date.min, date.fromisoformat


class Moment(Ordered[datetime]):
    """A date and time, stored in UTC and shown in the reader's own zone."""

    kind = "moment"
    is_written_natively = True

    def column_type(self) -> Any:
        """Aware, in UTC."""
        return UtcDateTime()

    @property
    def annotation(self) -> Any:
        """A moment within the limits, written with its zone."""
        return Annotated[AwareMoment, SchemaField(ge=self.minimum, le=self.maximum)]

    def operand(self, operator: str) -> Any:
        """Any moment."""
        return super().operand(operator) if operator == "empty" else AwareMoment

    def example(self, number: int = 1) -> Any:
        """So many days after the minimum."""
        moment = (self.minimum or datetime(2026, 1, 30, 9, 30, tzinfo=UTC)) + timedelta(days=number)
        return self.to_json(moment if self.maximum is None else min(moment, self.maximum))

    def from_text(self, text: str) -> Any:
        """The moment's text; None when it is empty."""
        return text.strip() or None

    def to_json(self, value: Any) -> Any:
        """In UTC, like `2026-01-31T09:30:00Z`."""
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def to_text(self, value: Any) -> str:
        """The same."""
        return str(self.to_json(value))

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return datetime(1, 1, 2, tzinfo=UTC), parse_time


class Duration(Ordered[timedelta]):
    """A length of time in whole seconds; JSON writes it like `PT1H30M`."""

    kind = "duration"

    def __init__(self, *, minimum: timedelta = timedelta(), **common: Any) -> None:
        super().__init__(minimum=minimum, **common)

    def column_type(self) -> Any:
        """Seconds."""
        return Seconds()

    @property
    def annotation(self) -> Any:
        """A length of time within the limits."""
        return Annotated[
            timedelta,
            SchemaField(ge=self.minimum, le=self.maximum or timedelta(days=365_000)),
            BeforeValidator(_written_duration),
        ]

    def operand(self, operator: str) -> Any:
        """Any length of time."""
        if operator == "empty":
            return super().operand(operator)
        return Annotated[timedelta, BeforeValidator(_written_duration)]

    def example(self, number: int = 1) -> Any:
        """So many minutes above the minimum."""
        length = (self.minimum or timedelta()) + timedelta(minutes=number)
        return self.to_json(length if self.maximum is None else min(length, self.maximum))

    def from_text(self, text: str) -> Any:
        """The text; None when it is empty."""
        return text.strip() or None

    def to_json(self, value: Any) -> Any:
        """By ISO 8601, like `PT1H30M`."""
        return None if value is None else _DURATION.dump_python(value, mode="json")

    def to_text(self, value: Any) -> str:
        """The same."""
        return str(self.to_json(value))

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return timedelta(days=-400_000), _DURATION.validate_python


_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def _written_date(value: object) -> object:
    """Refuse numbers, which would be taken for seconds since 1970.

    Raises:
        PydanticCustomError: The value is a number, or a text that is none of a date.
    """
    written = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip(), re.ASCII)
    if not (written or (isinstance(value, date) and not isinstance(value, datetime))):
        code, message = "wrong_format", "Write a date, like 2026-01-31."
        raise PydanticCustomError(code, message)
    return value


def _written_duration(value: object) -> object:
    """Refuse numbers, which would be taken for seconds; accept hours and minutes, like `1:30`."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        clock = re.fullmatch(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d))?", value.strip(), re.ASCII)
        if clock:
            hours, minutes, seconds = (int(each or 0) for each in clock.groups())
            return timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if re.fullmatch(r"-?P[0-9A-Z.]{1,40}", value.strip(), re.ASCII):
            return value.strip()
    code, message = "wrong_format", "Write a length of time, like 1:30 or PT1H30M."
    raise PydanticCustomError(code, message)
