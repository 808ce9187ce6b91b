"""Filters as the form of a drawn list says them, and in words."""

from typing import Any

import orjson
import pytest

from app.core.errors import Invalid
from app.core.resources.conditions import parse_filter
from app.features.resources.filtering import filter_of, in_words, lines_of
from examples.inventory.module import Item

META = Item.meta
PLACE = "01a23246-db33-72e8-bec1-ca2e3739d069"


def form(*parts: Any, join: str = "all", **values: str) -> dict[str, Any]:
    """What the browser sends."""
    named = {f"value-{key}": value for key, value in values.items()}
    return {"filter": orjson.dumps({"join": join, "parts": parts}).decode(), **named}


def line(field: str, operator: str, key: str) -> dict[str, str]:
    """One condition."""
    return {"field": field, "operator": operator, "key": key}


NESTED = form(
    line("quantity", "min", "a"),
    {"join": "any", "parts": [line("state", "not", "b"), line("place", "is", "c")]},
    line("price", "empty", "d"),
    a="3",
    b="used",
    c=PLACE,
    d="true",
)


def test_there_and_back() -> None:
    """What the form says is the filter that the form shows."""
    text = filter_of(META, NESTED)
    asked = parse_filter(META, text)

    assert orjson.loads(text) == {
        "all": [
            {"quantity.min": 3},
            {"any": [{"state.not": "used"}, {"place": PLACE}]},
            {"price.empty": True},
        ]
    }
    assert lines_of(META, asked, {PLACE: "Cellar"}) == {
        "join": "all",
        "parts": [
            {"field": "quantity", "operator": "min", "value": 3},
            {
                "join": "any",
                "parts": [
                    {"field": "state", "operator": "not", "value": "used"},
                    {"field": "place", "operator": "is", "value": {"id": PLACE, "label": "Cellar"}},
                ],
            },
            {"field": "price", "operator": "empty", "value": "true"},
        ],
    }


def test_words() -> None:
    """Fields, choices and records have their names; groups stand in brackets."""
    asked = parse_filter(META, filter_of(META, NESTED))
    words = "Quantity at least 3 and (State is not Used or Place is Cellar) and Price is empty"
    assert in_words(META, asked, {PLACE: "Cellar"}) == words
    several = parse_filter(META, '{"state.in": ["new", "used"], "insured": true}')
    assert in_words(META, several, {}) == "State is one of New, Used and Insured is Yes"
    assert lines_of(META, several, {})["parts"][0]["join"] == "any"
    many = parse_filter(META, orjson.dumps({"name.contains": "x" * 190}).decode())
    assert len(in_words(META, many, {})) <= 160


@pytest.mark.parametrize("sent", [{}, {"filter": ""}, form(), form({"join": "any", "parts": []})])
def test_nothing(sent: dict[str, Any]) -> None:
    """A form without conditions asks for no filter."""
    assert filter_of(META, sent) == ""


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        (form(line("quantity", "min", "a")), "value-a"),
        (form(line("quantity", "min", "a"), a="many"), "value-a"),
        (form(line("state", "is", "a"), a="lost"), "value-a"),
        (form(line("place", "is", "a"), a="Cellar"), "value-a"),
        (form(line("colour", "is", "a"), a="red"), "filter"),
        (form(line("insured", "contains", "a"), a="x"), "filter"),
        (form(*[line("quantity", "min", "a")] * 51, a="1"), "filter"),
        (form("quantity"), "filter"),
        ({"filter": "{"}, "filter"),
        ({"filter": '{"parts": 3}'}, "filter"),
        ({"filter": "[1]"}, "filter"),
    ],
)
def test_wrong(sent: dict[str, Any], at: str) -> None:
    """What is wrong is said at the value, or of the whole."""
    with pytest.raises(Invalid) as refused:
        filter_of(META, sent)
    assert set(refused.value.fields) == {at}


def test_too_deep() -> None:
    """Groups within groups end somewhere."""
    part: dict[str, Any] = line("quantity", "min", "a")
    for _ in range(8):
        part = {"join": "any", "parts": [part]}
    with pytest.raises(Invalid):
        filter_of(META, form(part, a="1"))
