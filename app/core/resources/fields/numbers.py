"""Fields of numbers and of money."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, create_model
from pydantic import Field as SchemaField
from pydantic_core import PydanticCustomError
from sqlalchemy import BigInteger, Column, ColumnElement, String, Table

from app.core.paging import parse_text
from app.core.resources.fields.base import Field, Ordered
from app.core.resources.types import MOST_DIGITS, ExactNumber
from app.core.text import Flag, whole_number

_LARGEST_WHOLE_NUMBER = 2**53 - 1
"""The largest whole number that JavaScript, and so every reader of JSON, keeps exact."""


class Integer(Ordered[int]):
    """A whole number."""

    kind = "integer"

    def to_cell(self, value: Any) -> Any:
        """The number."""
        return value

    def column_type(self) -> Any:
        """Eight bytes."""
        return BigInteger()

    @property
    def annotation(self) -> Any:
        """A whole number within the limits, which every reader of JSON keeps exact."""
        least = -_LARGEST_WHOLE_NUMBER if self.minimum is None else self.minimum
        most = _LARGEST_WHOLE_NUMBER if self.maximum is None else self.maximum
        return Annotated[int, SchemaField(ge=least, le=most), BeforeValidator(whole_number)]

    def operand(self, operator: str) -> Any:
        """Any whole number."""
        limits = SchemaField(ge=-_LARGEST_WHOLE_NUMBER, le=_LARGEST_WHOLE_NUMBER)
        if operator == "empty":
            return super().operand(operator)
        return Annotated[int, limits, BeforeValidator(whole_number)]

    def example(self, number: int = 1) -> Any:
        """So much above the minimum."""
        value = (self.minimum or 0) + number
        return value if self.maximum is None else min(value, self.maximum)

    def from_text(self, text: str) -> Any:
        """The number, or the text when it is none."""
        text = text.strip()
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,16}", text, re.ASCII) else text or None

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return -(2**63), _parse_whole_number


class Number(Ordered[Decimal]):
    """An exact number with digits after the point; JSON writes it as a text, like `"12.50"`."""

    kind = "number"

    def __init__(self, *, places: int = 2, **common: Any) -> None:
        """Describe a number.

        Args:
            places: Digits after the point.
            **common: `minimum`, `maximum` and what all fields take; see `Field`.
        """
        super().__init__(**common)
        self.places = places

    def column_type(self) -> Any:
        """Exact on every database."""
        return ExactNumber(self.places)

    @property
    def annotation(self) -> Any:
        """A number within the limits, with as many digits as there is room for."""
        return Annotated[
            Decimal,
            SchemaField(
                ge=self.minimum,
                le=self.maximum,
                max_digits=MOST_DIGITS,
                decimal_places=self.places,
                allow_inf_nan=False,
            ),
            AfterValidator(self._with_places),
        ]

    def _with_places(self, value: Decimal) -> Decimal:
        try:
            return value.quantize(Decimal(1).scaleb(-self.places))
        except InvalidOperation:
            code, message = "too_large", "This number is too large."
            raise PydanticCustomError(code, message) from None

    def operand(self, operator: str) -> Any:
        """Any number with so many digits."""
        if operator == "empty":
            return super().operand(operator)
        digits = SchemaField(
            max_digits=MOST_DIGITS, decimal_places=self.places, allow_inf_nan=False
        )
        return Annotated[Decimal, digits, AfterValidator(self._with_places)]

    def example(self, number: int = 1) -> Any:
        """So much above the minimum."""
        value = Decimal(self.minimum or 0) + number
        return self.to_json(value if self.maximum is None else min(value, Decimal(self.maximum)))

    def from_text(self, text: str) -> Any:
        """The number's text; None when it is empty."""
        return text.strip() or None

    def to_json(self, value: Any) -> Any:
        """As a text, which nobody rounds."""
        return None if value is None else f"{value:.{self.places}f}"

    def to_text(self, value: Any) -> str:
        """With all its digits."""
        return str(self.to_json(value))

    def to_cell(self, value: Any) -> Any:
        """The number."""
        return value

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return (1 - Decimal(10**MOST_DIGITS)).scaleb(-self.places), self._parse

    def _parse(self, value: Any) -> Decimal:
        try:
            return Decimal(parse_text(value)).quantize(Decimal(1).scaleb(-self.places))
        except InvalidOperation as error:
            raise ValueError(value) from error

    def describe(self) -> dict[str, Any]:
        """Limits, and digits after the point."""
        return super().describe() | {"places": self.places}


