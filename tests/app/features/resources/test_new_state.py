"""State of the drawn form for a new record."""

from typing import Any
from uuid import UUID

import pytest

from app.core.actor import SYSTEM
from app.features.resources.new_state import NewResource
from app.features.roles.schemas import GrantSpec
from app.testing.platform import Platform
from examples.inventory.module import ItemService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

ITEMS, PLACES = "/inventory/items", "/inventory/places"


@pytest.mark.actor("admin")
class TestNew:
    """A new record."""

    async def test_starts_with_defaults(self, tab: Tab) -> None:
        """The form starts from what new records have."""
        tab.at(f"{ITEMS}/new")
        await tab.call(NewResource.load)

        fields = {each["name"]: each for each in (await tab.of(NewResource)).fields}
        assert (fields["quantity"]["value"], fields["state"]["value"]) == (0, "new")
        assert "counted_at" not in fields

    async def test_saves(self, tab: Tab, platform: Platform) -> None:
        """The record opens."""
        tab.at(f"{ITEMS}/new")
        form = {"name": "Lamp", "quantity": "3", "price": "12.5", "insured": True, "place": ""}

        address = await tab.goes_to(NewResource.save, form)

        item = await platform.caller(SYSTEM)(ItemService.get, UUID(address.rpartition("/")[2]))
        assert (item.name, item.quantity, str(item.price), item.insured) == (
            "Lamp",
            3,
            "12.50",
            True,
        )

    async def test_says_what_is_wrong(self, tab: Tab, make: Any) -> None:
        """Messages stand at their fields, also when the name is taken."""
        await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/new")

        await tab.call(NewResource.save, {"name": "Lamp", "quantity": "-3"})
        assert list((await tab.of(NewResource)).field_errors) == ["quantity"]
        await tab.call(NewResource.save, {"name": "Lamp", "quantity": "3"})
        assert list((await tab.of(NewResource)).field_errors) == ["name"]

    @pytest.mark.actor(
        grants=[GrantSpec(permission="inventory.item.create", writable=["quantity"])],
    )
    async def test_names_what_is_out_of_reach(self, tab: Tab) -> None:
        """Who may not set what is needed is told before typing."""
        tab.at(f"{ITEMS}/new")
        await tab.call(NewResource.load)

        state = await tab.of(NewResource)
        assert state.locked == ["Name"]
        assert [each["name"] for each in state.fields] == ["quantity"]
