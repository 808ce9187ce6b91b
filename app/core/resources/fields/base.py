"""What all types of fields share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from pydantic import TypeAdapter
from sqlalchemy import Column, ColumnElement, Table, func, literal, or_
from sqlalchemy.sql import operators

from app.core.paging import parse_text
from app.core.text import Flag

T = TypeVar("T")


UNSET: Any = object()


class Field(Generic[T]):
    """One field of a resource; on a record it reads as its value.

    Attributes:
        name: What the class calls it, e.g. `quantity`.
        kind: Name of the type: which cell, input and filter draw it.
        required: Whether a record cannot be without a value; see `optional`.
        operators: What a filter may ask, besides whether it is or is not a value.
    """

    kind: ClassVar[str] = ""
    operators: ClassVar[tuple[str, ...]] = ("in",)
    is_sortable: ClassVar[bool] = True

    def __init__(
        self,
        *,
        title: str = "",
        help: str = "",  # noqa: A002 - the word of the field
        default: T = UNSET,
        unique: bool = False,
        index: bool = False,
        listed: bool = True,
        sensitive: bool = False,
        read_only: bool = False,
    ) -> None:
        """Describe a field.

        Args:
            title: What people read; made of the name when not given.
            help: A sentence below its input, and its description in OpenAPI.
            default: What a new record has when nothing is said.
            unique: Whether no two records may have the same value.
            index: Whether the database keeps an index by which lists of millions are sorted.
            listed: Whether lists show it as a column from the start.
            sensitive: Whether its being shown is worth a record; see the setting `audit.reads`.
            read_only: Whether only the resource's own operations set it.
        """
        self.name = ""
        self.given_title = title
        self.help = help
        self.required = True
        self.default = default
        self.unique = unique
        self.index = index or unique
        self.listed = listed
        self.sensitive = sensitive
        self.read_only = read_only

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, record: None, owner: type) -> Self: ...
    @overload
    def __get__(self, record: object, owner: type) -> T: ...
    def __get__(self, record: object, owner: type) -> Any:
        """The field itself, or its value; a record's own attributes come first."""
        if record is None:
            return self
        # Python looks here only when the record has no such value.
        message = f"{self.name} of this {owner.__name__} was not read"
        raise AttributeError(message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def title(self) -> str:
        """What people read."""
        return self.given_title or self.name.replace("_", " ").capitalize()

    @property
    def has_default(self) -> bool:
        """Whether a new record need not say a value."""
        return self.default is not UNSET or not self.required

    @property
    def start(self) -> Any:
        """The value of a new record that says nothing."""
        return None if self.default is UNSET else self.default

    # What is stored

    def columns(self) -> list[Column[Any]]:
        """Its columns, of which the first has its name."""
        return [
            Column(self.name, self.column_type(), *self.column_rules(), nullable=not self.required)
        ]

    def column_type(self) -> Any:
        """The type of its column."""
        raise NotImplementedError

    def column_rules(self) -> Sequence[Any]:
        """What its column must obey, such as a foreign key."""
        return ()

    def unique_column(self) -> str:
        """The column in which no value may stand twice, when the field is unique."""
        return self.name

    def stored(self, value: Any) -> Mapping[str, Any]:
        """A value as its columns take it."""
        return {self.name: value}

    def selected(self, table: Table) -> Sequence[ColumnElement[Any]]:
        """What is read of a row."""
        return (table.c[self.name],)

    def loaded(self, *values: Any) -> Any:
        """The value of what was read; called when `is_plain` is False."""
        return values[0]

    width: ClassVar[int] = 1
    """How many values `selected` reads."""

    @property
    def is_plain(self) -> bool:
        """Whether what is read of a row is the value."""
        return type(self).loaded is Field.loaded

    # What is accepted and given out

    @property
    def annotation(self) -> Any:
        """What pydantic accepts as a value in JSON."""
        raise NotImplementedError

    @property
    def answer(self) -> Any:
        """What OpenAPI says of a value in answers."""
        return self.annotation

    def from_text(self, text: str) -> Any:
        """What a text in a form, file or address means; None for nothing. It is validated next."""
        return text

    def to_text(self, value: Any) -> str:
        """A value for files; what `from_text` reads."""
        return str(value)

    def to_cell(self, value: Any) -> Any:
        """A value for a cell of a file: a number where spreadsheets may add it up."""
        return self.to_text(value)

    def to_json(self, value: Any) -> Any:
        """A value as answers and audit entries write it."""
        return value

    def as_input(self, value: Any) -> Any:
        """A value as `annotation` accepts it."""
        return value

    @property
    def is_written_natively(self) -> bool:
        """Whether `to_bytes` writes a value without asking `to_json`."""
        return type(self).to_json is Field.to_json

    def example(self, number: int = 1) -> Any:
        """A value that is accepted, as JSON; another for each number, where there are so many."""
        raise NotImplementedError

    # How lists find and order it

    def sorted_by(self, table: Table) -> tuple[ColumnElement[Any], Callable[[Any], Any]]:
        """What lists are sorted by, which is never NULL; and what reads it from a cursor."""
        least, parse = self.least_and_parse()
        return self._never_null(table.c[self.name], least), parse

    def _never_null(self, column: ColumnElement[Any], least: Any) -> ColumnElement[Any]:
        if self.required:
            return column
        return func.coalesce(column, literal(least, column.type), type_=column.type)

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """What stands for no value in an order, and what reads a value from a cursor."""
        return "", parse_text

    def compared(self, table: Table, operator: str, value: Any) -> ColumnElement[bool]:
        """Whether a row has the value that a filter asks for.

        Args:
            table: The table.
            operator: `is`, `not`, `empty`, or one of `operators`; no value is not any value.
            value: Validated; several for `in`, a truth value for `empty`.
        """
        column: ColumnElement[Any] = table.c[self.name]
        if operator == "empty":
            return column.is_(None) if value else column.is_not(None)
        if operator == "in":
            return column.in_(value)
        if operator == "not":
            differs = column != value
            return differs if self.required else or_(column.is_(None), differs)
        compare = {"min": operators.ge, "max": operators.le}.get(operator, operators.eq)
        return column.operate(compare, value)

    def operand(self, operator: str) -> Any:
        """What pydantic accepts as the value of a filter."""
        return Flag if operator == "empty" else self.annotation

    def operand_from_text(self, text: str) -> Any:
        """What a text in an address asks for, to be validated next."""
        return self.from_text(text)

    @property
    def all_operators(self) -> tuple[str, ...]:
        """What a filter may ask."""
        return ("is", "not", *self.operators, *(() if self.required else ("empty",)))

    def describe(self) -> dict[str, Any]:
        """What drawing an input or a cell needs to know beyond the kind, as JSON."""
        return {}

    def problems(self) -> list[str]:
        """What contradicts itself, in sentences."""
        if self.default is UNSET:
            return []
        try:
            TypeAdapter(self.annotation).validate_python(self.as_input(self.default))
        except ValueError:
            return [f"the default {self.default!r} is no value that it accepts"]
        return []


def optional(field: Field[T]) -> "Field[T | None]":
    """Let records be without a value of this field; None stands for it.

    Empty texts of forms and files count as no value.
    """
    field.required = False
    return field  # type: ignore[return-value]  # the same object, whose values may now be None


class Ordered(Field[T]):
    """Base of types whose values are more or less."""

    operators = ("in", "min", "max")

    def __init__(
        self, *, minimum: T | None = None, maximum: T | None = None, **common: Any
    ) -> None:
        super().__init__(**common)
        self.minimum = minimum
        self.maximum = maximum

    def problems(self) -> list[str]:
        """As of all fields; and limits that leave nothing."""
        found = super().problems()
        minimum: Any = self.minimum
        if minimum is not None and self.maximum is not None and minimum > self.maximum:
            found.append(f"minimum {minimum} is more than maximum {self.maximum}")
        return found

    def describe(self) -> dict[str, Any]:
        """The limits."""
        limits = {"min": self.minimum, "max": self.maximum}
        return {name: self.to_json(value) for name, value in limits.items() if value is not None}
