"""A module whose records have five relations, for the bench of resources."""

from pathlib import Path

from atrium.api import (
    STANDARD,
    Integer,
    Module,
    Reference,
    Resource,
    ResourceService,
    Text,
    optional,
)


class Shelf(Resource, name="store.shelf", plural="shelves"):
    """Where parts are kept."""

    name = Text(search=True, unique=True)


class Part(Resource, name="store.part"):
    """Something with five relations."""

    name = Text(search=True)
    quantity = Integer(minimum=0, default=0)
    first = optional(Reference(Shelf))
    second = optional(Reference(Shelf))
    third = optional(Reference(Shelf))
    fourth = optional(Reference(Shelf))
    fifth = optional(Reference(Shelf))


class ShelfService(ResourceService[Shelf]):
    """Shelves within one unit of work."""

    operations = STANDARD


class PartService(ResourceService[Part]):
    """Parts within one unit of work."""

    operations = STANDARD


module = Module(
    "store",
    services=[ShelfService, PartService],
    migrations=Path(__file__).parent / "migrations",
)
