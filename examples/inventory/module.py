"""What is kept, and where."""

from pathlib import Path

from atrium.api import (
    STANDARD,
    Boolean,
    Choice,
    Form,
    Integer,
    LongText,
    Module,
    Moment,
    Number,
    Reference,
    Resource,
    ResourceService,
    Text,
    action,
    count_tile,
    optional,
)


class Place(Resource, name="inventory.place", icon="map-pin"):
    """Where items are kept."""

    name = Text(search=True, unique=True)
    note = optional(LongText())


class Item(Resource, name="inventory.item", icon="package", trash=True):
    """Something that is kept."""

    name = Text(search=True, unique=True)
    quantity = Integer(minimum=0, default=0)
    price = optional(Number(places=2, minimum=0))
    state = Choice({"new": "New", "used": "Used", "broken": "Broken"}, default="new")
    insured = Boolean()
    place = optional(Reference(Place, when_deleted="refuse"))
    counted_at = optional(Moment(title="Last counted", read_only=True))


class Move(Form):
    """Where an item goes."""

    place = Reference(Place)


class PlaceService(ResourceService[Place]):
    """Places within one unit of work."""

    operations = STANDARD


class ItemService(ResourceService[Item]):
    """Items within one unit of work."""

    operations = STANDARD

    @action("Move items to another place", past="moved")
    async def move(self, item: Item, form: Move) -> Item:
        """Keep an item at another place from now on."""
        return await self.change(item, place=form.place)


module = Module(
    "inventory",
    services=[PlaceService, ItemService],
    tiles=[count_tile(ItemService, "Broken items", state="broken")],
    migrations=Path(__file__).parent / "migrations",
)
