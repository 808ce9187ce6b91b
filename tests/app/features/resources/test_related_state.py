"""State of what refers to a record, with a module that has no pages of its own."""

from typing import Any
from uuid import UUID

import pytest

from app.features.resources.list_state import ResourceList
from app.features.resources.new_state import NewResource
from app.features.resources.record_state import ResourceRecord
from app.features.resources.related_state import RelatedRecords
from app.features.roles.schemas import GrantSpec
from examples.inventory.module import ItemService, PlaceService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

PLACES = "/inventory/places"
PANEL = "inventory.item.place"


@pytest.mark.actor("admin")
class TestPanels:
    """What refers to a record stands on its page."""

    async def test_shows(self, tab: Tab, make: Any) -> None:
        """The newest few, how many there are, and where all are and a new one is made."""
        place, other = await make(PlaceService, name="Cellar"), await make(PlaceService, name="B")
        for at in range(12):
            await make(ItemService, name=f"Box {at:02}", place=place.id)
        await make(ItemService, name="Elsewhere", place=other.id)
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.load)

        [panel] = (await tab.of(RelatedRecords)).panels
        assert (panel["title"], panel["count"], len(panel["rows"])) == ("Items", 12, 10)
        assert panel["rows"][0][1] == "Box 11"
        assert "place" not in [column["key"] for column in panel["columns"]]
        assert panel["all"] == f"/inventory/items?place={place.id}"
        assert panel["new"] == f"/inventory/items/new?place={place.id}"
        assert panel["attaches"]
        assert panel["detaches"]

    async def test_there_and_away(self, tab: Tab, make: Any, call: Any) -> None:
        """A record is added to it and taken away, each a change of that record."""
        place, item = await make(PlaceService, name="Cellar"), await make(ItemService, name="Box")
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.load)
        await tab.call(RelatedRecords.ask_attach, PANEL)
        await tab.call(RelatedRecords.find_records, "record", "box")
        state = await tab.of(RelatedRecords)
        assert [each["label"] for each in state.found["items"]] == ["Box"]
        await tab.call(RelatedRecords.attach, {"record": str(item.id)})
        assert (await call(ItemService.get, item.id)).place.label == "Cellar"
        await tab.call(RelatedRecords.detach, PANEL, str(item.id))
        assert (await call(ItemService.get, item.id)).place is None

    @pytest.mark.parametrize("chosen", ["", "x", str(UUID(int=7))])
    async def test_wrong(self, tab: Tab, make: Any, chosen: str) -> None:
        """Nothing chosen, or what is not there, is said in the dialog."""
        place = await make(PlaceService, name="Cellar")
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.ask_attach, PANEL)
        await tab.call(RelatedRecords.attach, {"record": chosen})

        state = await tab.of(RelatedRecords)
        assert state.attach_errors or state.attach_error
        assert state.attaching["key"] == PANEL

    async def test_new_one(self, tab: Tab, make: Any) -> None:
        """The form for a new one starts with what it is to refer to, and may start again."""
        place = await make(PlaceService, name="Cellar")
        tab.at(f"/inventory/items/new?place={place.id}")
        await tab.call(NewResource.load)
        state = await tab.of(NewResource)
        values = {each["name"]: each["value"] for each in state.fields}
        assert values["place"] == {"id": str(place.id), "label": "Cellar"}
        before = state.started
        await tab.call(NewResource.save, {"name": "Box", "create_another": True})
        await tab.call(NewResource.load)
        assert state.another
        assert state.started != before

    async def test_create_here(self, tab: Tab, make: Any) -> None:
        """What is missing is made by its name alone; a name that is taken is said."""
        item = await make(ItemService, name="Box")
        tab.at(f"/inventory/items/{item.id}")
        await tab.call(ResourceRecord.load)
        await tab.call(ResourceRecord.find_records, "place", "Attic")
        state = await tab.of(ResourceRecord)
        assert state.found == {"for": "place", "items": [], "creates": True}
        await tab.call(ResourceRecord.create_here, "place", "Attic")
        made = state.found["made"]
        assert made["label"] == "Attic"
        await tab.call(ResourceRecord.create_here, "place", "Attic")
        await tab.call(ResourceRecord.create_here, "name", "Attic")
        assert state.found["made"] == made


class TestNobodySees:
    """What somebody may not see of it is not there."""

    @pytest.mark.actor(grants=["inventory.place.read"])
    async def test_no_permission(self, tab: Tab, make: Any) -> None:
        """Without the other list there is no panel, nothing is added and nothing is found."""
        place, item = await make(PlaceService, name="Cellar"), await make(ItemService, name="Box")
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.load)
        for handler, *given in (
            (RelatedRecords.ask_attach, PANEL),
            (RelatedRecords.find_records, "record", ""),
            (RelatedRecords.detach, PANEL, str(item.id)),
        ):
            await tab.call(handler, *given)

        state = await tab.of(RelatedRecords)
        assert (state.panels, state.attaching, state.found) == ([], {}, {})

    @pytest.mark.actor(
        grants=[
            "inventory.place.read",
            GrantSpec(permission="inventory.item.read", readable=["name"]),
        ]
    )
    async def test_hidden_field(self, tab: Tab, make: Any) -> None:
        """Where the reference is hidden, nobody learns what refers to it."""
        place = await make(PlaceService, name="Cellar")
        await make(ItemService, name="Box", place=place.id)
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.load)
        assert (await tab.of(RelatedRecords)).panels == []

    @pytest.mark.actor(grants=["inventory.place.read", "inventory.item.read"])
    async def test_only_reading(self, tab: Tab, make: Any) -> None:
        """Who only reads is offered nothing, and a call of the handler is refused."""
        place, item = await make(PlaceService, name="Cellar"), await make(ItemService, name="Box")
        tab.at(f"{PLACES}/{place.id}")
        await tab.call(RelatedRecords.load)
        [panel] = (await tab.of(RelatedRecords)).panels
        assert not (panel["new"])
        assert not (panel["attaches"])
        assert not (panel["detaches"])
        await tab.call(RelatedRecords.ask_attach, PANEL)
        await tab.call(RelatedRecords.attach, {"record": str(item.id)})
        assert (await tab.of(RelatedRecords)).attach_error
        tab.at("/inventory/items")
        await tab.call(ResourceList.load)
        place_of = {row[1]: row[-1] for row in (await tab.of(ResourceList)).rows}
        assert place_of["Box"] is None
