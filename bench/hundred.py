"""A module of a hundred resources, for the bench of the frontend; it has no tables."""

from atrium.api import STANDARD, Module, Resource, ResourceService, Text


def _service(number: int) -> type[ResourceService[Resource]]:
    fields = {"name": Text(search=True), "__doc__": "One of many.", "__module__": __name__}
    noun = type(f"Noun{number}", (Resource,), fields, name=f"hundred.noun_{number}")
    body = {"operations": STANDARD, "__doc__": "Its records.", "__orig_bases__": ()}
    base = ResourceService[noun]  # type: ignore[valid-type]  # made at run time
    return type(f"Service{number}", (ResourceService,), body | {"__orig_bases__": (base,)})


module = Module("hundred", services=[_service(number) for number in range(100)])
