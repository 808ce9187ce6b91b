"""What people read when their input is wrong."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    HttpUrl,
    NaiveDatetime,
    PastDate,
    SecretStr,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from app.core import validation
from app.core.validation import Finding, findings, messages, summary


class Colour(StrEnum):
    """Some values."""

    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Thing(BaseModel, extra="forbid"):
    """Something with a needed field and a list."""

    name: str
    parts: list[Annotated[str, Field(max_length=3)]] = []


def wrong(kind: Any, value: object) -> list[Finding]:
    """What is said of a value that does not fit."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    return findings(refused.value.errors(include_input=False, include_url=False))


@pytest.mark.parametrize(
    ("kind", "value", "code", "message"),
    [
        (str, 1, "wrong_type", "Must be text."),
        (Annotated[str, Field(min_length=1)], "", "too_short", "Use at least 1 character."),
        (Annotated[str, Field(max_length=2)], "abc", "too_long", "Use at most 2 characters."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "too_long", "Give at most 1 value."),
        (Annotated[SecretStr, Field(min_length=1)], "", "too_short", "Use at least 1 character."),
        (Annotated[list[int], Field(min_length=2)], [1], "too_short", "Give at least 2 values."),
        (bool, "maybe", "wrong_type", "Must be true or false."),
        (int, "many", "wrong_type", "Must be a whole number."),
        (int, 1.5, "wrong_type", "Must be a whole number."),
        (int, "9" * 5000, "too_large", "This number is too large."),
        (float, "x", "wrong_type", "Must be a number."),
        (Annotated[int, Field(ge=1)], 0, "too_small", "Must be at least 1."),
        (Annotated[int, Field(gt=1)], 1, "too_small", "Must be more than 1."),
        (Annotated[int, Field(le=9)], 10, "too_large", "Must be at most 9."),
        (Annotated[int, Field(lt=9)], 9, "too_large", "Must be less than 9."),
        (Annotated[int, Field(multiple_of=5)], 9, "not_allowed", "Must be a multiple of 5."),
        (
            Annotated[Decimal, Field(decimal_places=1)],
            "1.25",
            "too_long",
            "Use at most 1 digit after the point.",
        ),
        (Colour, "pink", "not_allowed", "Must be red, blue or green."),
        (Literal["on", "off"], "?", "not_allowed", "Must be on or off."),
        (Literal["on"], "?", "not_allowed", "Must be on."),
        (Literal[1, 2], 3, "not_allowed", "Must be 1 or 2."),
        (list[int], 1, "wrong_type", "Must be a list."),
        (Thing, 1, "wrong_type", "Must be an object with named fields."),
        (
            UUID,
            "1",
            "wrong_format",
            "Must be a UUID, like 01890000-0000-7000-8000-000000000000.",
        ),
        (
            AwareDatetime,
            "2026-01-01T00:00:00",
            "wrong_format",
            "Write a date and time with its zone, like 2026-01-31T09:30:00Z.",
        ),
        (
            NaiveDatetime,
            "2026-01-01T00:00:00Z",
            "wrong_format",
            "Write a date and time without a zone.",
        ),
        (PastDate, date.max, "not_allowed", "Must be in the past."),
        (date, "soon", "wrong_format", "Write a date, like 2026-01-31."),
        (HttpUrl, "home", "wrong_format", "Write an address, like https://example.com."),
        (
            HttpUrl,
            "ftp://x.example",
            "not_allowed",
            "The address must begin with 'http' or 'https'.",
        ),
        (type[int], 1, "invalid", "This value is not valid."),
    ],
)  # fmt: skip
def test_sentence(kind: Any, value: object, code: str, message: str) -> None:
    """Each kind of problem has a code and a sentence with its own limits."""
    assert wrong(kind, value) == [Finding("body", code, message)]


def test_place() -> None:
    """A problem is named by its field, without the part of the request that it stands in."""
    found = findings(
        [
            {"type": "missing", "loc": ("query", "q")},
            {"type": "missing", "loc": ("body", "roles", 0)},
            {"type": "missing", "loc": ("body",)},
            {"type": "string_type", "loc": ("q",)},
        ]
    )

    assert [finding.field for finding in found] == ["q", "roles.0", "body"]
    assert found[0].message == "This is required."


def test_together() -> None:
    """Several problems are told one after the other, each with its field."""
    found = wrong(Thing, {"parts": ["long part"], "size": 1})

    assert messages(found) == {
        "name": "This is required.",
        "parts.0": "Use at most 3 characters.",
        "size": "There is no such field.",
    }
    assert summary(found) == (
        "name: This is required. parts.0: Use at most 3 characters. size: There is no such field."
    )


def test_sentence_of_a_validator() -> None:
    """What a validator of ours says is kept."""
    problem = PydanticCustomError("wrong_colour", "Pink is not a colour.")
    found = findings([{"type": problem.type, "loc": ("colour",), "msg": problem.message()}])

    assert found == [Finding("colour", "wrong_colour", "Pink is not a colour.")]


@pytest.mark.parametrize("kind", sorted(validation._THEIRS))
def test_no_words_of_others(kind: str) -> None:
    """Whatever pydantic finds, its own words and what it is about are left out."""
    [found] = findings([{"type": kind, "loc": ("x",), "msg": "Input should be a SECRET"}])

    assert found.message
    assert "Input" not in found.message
    assert "{" not in found.message
