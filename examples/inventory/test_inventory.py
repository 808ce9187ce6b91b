"""The inventory on a whole platform."""

import pytest

from atrium.api import Conflict
from atrium.testing import Caller, ModuleConformance
from examples.inventory.module import ItemService, PlaceService, module

pytestmark = pytest.mark.slow


class TestInventory(ModuleConformance):
    """What every module keeps."""

    module = module

    @pytest.mark.actor("admin")
    async def test_moving(self, call: Caller) -> None:
        """An item goes to a place, which cannot be deleted while it is there."""
        shelf = await call(PlaceService.create, {"name": "Shelf"})
        chair = await call(ItemService.create, {"name": "Chair", "quantity": 3})
        moved = await call(ItemService.move, chair.id, {"place": str(shelf.id)})

        assert moved.place is not None
        assert moved.place.label == "Shelf"
        with pytest.raises(Conflict):
            await call(PlaceService.delete, shelf.id)
