"""State of the drawn pages, with a module that has no pages of its own."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.resources.fields import Link
from app.features.audit.permissions import AuditPermission
from app.features.resources.state import CurrentNoun, NewResource, ResourceList, ResourceRecord
from app.features.roles.schemas import GrantSpec
from app.testing.platform import Platform
from examples.inventory.module import ItemService, PlaceService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

ITEMS, PLACES = "/inventory/items", "/inventory/places"


@pytest.fixture
def make(platform: Platform) -> Any:
    """Makes a record as the system."""

    async def make(service: Any, **values: Any) -> Any:
        return await platform.caller(SYSTEM)(service.create, values)

    return make


@pytest.mark.actor("admin")
class TestList:
    """Any list."""

    async def test_rows(self, tab: Tab, make: Any) -> None:
        """A row is the id and then the values in the order of the columns."""
        place = await make(PlaceService, name="Cellar")
        item = await make(ItemService, name="Lamp", price="12.50", place=place.id)
        tab.at(f"{ITEMS}?columns=name,price,place")

        await tab.call(ResourceList.load)

        state = await tab.of(ResourceList)
        link = {"id": str(place.id), "label": "Cellar"}
        assert list(state.rows) == [[str(item.id), "Lamp", "12.50", link]]
        assert [column["key"] for column in state.columns] == ["name", "price", "place"]
        assert (state.first, state.last, state.total) == (1, 1, 1)

    async def test_own_columns(self, tab: Tab) -> None:
        """From the start a list shows what its description lists."""
        tab.at(ITEMS)
        await tab.call(ResourceList.load)

        state = await tab.of(ResourceList)
        assert "created_at" not in state.visible
        assert [each["key"] for each in state.choices if not each["shown"]] == [
            "created_at",
            "updated_at",
        ]
        assert "columns=" not in await tab.goes_to(ResourceList.toggle_compact)

    async def test_filter_words(self, tab: Tab, make: Any) -> None:
        """Chips say the words of a choice and the name of a record."""
        place = await make(PlaceService, name="Cellar")
        await make(ItemService, name="Lamp", state="used", place=place.id)
        await make(ItemService, name="Rope")
        tab.at(f"{ITEMS}?state=used&place={place.id}&insured=false")

        await tab.call(ResourceList.load)

        state = await tab.of(ResourceList)
        assert [(each["label"], each["value"]) for each in state.chips] == [
            ("State", "Used"),
            ("Insured", "No"),
            ("Place", "Cellar"),
        ]
        assert [row[1] for row in state.rows] == ["Lamp"]

    async def test_another_noun(self, tab: Tab, make: Any) -> None:
        """Nothing of one list is left in another."""
        await make(ItemService, name="Lamp")
        tab.at(f"{ITEMS}?q=lamp")
        await tab.call(ResourceList.load)
        tab.at(PLACES)

        await tab.call(ResourceList.load)

        state = await tab.of(ResourceList)
        assert (state.rows, state.total, state.search) == ([], 0, "")
        assert (await tab.of(CurrentNoun)).noun.title == "Places"
        assert await tab.goes_to(ResourceList.toggle_compact) == f"{PLACES}?density=compact"

    @pytest.mark.parametrize("query", ["sort=-nonsense", "cursor=x", "state=zzz", "place=x"])
    async def test_bad_address(self, tab: Tab, query: str) -> None:
        """What cannot be read says so, and offers to start over."""
        tab.at(f"{ITEMS}?{query}")
        await tab.call(ResourceList.load)

        assert (await tab.of(ResourceList)).problem.by_address
        tab.at(await tab.goes_to(ResourceList.start_over))
        await tab.call(ResourceList.load)
        assert (await tab.of(ResourceList)).problem.message == ""

    async def test_finds_references(self, tab: Tab, make: Any) -> None:
        """The server looks for what a list can be narrowed by."""
        await make(PlaceService, name="Cellar")
        await make(PlaceService, name="Attic")
        tab.at(ITEMS)

        await tab.call(ResourceList.find_records, "place", "cel")

        found = (await tab.of(ResourceList)).found
        assert [item["label"] for item in found["items"]] == ["Cellar"]

    @pytest.mark.parametrize("key", ["name", "nonsense", "move.nonsense", "no.place", "a.b.c", ""])
    async def test_finds_nothing_else(self, tab: Tab, key: str) -> None:
        """What is no reference finds nothing."""
        tab.at(ITEMS)
        await tab.call(ResourceList.find_records, key, "")

        assert (await tab.of(ResourceList)).found == {}


class TestNobodySees:
    """What is not for somebody's eyes is not in their tab."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_without_permission(self, tab: Tab, make: Any) -> None:
        """Not a handler shows a record, whatever it is called with."""
        item = await make(ItemService, name="Secret lamp")
        handlers = [
            (ResourceList.load, ()),
            (ResourceList.find_records, ("place", "")),
            (ResourceRecord.load, ()),
            (ResourceRecord.save, ({"name": "Changed"},)),
            (ResourceRecord.ask_action, ("move",)),
            (ResourceRecord.act, ({"place": str(uuid4())},)),
            (ResourceRecord.overwrite, ()),
            (ResourceRecord.delete, ()),
            (NewResource.save, ({"name": "Made"},)),
        ]
        for handler, arguments in handlers:
            tab.at(f"{ITEMS}/{item.id}")
            await tab.call(handler, *arguments)

        assert "Secret lamp" not in repr(tab.shown())
        assert (await tab.of(ResourceList)).columns == []

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("path", ["/", "/users", "/inventory/nothing", "/a/b/c/d", "/../x"])
    async def test_elsewhere(self, tab: Tab, path: str) -> None:
        """On other pages they do nothing, for anybody."""
        tab.at(path)
        for handler, arguments in (
            (ResourceList.load, ()),
            (ResourceRecord.load, ()),
            (ResourceRecord.delete, ()),
            (ResourceRecord.act, ({},)),
            (NewResource.save, ({"name": "Made"},)),
        ):
            await tab.call(handler, *arguments)

        assert (await tab.of(CurrentNoun)).noun.name == ""


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
