"""Records of a resource in the console's search."""

from typing import Any

from dishka import AsyncContainer

from app.core.module import Finder, Found
from app.core.resources.resource import Meta, label_of
from app.core.resources.schemas import LONGEST_SEARCH

_MOST_FOUND = 6


def finders_of(service: Any) -> tuple[Finder, ...]:
    """What finds the records of a service's resource; nothing where no field is searched."""
    meta: Meta = service.resource.meta
    if "page" not in service.operations or not meta.searched:
        return ()

    async def find(unit: AsyncContainer, text: str) -> list[Found]:
        records = await unit.get(service)
        asked = meta.schemas.list_query(q=text[:LONGEST_SEARCH], limit=_MOST_FOUND)
        title = meta.plural.capitalize()
        return [
            Found(title, label_of(each) or str(each.id), "", f"{meta.path}/{each.id}")
            for each in await records.page(asked)
        ]

    return (Finder(meta.permission("read"), find, meta.name),)
