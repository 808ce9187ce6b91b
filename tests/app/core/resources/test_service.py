"""The operations of a resource, by REST and in Python, on both databases."""

import csv
import io
from uuid import uuid4

import httpx
import pytest

from app.core.access import Access
from app.core.actor import SYSTEM, Actor
from app.core.errors import Conflict, Invalid, NotFound
from app.testing.platform import Caller, Platform
from examples.inventory.module import ItemService, PlaceService

pytestmark = pytest.mark.actor("admin")


async def test_life(call: Caller) -> None:
    """An item is made, read, changed, moved and deleted."""
    shelf = await call(PlaceService.create, {"name": "Shelf"})
    item = await call(ItemService.create, {"name": "Chair", "quantity": 3, "price": "12.5"})
    assert (item.name, item.quantity, item.state, item.insured) == ("Chair", 3, "new", False)
    assert str(item.price) == "12.50"

    moved = await call(ItemService.move, item.id, {"place": str(shelf.id)})
    assert moved.place is not None
    assert moved.place.label == "Shelf"
    assert moved.version == 2
    with pytest.raises(Conflict, match="There are items with this place"):
        await call(PlaceService.delete, shelf.id)
    changed = await call(ItemService.update, item.id, {"place": None, "version": 2})
    assert changed.place is None
    await call(PlaceService.delete, shelf.id)
    await call(ItemService.delete, item.id)
    with pytest.raises(NotFound):
        await call(ItemService.get, item.id)


async def test_unique(call: Caller) -> None:
    """A name is taken in whatever spelling, and the field says so."""
    await call(PlaceService.create, {"name": "Cellar"})
    with pytest.raises(Conflict) as taken:
        await call(PlaceService.create, {"name": "CELLAR"})
    assert taken.value.details["fields"] == {"name": "Another place has this name already."}


async def test_bad_values(call: Caller) -> None:
    """Each field says what is wrong with it."""
    with pytest.raises(Invalid) as wrong:
        await call(
            ItemService.create,
            {"name": " ", "quantity": -1, "price": "1.234", "state": "old", "color": "red"},
        )
    assert set(wrong.value.fields) == {"name", "quantity", "price", "state", "color"}


async def test_rest(client: httpx.AsyncClient) -> None:
    """The same by REST, with filters, search and order."""
    place = (await client.post("/api/v1/inventory/places", json={"name": "Attic"})).json()
    for name, quantity in (("Łamp", 1), ("Äpfel", 5), ("Zebra", 9)):
        made = await client.post(
            "/api/v1/inventory/items",
            json={"name": name, "quantity": quantity, "place": place["id"]},
        )
        assert made.status_code == 201, made.text
        assert made.headers["ETag"].startswith('"1-')

    async def names(**query: object) -> list[str]:
        answer = await client.get("/api/v1/inventory/items", params=query)  # type: ignore[arg-type]  # numbers and texts
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    assert await names() == ["Zebra", "Äpfel", "Łamp"]
    assert await names(sort="name") == ["Äpfel", "Łamp", "Zebra"]
    assert await names(q="lamp") == ["Łamp"]
    assert await names(**{"quantity.min": 2, "quantity.max": 5}) == ["Äpfel"]
    assert await names(**{"name.contains": "pf"}) == ["Äpfel"]
    assert await names(place=place["id"], sort="-quantity") == ["Zebra", "Äpfel", "Łamp"]
    assert await names(filter='{"any": [{"quantity": 9}, {"name": "Łamp"}]}', sort="quantity") == [
        "Łamp",
        "Zebra",
    ]
    first = (await client.get("/api/v1/inventory/items?limit=2&with_count=true")).json()
    assert first["count"] == 3
    assert first["items"][0]["place"] == {"id": place["id"], "label": "Attic"}
    rest = await client.get(f"/api/v1/inventory/items?limit=2&cursor={first['next_cursor']}")
    assert [item["name"] for item in rest.json()["items"]] == ["Łamp"]


async def test_file(client: httpx.AsyncClient) -> None:
    """A file has what a filter means, in order; numbers are numbers, and formulas are none."""
    for name, quantity in (("=1+1", 2), ("Chair", 30), ("Table", 4)):
        body = {"name": name, "quantity": quantity, "price": "1.50"}
        assert (await client.post("/api/v1/inventory/items", json=body)).status_code == 201
    answer = await client.get(
        "/api/v1/inventory/items/export", params={"quantity.max": 10, "sort": "name"}
    )

    assert answer.headers["Content-Type"].startswith("text/csv")
    first, *lines = list(csv.reader(io.StringIO(answer.text)))
    assert first[:4] == ["id", "name", "quantity", "price"]
    assert [line[1:4] for line in lines] == [["'=1+1", "2", "1.50"], ["Table", "4", "1.50"]]


async def test_reference_in_a_form(platform: Platform) -> None:
    """An action's form leads nowhere that its user may not see."""
    system = platform.caller(SYSTEM)
    shelf = await system(PlaceService.create, {"name": "Shelf"})
    item = await system(ItemService.create, {"name": "Chair"})
    mover = Actor(
        "user",
        "Ada",
        access=Access.to("inventory.item.move", "inventory.item.read"),
        user_id=uuid4(),
    )
    for unseen in (shelf.id, uuid4()):
        with pytest.raises(Invalid) as refused:
            await platform.caller(mover)(ItemService.move, item.id, {"place": str(unseen)})
        assert refused.value.fields == {"place": "There is no such place."}
