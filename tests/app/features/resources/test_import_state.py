"""The drawn import page: what it is told, and *Undo*; the file goes past it."""

from typing import Any
from uuid import uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.resources.import_schemas import ImportQuery
from app.features.resources.import_state import ImportRecords
from app.features.resources.noun_state import CurrentNoun
from app.features.roles.schemas import GrantSpec
from app.testing.platform import Platform
from examples.inventory.module import ItemService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

IMPORT = "/inventory/items/import"


async def imported(platform: Platform, content: bytes) -> str:
    """The audit entry of an import."""
    await platform.caller(SYSTEM)(ItemService.import_csv, content, ImportQuery())
    [entry] = await platform.audit(action="inventory.item.import")
    return str(entry.id)


class TestLoad:
    """What columns can stand for."""

    @pytest.mark.actor("admin")
    async def test_everything(self, tab: Tab) -> None:
        """All that people set, and where the file is sent."""
        tab.at(IMPORT)
        await tab.call(ImportRecords.load)

        state: Any = await tab.of(ImportRecords)
        assert {each["key"] for each in state.fields if each["required"]} == {"name"}
        assert {each["key"] for each in state.fields if each["unique"]} == {"name"}
        assert "counted_at" not in {each["key"] for each in state.fields}
        assert state.action == "/session/resources/inventory/items/import"
        assert (state.may_change, state.may_undo) == (True, True)
        assert (await tab.of(CurrentNoun)).noun.imports

    @pytest.mark.actor(
        grants=[GrantSpec(permission="inventory.item.create", writable=["name", "quantity"])]
    )
    async def test_only_what_may_be_set(self, tab: Tab) -> None:
        """What somebody may set neither in a new record nor in another is not mentioned."""
        tab.at(IMPORT)
        await tab.call(ImportRecords.load)

        state: Any = await tab.of(ImportRecords)
        assert [each["key"] for each in state.fields] == ["name", "quantity"]
        assert (state.may_change, state.may_undo) == (False, False)


@pytest.mark.actor("admin")
class TestUndo:
    """An import that is taken back on its page."""

    async def test_done(self, tab: Tab, platform: Platform) -> None:
        """What was made is gone, and the page knows."""
        entry_id = await imported(platform, b"name\nChair\n")
        tab.at(IMPORT)
        await tab.call(ImportRecords.undo, entry_id)

        assert (await tab.of(ImportRecords)).undone == entry_id
        page = await platform.caller(SYSTEM)(
            ItemService.page, ItemService.resource.meta.schemas.list_query()
        )
        assert len(page) == 0

    @pytest.mark.parametrize("entry_id", ["", "x", str(uuid4())], ids=["empty", "word", "unknown"])
    async def test_nothing(self, tab: Tab, entry_id: str) -> None:
        """There is no such entry."""
        tab.at(IMPORT)
        await tab.call(ImportRecords.undo, entry_id)

        assert (await tab.of(ImportRecords)).undone == ""
