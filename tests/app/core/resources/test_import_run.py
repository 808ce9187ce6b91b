"""Imports: what becomes of the rows of a file."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.core.access import Access, Grant
from app.core.actor import SYSTEM, Actor
from app.core.errors import Conflict, Invalid, PermissionDenied
from app.core.migrations import Migrator
from app.core.module import Module
from app.core.resources.import_schemas import ImportQuery
from app.core.resources.importing import BATCH
from app.core.resources.schemas import RecordInput
from app.core.resources.service import STANDARD, ResourceService
from app.features.audit.service import AuditService
from app.settings import Settings
from app.testing.platform import Caller, Platform, open_platform
from examples.inventory.module import Item, ItemService, PlaceService
from examples.inventory.module import module as inventory
from tests.fixtures.statements import statements

pytestmark = pytest.mark.actor("admin")


def sheet(*rows: Sequence[object]) -> bytes:
    """A file of these rows."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


async def names(call: Any) -> list[str]:
    """What items are called."""
    page = await call(ItemService.page, ItemService.resource.meta.schemas.list_query(sort="name"))
    return [each.name for each in page]


class TestNew:
    """Rows that are new records."""

    async def test_saved(self, call: Caller, platform: Platform) -> None:
        """Columns are found by name or title, references by label; empty cells say nothing."""
        shelf = await call(PlaceService.create, {"name": "Shelf"})
        content = sheet(
            ["NAME", "Quantity", "price", "State", "Insured", "Place"],
            ["Chair", "3", "12.5", "Used", "yes", "shelf"],
            ["Table", "", "", "", "", ""],
        )
        report = await call(ItemService.import_csv, content, ImportQuery())

        assert (report.created, report.refused, report.is_saved) == (2, 0, True)
        assert [row.line for row in report.rows] == [2, 3]
        chair, table = [await call(ItemService.get, row.id) for row in report.rows]
        assert (chair.quantity, str(chair.price), chair.state) == (3, "12.50", "used")
        assert chair.insured
        assert chair.place is not None
        assert chair.place.id == shelf.id
        assert (table.quantity, table.price, table.state, table.place) == (0, None, "new", None)
        [entry] = await platform.audit(action="inventory.item.import")
        assert entry.detail["created"] == entry.detail["rows"] == 2
        assert entry.detail["columns"]["NAME"] == "name"
        assert len(await platform.audit(action="inventory.item.create")) == 2

    async def test_all_or_nothing(self, call: Caller) -> None:
        """One row that is refused keeps the others from being saved."""
        content = sheet(["name", "quantity"], ["Chair", "3"], ["Table", "-1"], ["", "1"])
        with pytest.raises(Invalid) as refused:
            await call(ItemService.import_csv, content, ImportQuery())

        assert refused.value.code == "inventory.item.import.refused"
        assert refused.value.details["problems"] == [
            {"line": 3, "field": "quantity", "message": "Must be at least 0."},
            {"line": 4, "field": "name", "message": "This is required."},
        ]
        assert await names(call) == []

    async def test_skip_bad(self, call: Caller) -> None:
        """The others are saved when asked for; a value may stand only once in a file."""
        await call(ItemService.create, {"name": "Lamp"})
        content = sheet(
            ["name", "quantity"], ["Chair", "1"], ["CHAIR", "2"], ["lamp", "3"], ["Desk", "x"]
        )
        report = await call(ItemService.import_csv, content, ImportQuery(mode="skip_bad"))

        assert await names(call) == ["Chair", "Lamp"]
        assert [(each.line, each.field, each.message) for each in report.problems] == [
            (3, "name", "Line 2 has this name already."),
            (4, "name", "Another item has this name already."),
            (5, "quantity", "Must be a whole number."),
        ]
        assert (report.created, report.refused, report.is_saved) == (1, 3, True)

    async def test_dry_run(self, call: Caller, platform: Platform) -> None:
        """A dry run says the same and saves nothing."""
        content = sheet(["name"], ["Chair"], ["Chair"])
        report = await call(ItemService.plan_import, content, ImportQuery(mode="skip_bad"))

        assert (report.created, report.refused) == (1, 1)
        assert await names(call) == []
        assert await platform.audit(action="inventory.item.import") == []


