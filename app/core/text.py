"""Values from outside: what no field accepts, whatever pydantic would make of it."""

import re
import unicodedata
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

_INTEGER: Final = "int_type"
# Searched by the engine of expressions: a loop would take seconds for the text of a large body.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_MOST_COMPOSED = 2_000
"""Longer texts are too long for any field, however they are written."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def plain_text(value: object) -> object:
    """Refuse NUL and lone surrogates: no database stores them.

    Raises:
        PydanticCustomError: The text contains one.
    """
    if isinstance(value, str) and _NO_TEXT.search(value):
        code, message = "wrong_characters", "This contains characters that are not text."
        raise PydanticCustomError(code, message)
    return value


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""What turns the direction of all that follows, so that one text looks like another."""


_HIDDEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u2800"
    "\u3164\ufeff\uffa0\ufff0-\ufffb]"
)
"""What has no shape and no use in words, unlike what joins letters or signs to each other."""


def is_shown(text: str) -> bool:
    """Whether it is one line of text, all of which is seen, in the direction in which it is read.

    What changes the letter before it is accepted after one, and nowhere alone.
    """
    if text.isascii():
        return text.isprintable()
    return (
        not any(map(_turns_or_breaks, text))
        and not _HIDDEN.search(text)
        and (text.isspace() or any(map(_has_shape, text)))
    )


def _has_shape(character: str) -> bool:
    """Whether something is seen of it by itself; of what Unicode does not know yet, a box."""
    category = unicodedata.category(character)
    return category[0] in "LNPS" or category in ("Cn", "Co")


def _turns_or_breaks(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in _TURNING
    )


def shown_text(value: object) -> object:
    """Refuse what would not be seen as it is when the text is shown; for all but secrets.

    Raises:
        PydanticCustomError: The text contains a control character, such as a line feed, or one that
            changes the direction of writing.
    """
    if isinstance(value, str) and not is_shown(value):
        code, message = "wrong_characters", "This contains characters that cannot be shown."
        raise PydanticCustomError(code, message)
    return value


def shown_lines(value: object) -> object:
    """The same for text of several lines, in which tabs may stand.

    Raises:
        PydanticCustomError: A line contains what would not be seen as it is.
    """
    if isinstance(value, str):
        for line in value.replace("\r\n", "\n").split("\n"):
            shown_text(line.replace("\t", " "))
    return value


def composed_text(value: object) -> object:
    """The text with letters and their accents in one, before anybody counts its characters."""
    if isinstance(value, str) and not value.isascii() and len(value) <= _MOST_COMPOSED:
        return unicodedata.normalize("NFC", value)
    return value


def searchable(text: str) -> str:
    """The text without what is not seen, and a space for tabs and the like pasted with it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if _turns_or_breaks(each) else each for each in _HIDDEN.sub("", text))


def searched_text(value: object) -> object:
    """The same for a field of a schema."""
    return searchable(value) if isinstance(value, str) else value


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


def _in_every_zone(value: datetime) -> datetime:
    """Refuse what is no moment of the calendar in some time zone; there are some in every year.

    Raises:
        PydanticCustomError: It is in the calendar's first year or its last.
    """
    try:
        year = value.astimezone(UTC).year
    except OverflowError:
        year = MINYEAR
    if not MINYEAR < year < MAXYEAR:
        code = "not_allowed"
        message = f"Write a year from {MINYEAR + 1} to {MAXYEAR - 1}; leave it out for no limit."
        raise PydanticCustomError(code, message)
    return value


def whole_number(value: object) -> object:
    """Refuse texts and truth values, which would be taken for numbers.

    Raises:
        PydanticKnownError: The value is one.
    """
    if isinstance(value, str | bool):
        raise PydanticKnownError(_INTEGER)
    return value


def _written_flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


AnyMoment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
"""A date and time with its zone, as text; only to compare with."""

Moment = Annotated[AnyMoment, AfterValidator(_in_every_zone)]
"""The same to be stored, and shown to people anywhere."""

Flag = Annotated[bool, Field(strict=True)]
"""True or false, and neither 0 nor *yes*."""

WrittenFlag = Annotated[bool, Field(strict=True), BeforeValidator(_written_flag)]
"""The same as addresses write it: `true` or `false`."""

Version = Annotated[int, Field(ge=1), BeforeValidator(whole_number)]
"""The version of a record that a change is based on."""
