"""State of the drawn pages of one record."""

from typing import Any
from uuid import uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.resources.fields import Link
from app.features.audit.permissions import AuditPermission
from app.features.resources.record_state import ResourceRecord
from app.features.roles.schemas import GrantSpec
from app.testing.platform import Platform
from examples.inventory.module import ItemService, PlaceService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

ITEMS, PLACES = "/inventory/items", "/inventory/places"


@pytest.mark.actor("admin")
class TestRecord:
    """One record."""

    async def test_shows(self, tab: Tab, make: Any) -> None:
        """Fields, facts and what can be done."""
        item = await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)

        state = await tab.of(ResourceRecord)
        assert (state.title, state.may_change, state.may_delete) == ("Lamp", True, True)
        assert [each["title"] for each in state.buttons] == ["Move…"]
        assert [each["label"] for each in state.tabs] == ["Details", "Activity"]
        assert [each["key"] for each in state.facts] == [
            "counted_at",
            "created_at",
            "updated_at",
            "id",
        ]

    async def test_missing(self, tab: Tab) -> None:
        """There is no such record."""
        for record_id in (uuid4(), "nonsense"):
            tab.at(f"{ITEMS}/{record_id}")
            await tab.call(ResourceRecord.load)

            assert (await tab.of(ResourceRecord)).missing

    async def test_conflict(self, tab: Tab, make: Any, platform: Platform) -> None:
        """Who comes second is shown both, in words, and chooses."""
        place = await make(PlaceService, name="Cellar")
        item = await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)
        change = {"state": "used", "place": place.id}
        await platform.caller(SYSTEM)(ItemService.update, item.id, change)

        form = {"name": "Lamp", "state": "broken", "place": "", "version": "1"}
        await tab.call(ResourceRecord.save, form)

        state = await tab.of(ResourceRecord)
        assert state.conflict.endswith("saved this item while you were typing.")
        assert list(state.conflict_fields) == [
            {"field": "State", "theirs": "Used", "yours": "Broken"},
            {"field": "Place", "theirs": "Cellar", "yours": ""},
        ]
        await tab.call(ResourceRecord.overwrite)
        after = await platform.caller(SYSTEM)(ItemService.get, item.id)
        assert (after.state, after.place) == ("broken", Link(place.id, "Cellar"))

    async def test_action(self, tab: Tab, make: Any, platform: Platform) -> None:
        """An action's form says what is wrong, and then does it."""
        place = await make(PlaceService, name="Cellar")
        item = await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)
        await tab.call(ResourceRecord.ask_action, "move")
        await tab.call(ResourceRecord.act, {"place": ""})
        assert list((await tab.of(ResourceRecord)).acting_errors) == ["place"]

        await tab.call(ResourceRecord.act, {"place": str(place.id)})

        state = await tab.of(ResourceRecord)
        assert state.acting == {}
        assert await tab.messages() == ["Moved."]
        after = await platform.caller(SYSTEM)(ItemService.get, item.id)
        assert after.place == Link(place.id, "Cellar")

    @pytest.mark.parametrize("name", ["", "delete", "create", "uow", "_delete", "undo", "change"])
    async def test_no_other_method(self, tab: Tab, make: Any, name: str) -> None:
        """Nothing but an action is called by its name."""
        item = await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)
        await tab.call(ResourceRecord.ask_action, name)
        await tab.call(ResourceRecord.act, {})

        assert await tab.messages() == []
        assert (await tab.of(ResourceRecord)).acting == {}

    async def test_delete(self, tab: Tab, make: Any) -> None:
        """The list opens."""
        item = await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)

        assert await tab.goes_to(ResourceRecord.delete) == ITEMS

    async def test_needed(self, tab: Tab, make: Any) -> None:
        """What others refer to stays, and the reason is said."""
        place = await make(PlaceService, name="Cellar")
        await make(ItemService, name="Lamp", place=place.id)
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(ResourceRecord.load)
        await tab.call(ResourceRecord.delete)

        assert await tab.messages() == [
            "There are items with this place; change these first.",
        ]

    async def test_activity(self, tab: Tab, make: Any) -> None:
        """The trail of a record, told by its description."""
        item = await make(ItemService, name="Lamp", state="used")
        tab.at(f"{ITEMS}/{item.id}")
        await tab.call(ResourceRecord.load)
        await tab.call(ResourceRecord.save, {"state": "broken", "version": "1"})
        await tab.call(ResourceRecord.load_activity)

        changed, made = (await tab.of(ResourceRecord)).activity
        assert (changed.what, made.what) == ("changed this item", "created this item")
        assert [(each["field"], each["before"], each["after"]) for each in changed.changes] == [
            ("State", "Used", "Broken")
        ]


@pytest.mark.actor(
    grants=[
        "inventory.item.read",
        GrantSpec(permission="inventory.item.update", writable=["name"]),
        str(AuditPermission.READ),
    ]
)
async def test_locked_fields(tab: Tab, make: Any, platform: Platform) -> None:
    """Who may change one field sends one field, whatever the form says."""
    item = await make(ItemService, name="Lamp", state="new")
    tab.at(f"{ITEMS}/{item.id}")
    await tab.call(ResourceRecord.load)
    state = await tab.of(ResourceRecord)
    assert [each["name"] for each in state.fields if not each["locked"]] == ["name"]
    assert not state.may_delete

    await tab.call(ResourceRecord.save, {"name": "Torch", "state": "broken", "version": "1"})

    after = await platform.caller(SYSTEM)(ItemService.get, item.id)
    assert (after.name, after.state) == ("Torch", "new")
