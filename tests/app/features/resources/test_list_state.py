"""State of the drawn list, with a module that has no pages of its own."""

from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM
from app.features.resources import description, list_state, noun_state
from app.features.resources.list_state import ResourceList
from app.features.resources.new_state import NewResource
from app.features.resources.noun_state import CurrentNoun
from app.features.resources.record_state import ResourceRecord
from app.testing.platform import Platform
from app.ui import bulk_state
from examples.inventory.module import ItemService, PlaceService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

SELECTED = True
ITEMS, PLACES = "/inventory/items", "/inventory/places"


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


@pytest.mark.actor("admin")
class TestManyAtOnce:
    """What is done with several records."""

    @pytest.fixture(autouse=True)
    def all_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One event does all of it, however slow the machine is."""
        monkeypatch.setattr(bulk_state, "SLICE_SECONDS", 600)

    async def test_change(self, tab: Tab, make: Any) -> None:
        """A field is asked for, then the change is previewed, then made; wrong input is told."""
        ids = [str((await make(ItemService, name=f"Lamp {at}")).id) for at in range(3)]
        tab.at(ITEMS)
        await tab.call(ResourceList.load)
        await tab.call(ResourceList.select, ids[:2], SELECTED)
        await tab.call(ResourceList.ask_bulk, "update", "quantity")
        state = await tab.of(ResourceList)
        assert [each["name"] for each in state.bulk_fields] == ["quantity"]
        await tab.call(ResourceList.fill_bulk, {"quantity": "-4"})
        assert set(state.bulk_errors) == {"quantity"}
        await tab.call(ResourceList.fill_bulk, {"quantity": "4"})
        assert (state.bulk_action, state.bulk_count, state.bulk_form) == ("update", 2, {})
        await tab.call(ResourceList.apply_bulk)
        await tab.call(ResourceList.load)

        place = state.visible.index("quantity") + 1
        assert {row[0]: row[place] for row in state.rows} == {
            ids[0]: 4,
            ids[1]: 4,
            ids[2]: 0,
        }

    async def test_everything_that_matches(self, tab: Tab, make: Any) -> None:
        """All that match are changed, also on other pages; a filter with conditions counts."""
        for at in range(4):
            await make(ItemService, name=f"Lamp {at}", quantity=at)
        tab.at(f"{ITEMS}?limit=1&filter=" + quote('{"quantity.min": 2}'))
        await tab.call(ResourceList.load)
        await tab.call(ResourceList.select_all)
        await tab.call(ResourceList.ask_bulk, "delete", "")
        state = await tab.of(ResourceList)
        assert (state.bulk_title, state.bulk_count, state.bulk_is_harmless) == ("Delete", 2, True)
        await tab.call(ResourceList.apply_bulk)
        tab.at(ITEMS)
        await tab.call(ResourceList.load)
        assert sorted(row[1] for row in state.rows) == ["Lamp 0", "Lamp 1"]

    async def test_trash(self, tab: Tab, make: Any, platform: Platform) -> None:
        """What was deleted is listed apart, and is restored or deleted for good from there."""
        items = [await make(ItemService, name=f"Lamp {at}") for at in range(3)]
        for item in items[:2]:
            await platform.caller(SYSTEM)(ItemService.delete, item.id)
        tab.at(f"{ITEMS}?trashed=true")
        await tab.call(ResourceList.load)
        state = await tab.of(ResourceList)
        assert [each["name"] for each in state.buttons] == ["restore", "purge"]
        assert state.changeable == []
        assert state.visible[-1] == "deleted_at"
        assert [each["value"] for each in state.chips] == ["Deleted items"]
        await tab.call(ResourceList.select, [str(items[0].id)], SELECTED)
        await tab.call(ResourceList.ask_bulk, "restore", "")
        await tab.call(ResourceList.apply_bulk)
        await tab.call(ResourceList.load)
        await tab.call(ResourceList.select, [row[0] for row in state.rows], SELECTED)
        await tab.call(ResourceList.ask_bulk, "purge", "")
        assert not state.bulk_is_harmless
        await tab.call(ResourceList.apply_bulk)
        await tab.call(ResourceList.load)
        assert state.rows == []
        assert await tab.goes_to(ResourceList.show_trash, not SELECTED) == ITEMS
        tab.at(ITEMS)
        await tab.call(ResourceList.load)
        assert sorted(row[1] for row in state.rows) == ["Lamp 0", "Lamp 2"]

    async def test_filter_form(self, tab: Tab, make: Any) -> None:
        """The form of filters shows what is in force, and leads to what it says."""
        place = await make(PlaceService, name="Cellar")
        tab.at(f"{ITEMS}?filter=" + quote(f'{{"place": "{place.id}"}}'))
        await tab.call(ResourceList.load)
        await tab.call(ResourceList.open_filter)
        state = await tab.of(ResourceList)
        [line] = state.conditions["parts"]
        assert line["value"] == {"id": str(place.id), "label": "Cellar"}
        assert [each["value"] for each in state.chips] == ["Place is Cellar"]
        form = {"filter": '{"parts": [{"field": "quantity", "operator": "max", "key": "1"}]}'}
        await tab.call(ResourceList.apply_filter, form | {"value-1": "x"})
        assert set(state.condition_errors) == {"value-1"}
        address = await tab.goes_to(ResourceList.apply_filter, form | {"value-1": "4"})
        assert address == f"{ITEMS}?filter=" + quote_plus('{"all":[{"quantity.max":4}]}')

    async def test_cost(
        self, tab: Tab, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An address full of columns, widths and records costs no more than a usual one."""
        described: list[Any] = []
        describe, label = description.describe, noun_state.label_by_id

        def count_description(*given: Any, **named: Any) -> Any:
            described.append(given)
            return describe(*given, **named)

        async def count_label(*given: Any) -> str:
            described.append(given)
            return await label(*given)

        monkeypatch.setattr(description, "describe", count_description)
        monkeypatch.setattr(list_state, "label_by_id", count_label)
        many = range(90)
        ids = ",".join(f'"{UUID(int=number)}"' for number in many)
        for asked in (
            "columns=" + ",".join(f"c{number}" for number in many),
            "widths=" + "~".join(f"c{number}.100" for number in many),
            "filter=" + quote(f'{{"place.in": [{ids}]}}'),
        ):
            described.clear()
            tab.at(f"{ITEMS}?{asked}")
            await tab.call(ResourceList.load)
            assert (await tab.of(ResourceList)).problem.message == ""
            assert len(described) <= 40


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