class TestExisting:
    """Rows that change records."""

    async def test_round_trip(self, client: httpx.AsyncClient, call: Caller) -> None:
        """What was exported changes nothing; what was edited in it does."""
        shelf = await call(PlaceService.create, {"name": "Shelf"})
        for name in ("=1+1", "Chair", "\u2212 @home"):
            body = {"name": name, "quantity": 2, "price": "1.50"}
            await call(ItemService.create, body | {"place": str(shelf.id)})
        file = (await client.get("/api/v1/inventory/items/export")).content
        same = await call(ItemService.import_csv, file, ImportQuery())
        assert (same.unchanged, same.updated, same.created, same.key) == (3, 0, 0, "id")

        edited = file.replace(b"Chair,2,1.50", b"Armchair,5,")
        report = await call(ItemService.import_csv, edited, ImportQuery())
        assert (report.unchanged, report.updated) == (2, 1)
        [changed] = [row for row in report.rows if row.outcome == "updated"]
        item = await call(ItemService.get, changed.id)
        assert (item.name, item.quantity, item.price, item.version) == ("Armchair", 5, None, 2)

    async def test_by_a_unique_field(self, call: Caller) -> None:
        """A row finds its record by its name in whatever spelling; one that finds none is new."""
        chair = await call(ItemService.create, {"name": "Chair", "quantity": 1})
        content = sheet(["name", "quantity"], ["chair", "7"], ["Table", "1"], ["CHAIR", "8"])
        report = await call(
            ItemService.import_csv, content, ImportQuery(key="name", mode="skip_bad")
        )

        assert (report.created, report.updated, report.refused) == (1, 1, 1)
        assert (await call(ItemService.get, chair.id)).quantity == 7
        assert report.problems[0].message == "Line 2 is about this item, too."

    async def test_room(self, call: Caller) -> None:
        """A row may take the name that an earlier one gave up, and no later one's."""
        first, second = [
            await call(ItemService.create, {"name": name}) for name in ("First", "Second")
        ]
        rows = [["id", "name"], [first.id, "Third"], [second.id, "First"], ["", "Second"]]
        await call(ItemService.import_csv, sheet(*rows), ImportQuery())
        assert await names(call) == ["First", "Second", "Third"]
        swapped = [["id", "name"], [first.id, "First"], [second.id, "Third"]]
        with pytest.raises(Invalid):
            await call(ItemService.import_csv, sheet(*swapped), ImportQuery())

    async def test_unknown(self, call: Caller) -> None:
        """An id of nothing, and references to nothing, are refused."""
        rows = [["id", "name", "place"], [uuid4(), "A", ""], ["x", "B", ""], ["", "C", "Nowhere"]]
        report = await call(ItemService.plan_import, sheet(*rows), ImportQuery())
        assert [(each.field, each.message) for each in report.problems] == [
            ("id", "There is no such item."),
            ("id", "This is no id."),
            ("place", "There is no such place."),
        ]
        assert not report.is_saved


