"""Fields of any JSON."""

import json
import re
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, JsonValue
from pydantic_core import PydanticCustomError
from sqlalchemy import JSON, ColumnElement, Table

from app.core.errors import ModuleError
from app.core.resources.fields.base import Field

_NO_TEXT = re.compile(r"(?<!\\)(\\\\)*\\u0000|[\ud800-\udfff]")
"""How JSON writes NUL; and halves of characters."""


class Json(Field[Any]):
    """Any JSON, for facts of other systems; lists neither sort nor filter by it."""

    kind = "json"
    operators = ()
    is_sortable = False

    def __init__(self, *, most_bytes: int = 10_000, **common: Any) -> None:
        super().__init__(**({"listed": False} | common))
        self.most_bytes = most_bytes

    def column_type(self) -> Any:
        """JSON, where nothing is no value at all."""
        return JSON(none_as_null=True)

    @property
    def annotation(self) -> Any:
        """JSON of limited size."""
        return Annotated[JsonValue, AfterValidator(self._storable)]

    def _storable(self, value: Any) -> Any:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError) as error:
            code, message = "wrong_format", "This contains numbers that JSON does not know."
            raise PydanticCustomError(code, message) from error
        if len(text) > self.most_bytes:
            facts = {"most": self.most_bytes}
            raise PydanticCustomError("too_long", "Use at most {most} bytes of JSON.", facts)
        if _NO_TEXT.search(text):
            code, message = "wrong_characters", "This contains characters that are not text."
            raise PydanticCustomError(code, message)
        return value

    def example(self, number: int = 1) -> Any:
        """An object."""
        return {"number": number}

    def compared(self, table: Table, operator: str, value: Any) -> ColumnElement[bool]:
        """Only whether there is any."""
        if operator != "empty":
            message = "JSON is not compared"
            raise ModuleError(message)
        return super().compared(table, operator, value)

    @property
    def all_operators(self) -> tuple[str, ...]:
        """Only whether there is any."""
        return () if self.required else ("empty",)

    def from_text(self, text: str) -> Any:
        """What the text means, or the text when it is no JSON."""
        if not text.strip():
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text

    def to_text(self, value: Any) -> str:
        """In one line."""
        return orjson.dumps(value).decode()
