"""Records of a resource in the console's search and on its overview."""

from typing import Any
from urllib.parse import urlencode

from dishka import AsyncContainer
from pydantic import ValidationError

from app.core.errors import ModuleError
from app.core.module import Finder, Found, Tile, TileValue
from app.core.resources.resource import Meta, label_of
from app.core.resources.schemas import LONGEST_SEARCH

_MOST_FOUND = 6


def count_tile(service: Any, title: str, **filters: str) -> Tile:
    """A tile of the overview that counts records and leads to their list.

    ```python
    Module("inventory", tiles=[count_tile(ItemService, "Broken items", state="broken")])
    ```

    Args:
        service: The service of the resource; it has lists.
        title: What is counted.
        **filters: Which records, as the list's address says it; `q`, too.

    Raises:
        ModuleError: The list has no such filter, or it does not take this value.
    """
    meta: Meta = service.resource.meta
    try:
        query = meta.schemas.list_query.model_validate(filters | {"limit": 1, "with_count": True})
    except ValidationError as error:
        message = f"tile {title!r}: {error.errors()[0]['msg']}: {error.errors()[0]['loc']}"
        raise ModuleError(message) from error

    async def value(unit: AsyncContainer) -> TileValue:
        page = await (await unit.get(service)).page(query)
        return TileValue(f"{page.total:,}{'' if page.total_is_exact else '+'}")

    address = f"{meta.path}?{urlencode(filters)}" if filters else meta.path
    return Tile(title, meta.permission("read"), value, address)


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
