"""Values from outside: what no field accepts, whatever pydantic would make of it."""

import re
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

_INTEGER: Final = "int_type"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def plain_text(value: object) -> object:
    """Refuse NUL and lone surrogates: no database stores them.

    Raises:
        PydanticCustomError: The text contains one.
    """
    if isinstance(value, str) and any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in value
    ):
        code, message = "wrong_characters", "This contains characters that are not text."
        raise PydanticCustomError(code, message)
    return value


def _written_moment(value: object) -> object:
    """Refuse numbers, which would be taken for seconds since 1970.

    Raises:
        PydanticCustomError: The value is a number, or a text that is one.
    """
    if isinstance(value, int | float) or (
        isinstance(value, str) and not _DATE.match(value.strip())
    ):
        code, message = (
            "wrong_format",
            "Write a date and time with its zone, like 2026-01-31T09:30:00Z.",
        )
        raise PydanticCustomError(code, message)
    return value


def _number(value: object) -> object:
    """Refuse texts and truth values, which would be taken for numbers.

    Raises:
        PydanticKnownError: The value is one.
    """
    if isinstance(value, str | bool):
        raise PydanticKnownError(_INTEGER)
    return value


def _written_flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
"""A date and time with its zone, as text."""

Flag = Annotated[bool, Field(strict=True)]
"""True or false, and neither 0 nor *yes*."""

WrittenFlag = Annotated[bool, Field(strict=True), BeforeValidator(_written_flag)]
"""The same as addresses write it: `true` or `false`."""

Version = Annotated[int, Field(ge=1), BeforeValidator(_number)]
"""The version of a record that a change is based on."""