@dataclass(frozen=True, slots=True)
class Amount:
    """Some money.

    Attributes:
        amount: How much, exact.
        currency: Of which currency, by ISO 4217: `EUR`.
    """

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Money(Field[Amount]):
    """An amount of money with its currency; lists sort and filter it by the amount alone.

    Args:
        currencies: Those that are accepted, by ISO 4217; the first is offered first.
        places: Digits after the point.
    """

    kind = "money"
    operators = ("min", "max")
    width = 2

    def __init__(
        self,
        currencies: Sequence[str],
        *,
        places: int = 2,
        minimum: Decimal | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.currencies = tuple(currencies)
        self._number = Number(places=places, minimum=minimum)
        self._schema: Any = None

    def columns(self) -> list[Column[Any]]:
        """The amount, and beside it the currency."""
        return [
            *super().columns(),
            Column(f"{self.name}_currency", String(3), nullable=not self.required),
        ]

    def column_type(self) -> Any:
        """Exact on every database."""
        return self._number.column_type()

    def stored(self, value: Any) -> Mapping[str, Any]:
        """Amount and currency."""
        amount, currency = (None, None) if value is None else (value.amount, value.currency)
        return {self.name: amount, f"{self.name}_currency": currency}

    def selected(self, table: Table) -> Sequence[ColumnElement[Any]]:
        """Amount and currency."""
        return table.c[self.name], table.c[f"{self.name}_currency"]

    def loaded(self, *values: Any) -> Any:
        """Both as one value."""
        amount, currency = values
        return None if amount is None else Amount(amount, currency)

    @property
    def annotation(self) -> Any:
        """`{"amount": "12.50", "currency": "EUR"}`."""
        if self._schema is None:
            self._schema = create_model(
                "Money",
                __config__=ConfigDict(extra="forbid"),
                amount=(self._number.annotation, ...),
                currency=(Literal[*self.currencies], ...),  # type: ignore[arg-type]  # made at run time
            )
        return Annotated[self._schema, AfterValidator(_amount_of)]

    def operand(self, operator: str) -> Any:
        """An amount, in whatever currency."""
        return Flag if operator == "empty" else self._number.operand(operator)

    def example(self, number: int = 1) -> Any:
        """So much of the first currency."""
        return {"amount": self._number.example(number), "currency": self.currencies[0]}

    def operand_from_text(self, text: str) -> Any:
        """An amount."""
        return self._number.from_text(text)

    def from_text(self, text: str) -> Any:
        """Like `12.50 EUR`; the first currency when none is said; None when it is empty."""
        amount, _, currency = text.strip().partition(" ")
        if not amount:
            return None
        return {"amount": amount, "currency": currency.strip() or self.currencies[0]}

    def as_input(self, value: Any) -> Any:
        """Amount and currency by name."""
        return self.to_json(value)

    def to_json(self, value: Any) -> Any:
        """Amount and currency by name."""
        if value is None:
            return None
        return {"amount": self._number.to_json(value.amount), "currency": value.currency}

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None comes before all."""
        return self._number.least_and_parse()

    def describe(self) -> dict[str, Any]:
        """The currencies, and the limits of the amount."""
        return self._number.describe() | {"currencies": list(self.currencies)}

    def problems(self) -> list[str]:
        """As of all fields; and currencies that there are not."""
        if not self.currencies:
            return ["it accepts no currency"]
        wrong = [each for each in self.currencies if not re.fullmatch("[A-Z]{3}", each)]
        return [
            f"{each!r} is no currency; write it like EUR" for each in wrong
        ] or super().problems()


def _amount_of(value: Any) -> Amount:
    return Amount(value.amount, value.currency)


def _parse_whole_number(value: Any) -> int:
    if not isinstance(value, int) or abs(value) > 2**63:
        raise TypeError(value)
    return value
