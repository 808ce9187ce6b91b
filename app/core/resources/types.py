"""Column types that hold the same values on SQLite and on PostgreSQL."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

MOST_DIGITS = 18
"""Digits of an exact number: those of the whole numbers that SQLite compares and adds exactly."""


class ExactNumber(TypeDecorator[Decimal]):
    """A decimal number; SQLite, which knows only floating point, stores it as a whole number.

    Args:
        places: Digits after the point.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC, where the database has it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(MOST_DIGITS, self.places))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Shift the point to the right where whole numbers are stored."""
        if value is None or dialect.name == "postgresql":
            return value
        return int(value.scaleb(self.places).to_integral_value())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Shift it back."""
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]  # the driver gives decimals
        return Decimal(value).scaleb(-self.places)


class Seconds(TypeDecorator[timedelta]):
    """A length of time in whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """The seconds."""
        del dialect
        return None if value is None else round(value.total_seconds())

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """The length of time."""
        del dialect
        return None if value is None else timedelta(seconds=value)
