"""Numbers that modules show on the overview."""

from dataclasses import replace
from typing import Any

import pytest
from dishka import AsyncContainer

from app.core.actor import SYSTEM
from app.core.errors import ModuleError, Unavailable
from app.core.module import Tile, TileValue
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.core.resources.finding import count_tile
from app.features.dashboard.state import Overview
from app.testing.platform import Platform
from examples.inventory.module import ItemService
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


@pytest.fixture
def platform(inventory_platform: Platform) -> Platform:
    """The platform with a module that has a tile."""
    return inventory_platform


async def tiles(tab: Tab) -> dict[str, tuple[str, str, str, str]]:
    """What the overview shows, by title."""
    await tab.call(Overview.load)
    shown = (await tab.of(Overview)).tiles
    return {each.title: (each.number, each.sentence, each.mood, each.path) for each in shown}


@pytest.fixture
async def broken(platform: Platform) -> None:
    """Two broken items and a good one."""
    for at, state in enumerate(("broken", "broken", "new")):
        new = {"name": f"Lamp {at}", "state": state}
        await platform.caller(SYSTEM)(ItemService.create, new)


@pytest.mark.usefixtures("broken")
class TestCount:
    """A tile that counts records."""

    @pytest.mark.actor(grants=["inventory.item.read"])
    async def test_counts(self, tab: Tab) -> None:
        """It counts what its list shows, and leads there."""
        path = "/inventory/items?state=broken"
        assert await tiles(tab) == {"Broken items": ("2", "", "", path)}

    @pytest.mark.actor(grants=["inventory.place.read"])
    async def test_not_for_others(self, tab: Tab) -> None:
        """Who may not see the list does not see the number."""
        assert await tiles(tab) == {}


@pytest.mark.parametrize("asked", [{"colour": "red"}, {"state": "lost"}])
def test_contradiction(asked: dict[str, str]) -> None:
    """A filter that the list does not have is refused when the module is made."""
    with pytest.raises(ModuleError, match="Lost items"):
        count_tile(ItemService, "Lost items", **asked)


@pytest.mark.actor("admin")
class TestOthers:
    """Tiles with values of their own."""

    async def show(self, tab: Tab, platform: Platform, monkeypatch: Any, value: Any) -> Any:
        """What the overview shows of a tile with this value."""

        async def find(_unit: AsyncContainer) -> TileValue:
            if isinstance(value, Exception):
                raise value
            return value  # type: ignore[no-any-return]  # as the case says

        made = [Tile("Ours", SIGNED_IN, find), replace(platform.registry.tiles[0], title="Theirs")]
        monkeypatch.setattr(Registry, "tiles", made)
        return await tiles(tab)

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (TileValue(12480), ("12,480", "", "", "")),
            (
                TileValue("9+", "more than yesterday", good=False),
                ("9+", "more than yesterday", "bad", ""),
            ),
            (TileValue(0, good=True), ("0", "", "good", "")),
            (Unavailable("x.down", "It is away."), ("?", "It is away.", "", "")),
        ],
    )
    async def test_shows(
        self, tab: Tab, platform: Platform, monkeypatch: pytest.MonkeyPatch, value: Any, shown: Any
    ) -> None:
        """Number, words and mood; or why there is none."""
        assert (await self.show(tab, platform, monkeypatch, value))["Ours"] == shown

    async def test_defect(
        self, tab: Tab, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that fails is reported, and the others are shown."""
        found = await self.show(tab, platform, monkeypatch, RuntimeError("broken"))
        assert found["Ours"][:2] == ("?", "Could not be counted.")
        assert found["Theirs"][0] == "0"
        assert [str(error) for error in platform.reports] == ["broken"]
        platform.reports.clear()
