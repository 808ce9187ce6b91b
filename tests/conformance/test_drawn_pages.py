"""The pages drawn from descriptions: who may open which, and what never leaves the server."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from app.core.actor import SYSTEM
from app.entry_points import short_name
from app.features.resources.module import module as resources
from app.features.roles.schemas import GrantSpec
from app.testing.factories import PASSWORD, RoleFactory
from app.testing.platform import open_platform
from examples.inventory.module import ItemService, PlaceService
from examples.inventory.module import module as inventory_module
from tests.conformance.test_console_pages import redirects
from tests.fixtures.console import ROOT_STATE, console
from tests.fixtures.handlers import handlers, parameters_of
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

pytestmark = pytest.mark.slow

NOBODYS = str(UUID(int=7))
STATES = ("resource_list", "resource_record", "new_resource", "related_records", "import_records")


def pages() -> list[tuple[str, str]]:
    """Every drawn page of every resource, with the permission that it needs."""
    found = []
    for service in inventory_module.services:
        meta = service.resource.meta
        for page in resources.pages:
            path = page.route.replace("/[noun_module]/[noun_name]", meta.path)
            needed = meta.permission("create" if path.endswith(("/new", "/import")) else "read")
            if path.endswith("/activity"):
                needed = "audit.read"
            found.append((path.replace("[noun_id]", NOBODYS), needed))
    return found


async def somebody(server: Server, *grants: str) -> str:
    """The cookie of somebody with exactly these grants."""
    async with server.platform() as platform:
        user = await server.add_user(platform, grants=grants)
    return await server.sign_in(user.email, PASSWORD)


@pytest.mark.parametrize(("path", "permission"), pages())
class TestPages:
    """By full load and by navigation in the browser: the same answer."""

    async def test_nobody(self, inventory: Server, path: str, permission: str) -> None:
        """Who is not signed in is led to the sign-in, whatever there is."""
        del permission
        async with inventory.client() as client, console(inventory, path="/sign-in") as tab:
            answer = await client.get(path)
            await tab.open(path)

        expected = f"/sign-in?next={quote(path)}"
        assert (answer.status_code, answer.headers["location"]) == (303, expected)
        assert redirects(tab) == [expected]

    async def test_refused(self, inventory: Server, path: str, permission: str) -> None:
        """With other permissions the page says which one it needs."""
        cookie = await somebody(inventory, "user.read")
        async with inventory.client(cookie) as client, console(inventory, cookie) as tab:
            answer = await client.get(path)
            await tab.open(path)

        assert answer.status_code == 403
        assert tab.of("console")["refused"] == permission
        assert tab.of("console")["nouns"] == []
        assert tab.state[ROOT_STATE]["is_hydrated"] is True
        assert tab.of("current_noun").get("noun", {}).get("name", "") == ""

    async def test_opened(self, inventory: Server, path: str, permission: str) -> None:
        """With that permission alone it opens."""
        cookie = await somebody(inventory, permission)
        async with inventory.client(cookie) as client, console(inventory, cookie) as tab:
            answer = await client.get(path)
            await tab.open(path)

        assert answer.status_code == 200
        assert tab.of("console")["refused"] == ""
        assert tab.of("console")["nowhere"] is False


@pytest.mark.parametrize("path", ["/inventory/nothing", "/a/b/new", "/a/b/c", "/a/b/c/activity"])
async def test_nowhere(inventory: Server, path: str) -> None:
    """An address of no resource is none, for the administrator as well."""
    cookie = await inventory.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    async with inventory.client(cookie) as client, console(inventory, cookie) as tab:
        answer = await client.get(path)
        await tab.open(path)
        nowhere = tab.of("console")["nowhere"]
        await tab.open("/inventory/items")

        assert answer.status_code == 404
        assert nowhere is True
        assert tab.of("console")["nowhere"] is False
        assert tab.of("current_noun")["noun"]["title"] == "Items"


async def test_handlers_refuse(inventory: Server) -> None:
    """Called on a record's page without rights, no handler shows or changes anything."""
    async with open_platform(inventory.settings, modules=[inventory_module]) as platform:
        call = platform.caller(SYSTEM)
        item = await call(ItemService.create, {"name": "Sealed casket"})
    cookie = await somebody(inventory, "user.read")
    form = {"name": "Renamed", "place": NOBODYS, "version": "1"}
    values: dict[str, Any] = {"form": form, "name": "move", "key": "place", "text": "", "ids": []}
    others: dict[Any, Any] = {int: 1, bool: False}
    async with console(inventory, cookie) as tab:
        for name in handlers():
            if short_name(name).startswith(STATES):
                given = {
                    parameter: values.get(parameter, others.get(kind, "name"))
                    for parameter, kind in parameters_of(name).items()
                }
                await tab.send(name, given, path=f"/inventory/items/{item.id}")
        await tab.settle()

        assert "Sealed casket" not in tab.text
    async with open_platform(inventory.settings, modules=[inventory_module]) as platform:
        after = await platform.caller(SYSTEM)(ItemService.get, item.id)
        entries = await platform.audit(target_id=str(item.id))
    assert (after.name, after.version) == ("Sealed casket", 1)
    assert [entry.action for entry in entries if entry.outcome == "succeeded"] == [
        "inventory.item.create"
    ]


async def test_hidden_fields_stay(inventory: Server) -> None:
    """Neither titles nor values of what somebody may not read reach their browser."""
    async with open_platform(inventory.settings, modules=[inventory_module]) as platform:
        call = platform.caller(SYSTEM)
        place = await call(PlaceService.create, {"name": "Vault under the lake"})
        item = await call(
            ItemService.create, {"name": "Crown", "price": "98765.43", "place": place.id}
        )
        seen = GrantSpec(permission="inventory.item.read", readable=["name", "quantity"])
        writes = GrantSpec(permission="inventory.item.update", writable=["name"])
        role = await RoleFactory(platform)(seen, writes)
        user = await inventory.add_user(platform, role.name)
    cookie = await inventory.sign_in(user.email, PASSWORD)
    async with console(inventory, cookie) as tab:
        for path in (
            "/inventory/items?columns=name,price,place&sort=-quantity",
            f"/inventory/items?insured=true&place={place.id}",
            f"/inventory/items/{item.id}",
        ):
            await tab.open(path)
        shown = tab.of("resource_record")

        assert shown["title"] == "Crown"
        assert [each["name"] for each in shown["fields"]] == ["name", "quantity"]
        assert [each["name"] for each in shown["fields"] if each["locked"]] == ["quantity"]
        for secret in ("98765.43", "Vault", "Price"):
            assert [message for message in tab.raw if secret in message] == []
