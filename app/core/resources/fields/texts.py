"""Fields of text."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, HttpUrl, TypeAdapter
from pydantic import Field as SchemaField
from pydantic_core import PydanticCustomError
from sqlalchemy import Column, ColumnElement, String, Table
from sqlalchemy import Text as TextColumn

from app.core.emails import normalise_email
from app.core.folding import order_key
from app.core.models import order_column
from app.core.names import name_key
from app.core.paging import parse_text
from app.core.resources.fields.base import Field
from app.core.text import composed_text, plain_text, shown_lines, shown_text

_LONGEST_KEY = 1000


class Text(Field[str]):
    """One line of text.

    People find it by parts of its words when `search` is set; it is sorted as alphabets are.
    """

    kind = "text"
    operators = ("in", "contains")

    def __init__(
        self,
        *,
        longest: int = 200,
        search: bool = False,
        pattern: str = "",
        example: str = "",
        **common: Any,
    ) -> None:
        """Describe a text.

        Args:
            longest: Most characters.
            search: Whether records are found by its words.
            pattern: A regular expression that the whole text must match.
            example: A text that is accepted; `{}` in it stands for a number that makes another.
            **common: What all fields take; see `Field`.
        """
        super().__init__(**common)
        self.longest = longest
        self.search = search
        self.pattern = pattern
        self._example = example

    def column_type(self) -> Any:
        """A string of limited length."""
        return String(self.longest)

    def columns(self) -> list[Column[Any]]:
        """The text; what it is sorted by; and its key, by which no other may look the same."""
        columns = [
            *super().columns(),
            Column(f"{self.name}_order", order_column().type, nullable=False, server_default=""),
        ]
        if self.unique:
            columns.append(Column(f"{self.name}_key", String(_LONGEST_KEY), nullable=True))
        return columns

    def unique_column(self) -> str:
        """Its key: texts that look the same are the same."""
        return f"{self.name}_key"

    def stored(self, value: Any) -> Mapping[str, Any]:
        """The text with what it is sorted by and known by."""
        stored = {self.name: value, f"{self.name}_order": order_key(value or "")}
        if self.unique:
            stored[f"{self.name}_key"] = None if value is None else name_key(value)[:_LONGEST_KEY]
        return stored

    @property
    def annotation(self) -> Any:
        """One line, all of which is seen, without space around it."""
        return Annotated[
            str,
            SchemaField(
                min_length=1,
                max_length=self.longest,
                pattern=f"^(?:{self.pattern})$" if self.pattern else None,
            ),
            BeforeValidator(_stripped),
            BeforeValidator(shown_text),
            BeforeValidator(composed_text),
        ]

    def from_text(self, text: str) -> Any:
        """The text; None when it is empty."""
        return text.strip() or None

    def example(self, number: int = 1) -> Any:
        """A text with this number in it."""
        return (self._example or f"{self.title} {{}}").format(number)[: self.longest]

    def problems(self) -> list[str]:
        """As of all fields; and a pattern that is none, or that the example does not match."""
        try:
            matches = not self.pattern or re.fullmatch(self.pattern, self.example())
        except re.error as error:
            return [f"the pattern {self.pattern!r} is no regular expression: {error}"]
        if not matches:
            return [f"say an example= that the pattern {self.pattern!r} accepts"]
        return super().problems()

    def sorted_by(self, table: Table) -> tuple[ColumnElement[Any], Callable[[Any], Any]]:
        """As alphabets are."""
        return table.c[f"{self.name}_order"], parse_text

    def compared(self, table: Table, operator: str, value: Any) -> ColumnElement[bool]:
        """As of all fields; and whether the letters stand anywhere in it, accents aside."""
        if operator == "contains":
            return table.c[f"{self.name}_order"].contains(order_key(value), autoescape=True)
        return super().compared(table, operator, value)

    def operand(self, operator: str) -> Any:
        """Texts of any length up to the longest."""
        if operator == "empty":
            return super().operand(operator)
        return Annotated[str, SchemaField(max_length=self.longest), BeforeValidator(plain_text)]

    def describe(self) -> dict[str, Any]:
        """How long it may be."""
        return {"longest": self.longest}


class LongText(Field[str]):
    """Text of several lines."""

    kind = "long_text"
    operators = ()
    is_sortable = False

    def __init__(self, *, longest: int = 10_000, **common: Any) -> None:
        super().__init__(**({"listed": False} | common))
        self.longest = longest

    def column_type(self) -> Any:
        """A text without a limit of the database's own."""
        return TextColumn()

    @property
    def annotation(self) -> Any:
        """Lines, all of which are seen."""
        return Annotated[
            str,
            SchemaField(min_length=1, max_length=self.longest),
            BeforeValidator(shown_lines),
            BeforeValidator(composed_text),
        ]

    def example(self, number: int = 1) -> Any:
        """Two lines."""
        return f"First line of {number}\nSecond line"[: self.longest]

    def from_text(self, text: str) -> Any:
        """The text, with line feeds alone between its lines; None when it is empty."""
        return text.replace("\r\n", "\n") if text.strip() else None

    def describe(self) -> dict[str, Any]:
        """How long it may be."""
        return {"longest": self.longest}


class Markdown(LongText):
    """Text of several lines that is shown as Markdown formats it."""

    kind = "markdown"


class Colour(Field[str]):
    """A colour, like `#1a7f37`."""

    kind = "colour"
    is_sortable = False

    def column_type(self) -> Any:
        """Seven signs."""
        return String(7)

    @property
    def annotation(self) -> Any:
        """A sign and six hexadecimal digits."""
        return Annotated[str, SchemaField(pattern="^#[0-9a-f]{6}$"), BeforeValidator(_lower_case)]

    def example(self, number: int = 1) -> Any:
        """A shade of blue."""
        return f"#0000{number % 256:02x}"

    def from_text(self, text: str) -> Any:
        """The colour; None when it is empty."""
        return text.strip() or None


class Email(Text):
    """An e-mail address."""

    kind = "email"

    def __init__(self, **common: Any) -> None:
        super().__init__(**({"longest": 254} | common))

    @property
    def annotation(self) -> Any:
        """An address as it is compared: without capitals, its domain in ASCII."""
        return Annotated[
            str,
            SchemaField(max_length=self.longest, json_schema_extra={"format": "email"}),
            AfterValidator(normalise_email),
        ]

    def example(self, number: int = 1) -> Any:
        """An address that nobody has."""
        return f"ada{number}@example.com"


class Url(Text):
    """An address of the web, beginning with `https://` or `http://`."""

    kind = "url"

    def __init__(self, **common: Any) -> None:
        super().__init__(**({"longest": 2000} | common))

    @property
    def annotation(self) -> Any:
        """An address that a link can lead to."""
        return Annotated[
            str,
            SchemaField(max_length=self.longest, json_schema_extra={"format": "uri"}),
            BeforeValidator(_stripped),
            BeforeValidator(shown_text),
            AfterValidator(_web_address),
        ]

    def example(self, number: int = 1) -> Any:
        """An address that leads nowhere."""
        return f"https://example.com/{number}"


def _stripped(value: object) -> object:
    return " ".join(value.split(" ")).strip() if isinstance(value, str) else value


def _lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _web_address(value: str) -> str:
    """Refuse what is no address of the web, such as `javascript:`.

    Raises:
        PydanticCustomError: It is none.
    """
    try:
        _URL.validate_python(value)
    except ValueError:
        code, message = "wrong_format", "Write an address, like https://example.com."
        raise PydanticCustomError(code, message) from None
    return value


_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)