class TestRights:
    """What somebody may not do."""

    async def _as(self, platform: Platform, *grants: str | Grant) -> Any:
        access = Access(Grant(each) if isinstance(each, str) else each for each in grants)
        return platform.caller(Actor("user", "Ada", access=access, user_id=uuid4()))

    async def test_without_update(self, platform: Platform, call: Caller) -> None:
        """Who may only create changes nothing; what stays as it is, is no change."""
        item = await call(ItemService.create, {"name": "Chair", "quantity": 1})
        ada = await self._as(platform, "inventory.item.create", "inventory.item.read")
        rows: list[list[Any]] = [["id", "name", "quantity"], [item.id, "Chair", 2]]
        report = await ada(ItemService.plan_import, sheet(*rows), ImportQuery())
        assert report.problems[0].message == "You may not change this item."
        rows[1][2] = 1
        assert (await ada(ItemService.import_csv, sheet(*rows), ImportQuery())).unchanged == 1

    async def test_hidden(self, platform: Platform, call: Caller) -> None:
        """An empty cell of a hidden field changes nothing, and no guess tells what is there."""
        item = await call(ItemService.create, {"name": "Chair", "price": "5"})
        shown = frozenset({"name", "quantity"})
        ada = await self._as(
            platform,
            "inventory.item.create",
            "inventory.item.update",
            Grant("inventory.item.read", readable=shown),
        )
        rows: list[list[Any]] = [["id", "name", "price"], [item.id, "Chair", ""]]
        assert (await ada(ItemService.plan_import, sheet(*rows), ImportQuery())).unchanged == 1
        for guess in ("5", "6"):
            rows[1][2] = guess
            assert (await ada(ItemService.plan_import, sheet(*rows), ImportQuery())).updated == 1

    async def test_place_out_of_sight(self, platform: Platform, call: Caller) -> None:
        """A reference leads only to what one may see."""
        await call(PlaceService.create, {"name": "Shelf"})
        ada = await self._as(platform, "inventory.item.create")
        content = sheet(["name", "place"], ["Chair", "Shelf"])
        report = await ada(ItemService.plan_import, content, ImportQuery())
        assert report.problems[0].message == "There is no such place."


class TestUndo:
    """An import that is taken back."""

    async def _import(self, call: Any, platform: Platform) -> tuple[Any, Any]:
        old = await call(ItemService.create, {"name": "Old", "quantity": 1, "price": "2"})
        rows = [["id", "name", "quantity", "price"], [old.id, "Newer", 9, ""], ["", "Old", 3, ""]]
        await call(ItemService.import_csv, sheet(*rows), ImportQuery())
        [entry] = await platform.audit(action="inventory.item.import")
        return old, entry

    async def test_as_one(self, call: Caller, platform: Platform) -> None:
        """What was made is gone, what was changed is as it was; not twice."""
        old, entry = await self._import(call, platform)
        await call(AuditService.undo, entry.id)

        assert await names(call) == ["Old"]
        back = await call(ItemService.get, old.id)
        assert (back.quantity, str(back.price)) == (1, "2.00")
        with pytest.raises(Conflict, match="already"):
            await call(AuditService.undo, entry.id)

    async def test_changed_since(self, call: Caller, platform: Platform) -> None:
        """It is refused as a whole when something was changed since, and says what."""
        old, entry = await self._import(call, platform)
        await call(ItemService.update, old.id, {"quantity": 10})
        with pytest.raises(Conflict, match="Somebody changed this since: Newer"):
            await call(AuditService.undo, entry.id)
        assert await names(call) == ["Newer", "Old"]

    async def test_referred_to(self, call: Caller, platform: Platform) -> None:
        """What others refer to by now is not deleted."""
        await call(PlaceService.import_csv, sheet(["name"], ["Shelf"]), ImportQuery())
        [entry] = await platform.audit(action="inventory.place.import")
        await call(ItemService.import_csv, sheet(["name", "place"], ["A", "Shelf"]), ImportQuery())
        with pytest.raises(Conflict, match="There are items with these places"):
            await call(AuditService.undo, entry.id)

    async def test_rights(self, call: Caller, platform: Platform) -> None:
        """It needs the permissions to do the opposite."""
        _, entry = await self._import(call, platform)
        grants = ["audit.*", "inventory.item.read", "inventory.item.update"]
        access = Access(Grant(each) for each in grants)
        ada = platform.caller(Actor("user", "Ada", access=access, user_id=uuid4()))
        with pytest.raises(PermissionDenied) as refused:
            await ada(AuditService.undo, entry.id)
        assert refused.value.permission == "inventory.item.delete"


