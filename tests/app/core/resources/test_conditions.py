"""Filters as JSON: what they mean, what is refused, and what of a row that is partly hidden."""

import json
from typing import Any
from uuid import uuid4

import pytest

from app.core.access import Access, Grant
from app.core.actor import SYSTEM, Actor
from app.core.errors import Invalid
from app.core.resources.conditions import Condition, Group, parse_filter
from app.testing.platform import Platform
from examples.inventory.module import Item, ItemService, PlaceService

DEEP: Any = {"quantity": 1}
for _ in range(7):
    DEEP = {"all": [DEEP]}


class TestParse:
    """Texts of filters."""

    def test_both(self) -> None:
        """Several conditions side by side must all hold; groups join others."""
        text = '{"quantity.min": 2, "any": [{"state": "new"}, {"price.empty": true}]}'

        assert parse_filter(Item.meta, text) == Group(
            "all",
            [
                Condition("quantity", "min", 2),
                Group(
                    "any",
                    [Condition("state", "is", "new"), Condition("price", "empty", value=True)],
                ),
            ],
        )

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ("{", "This filter is no JSON"),
            ("[]", "Write a filter like"),
            ("{}", "Write a filter like"),
            ("3", "Write a filter like"),
            ({"any": []}, "'any' joins a list of conditions"),
            ({"all": {}}, "'all' joins a list of conditions"),
            ({"size": 1}, "Nothing is filtered by 'size'"),
            ({"quantity.contains": "1"}, "Nothing is filtered by 'quantity.contains'"),
            ({"insured.empty": True}, "Nothing is filtered by 'insured.empty'"),
            ({"quantity": "1"}, "quantity: Must be a whole number"),
            ({"quantity.in": 1}, "quantity.in: Must be a list"),
            ({"quantity.in": list(range(101))}, "quantity.in: Give at most 100 values"),
            ({"place": "nowhere"}, "place: Must be a UUID"),
            ({"any": [{"quantity": 1}] * 51}, "'any' joins a list of conditions"),
            ({"any": [{"any": [{"quantity": 1}] * 30}] * 2}, "at most 50 conditions"),
            (DEEP, "at most 5 levels"),
        ],
    )
    def test_refused(self, given: Any, sentence: str) -> None:
        """Each in one sentence, at the field."""
        text = given if isinstance(given, str) else json.dumps(given)
        with pytest.raises(Invalid) as refused:
            parse_filter(Item.meta, text)

        assert sentence in refused.value.fields["filter"]


@pytest.mark.one_engine
class TestPartlyHidden:
    """Rows of which somebody sees more than of others."""

    async def test_words_and_labels(self, platform: Platform) -> None:
        """Without the name nothing is found by it; without the other noun its label is absent."""
        system = platform.caller(SYSTEM)
        shelf = await system(PlaceService.create, {"name": "Shelf"})
        await system(ItemService.create, {"name": "Chair", "place": str(shelf.id)})
        query = Item.meta.schemas.list_query

        def seeing(*grants: Grant) -> Any:
            who = Actor("user", "Ada", access=Access(grants), user_id=uuid4())
            return platform.caller(who)

        nameless = seeing(Grant("inventory.item.read", readable=frozenset({"quantity", "place"})))
        assert len(await nameless(ItemService.page, query(q="chair"))) == 0
        [item] = await nameless(ItemService.page, query())
        assert item.as_json()["place"] == {"id": str(shelf.id), "label": None}
        assert not item.has("name")

        whole = seeing(Grant("inventory.item.read"), Grant("inventory.place.read"))
        [item] = await whole(ItemService.page, query(q="chair"))
        assert item.place is not None
        assert item.place.label == "Shelf"