class TestRest:
    """Imports by REST."""

    async def test_answers(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """A dry run and the import say the same, and the entry to take it back from."""
        url, headers = "/api/v1/inventory/items/import", {"Content-Type": "text/csv"}
        content = "Name;Ignored;Quantity\nChair;x;3\n".encode("utf-16")
        query = {"columns": "name,,quantity"}
        dry = await client.post(
            url, content=content, headers=headers, params=query | {"dry_run": "true"}
        )
        assert dry.status_code == 200, dry.text
        assert dry.json()["rows"] == [{"line": 2, "outcome": "created", "id": None}]
        done = await client.post(url, content=content, headers=headers, params=query)
        assert done.status_code == 200, done.text
        assert done.json()["created"] == 1
        [entry] = await platform.audit(action="inventory.item.import")
        assert done.json()["entry_id"] == str(entry.id)
        undone = await client.post(f"/api/v1/audit/{entry.id}/undo")
        assert undone.status_code < 300, undone.text

    async def test_refused(self, client: httpx.AsyncClient) -> None:
        """A file that is none, and rows that are refused, are told in sentences."""
        url, csv_type = "/api/v1/inventory/items/import", {"Content-Type": "text/csv"}
        rows = await client.post(url, content=b"name\nA\nA\n", headers=csv_type)
        assert rows.status_code == 422
        assert rows.json()["problems"][0]["line"] == 3
        other = await client.post(url, content=b"PK\x03\x04xx", headers=csv_type)
        assert other.status_code == 422
        assert "no CSV file" in other.json()["detail"]
        json = await client.post(url, json={})
        assert json.status_code == 415


async def test_statements(call: Caller, platform: Platform) -> None:
    """Many rows cost as many statements as few, for each batch."""
    for number in range(3):
        await call(PlaceService.create, {"name": f"Place {number}"})

    async def cost(count: int, first: int) -> int:
        rows = [[f"Item {first + at}", at, f"Place {at % 3}"] for at in range(count)]
        content = sheet(["name", "quantity", "place"], *rows)
        with statements(await platform.database()) as made:
            await call(ItemService.import_csv, content, ImportQuery())
        with statements(await platform.database()) as changed:
            changing = content.replace(b"Place 0", b"Place 1")
            await call(ItemService.import_csv, changing, ImportQuery(key="name"))
        return len(made) + len(changed)

    few, many, batches = await cost(5, 0), await cost(2 * BATCH, 100), 2
    assert many <= few * batches
    assert few < 40


class Guarded(ResourceService[Item]):
    """Items, with a rule of the module's own."""

    operations = STANDARD

    async def _create(self, values: Mapping[str, Any] | RecordInput) -> Item:
        record = await super()._create(values)
        if record.quantity > 10:
            message = "There is no room for so many."
            raise Invalid("inventory.item.room", message, fields={"quantity": message})
        return record

    async def _delete(self, record_id: UUID) -> None:
        if (await self._get(record_id)).name == "Heirloom":
            code, message = "inventory.item.kept", "An heirloom is not deleted."
            raise Conflict(code, message)
        await super()._delete(record_id)


async def test_own_rules(settings: Settings) -> None:
    """What a service does besides when it makes a record, it does in an import as well."""
    module = Module("inventory", services=[PlaceService, Guarded], migrations=inventory.migrations)
    async with open_platform(settings, modules=[module]) as platform:
        await (await platform.container.get(Migrator)).upgrade()
        call = platform.caller(SYSTEM)
        content = sheet(["name", "quantity"], ["Chair", 3], ["Table", 11], ["Lamp", 4])
        report = await call(Guarded.import_csv, content, ImportQuery(mode="skip_bad"))

        assert [row.outcome for row in report.rows] == ["created", "refused", "created"]
        assert report.problems[0].message == "There is no room for so many."
        entries = await platform.audit(action="inventory.item.create")
        assert {entry.target_id for entry in entries} == {str(report.rows[at].id) for at in (0, 2)}
        [entry] = await platform.audit(action="inventory.item.import")
        await call(AuditService.undo, entry.id)
        assert len(await call(Guarded.page, Item.meta.schemas.list_query())) == 0
        deleted = await platform.audit(action="inventory.item.delete")
        assert [entry.target_label for entry in deleted] == ["Chair", "Lamp"]

        await call(Guarded.import_csv, sheet(["name"], ["Box"], ["Heirloom"]), ImportQuery())
        last = (await platform.audit(action="inventory.item.import"))[-1]
        with pytest.raises(Conflict, match="An heirloom is not deleted"):
            await call(AuditService.undo, last.id)
        assert len(await call(Guarded.page, Item.meta.schemas.list_query())) == 2
