"""Every event handler of the console: who may, and what others get."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.permissions import PUBLIC, SIGNED_IN
from app.entry_points import short_name
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD
from app.ui import event_guard
from app.ui.page_policy import PagePolicy
from tests.fixtures.console import ROOT_STATE, Console, console
from tests.fixtures.entry_points import HANDLERS, PAGES
from tests.fixtures.handlers import (
    RESUME,
    handlers,
    is_navigation,
    plausible,
)
from tests.fixtures.server import ADMIN_EMAIL, Server
from tests.fixtures.watch import add_victim, watched

LET_THROUGH: Mapping[str, str] = {
    "state.hydrate": "sends the tab its own state, after it was bound to its user",
    "state.hydrate_and_load": "the same, and then opens the page, which the guard decides on",
    "state.set_is_hydrated": "the end of every page's loading; sets nothing but that flag",
    "on_load_internal_state.set_is_hydrated": "the same on another state",
    "on_load_internal_state.on_load_internal": "opens a page: answered by the guard's page policy",
}
"""Reflex's handlers that anybody may call, and why that is harmless."""

USERS = "app___features___users___state"
USER_LIST = "app___features___users___list_state"


def needs_permission(permission: str) -> bool:
    """Whether being signed in is not enough."""
    return permission not in (PUBLIC, SIGNED_IN)


class TestTable:
    """What can be called is written down in docs/security/entry-points.md."""

    def test_names_are_unique(self) -> None:
        """No two handlers look the same in the table."""
        names = [short_name(name) for name in handlers()]

        assert len(names) == len(set(names))

    def test_let_through(self) -> None:
        """Each of Reflex's handlers that the guard lets through exists and has a reason here."""
        names = {*event_guard._FRAMEWORK, *filter(is_navigation, handlers())}

        assert names <= set(handlers())
        assert {short_name(name) for name in names} == set(LET_THROUGH)

    def test_permissions_exist(self) -> None:
        """A misspelt permission would lock everybody out."""
        known = {PUBLIC, SIGNED_IN, *map(str, build_registry().permissions)}

        assert {*HANDLERS.values(), *PAGES.values()} <= known

    def test_production_pages(self) -> None:
        """The gallery is not part of a production installation."""
        policy = PagePolicy(build_registry(), development=False)

        assert policy.by_path("/users") is not None
        assert policy.by_path("/gallery") is None
        assert policy.by_route("/gallery/sign-in") is None


@pytest.mark.slow
class TestWithoutRights:
    """Calling everything without rights changes nothing and is written down."""

    async def test_anonymous(self, one_worker: Server) -> None:
        """Nobody signed in: each refusal is counted, none has an entry of its own."""
        victim = await add_victim(one_worker)
        counted = await one_worker.counted_refusals()
        async with watched(one_worker) as watch, console(one_worker) as tab:
            await call_everything(tab, victim)

            assert tab.of("console")["email"] == ""
            assert victim.display_name not in tab.text
            assert ADMIN_EMAIL not in tab.text
            assert await watch.denials() == {}
        refused = denials_of(lambda permission: permission != PUBLIC).total()
        assert await one_worker.counted_refusals() == counted + refused

    async def test_guest(self, one_worker: Server) -> None:
        """Signed in, without any permission."""
        victim = await add_victim(one_worker)
        async with one_worker.platform() as platform:
            guest = await one_worker.add_user(platform, "guest")
        cookie = await one_worker.sign_in(guest.email, PASSWORD)
        async with watched(one_worker) as watch, console(one_worker, cookie) as tab:
            await call_everything(tab, victim)

            assert victim.display_name not in tab.text
            assert ADMIN_EMAIL not in tab.text
            assert await watch.denials() == denials_of(needs_permission)

    async def test_just_downgraded(self, one_worker: Server) -> None:
        """Their tab still holds a selection, a record and open dialogs, ready to be confirmed."""
        victim = await add_victim(one_worker)
        async with one_worker.platform() as platform:
            user = await one_worker.add_user(platform, "admin")
        cookie = await one_worker.sign_in(user.email, PASSWORD)
        async with console(one_worker, cookie) as tab:
            await prepare_everything(tab, victim)
            async with one_worker.platform() as platform:
                await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["guest"])
            async with watched(one_worker) as watch:
                await call_everything(tab, victim)

                assert await watch.denials() == denials_of(needs_permission)


@pytest.mark.slow
class TestResume:
    """The one handler that ends a connection ends its own only."""

    @pytest.mark.parametrize("arguments", [{}, {"token": "{token}"}, {"tab": ["{token}"]}])
    async def test_closes_own_socket(self, one_worker: Server, arguments: dict[str, Any]) -> None:
        """Another tab's token, in the arguments or in the address, changes nothing."""
        async with console(one_worker) as other:
            given = json.loads(json.dumps(arguments).replace("{token}", other.token))
            for token in ("", other.token):
                async with console(one_worker, token=token) as tab:
                    await tab.send(resume(), given)
                    if given:
                        await tab.settle()
                    else:
                        await tab.closed()
            await other.settle()


def denials_of(counts: Callable[[str], bool]) -> Counter[str]:
    """How many denials of which permission there are to be after calling everything once."""
    permissions = (
        HANDLERS.get(short_name(name), event_guard._UNOPENED)
        for name in handlers()
        if short_name(name) not in LET_THROUGH
    )
    return Counter(permission for permission in permissions if counts(permission))


async def prepare_everything(tab: Console, victim: UserRead) -> None:
    """Bring an administrator's tab to where one more click would do something."""
    await tab.open(f"/users?q={victim.email}")
    await tab.call(
        f"{ROOT_STATE}.{USER_LIST}____user_list.select", {"ids": [str(victim.id)], "chosen": True}
    )
    await tab.call(f"{ROOT_STATE}.{USER_LIST}____user_list.plan_bulk", {"action": "suspend"})
    await tab.open(f"/users/{victim.id}")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.ask_delete")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.ask_email")

    assert tab.of("user_list")["bulk_names"] == [victim.display_name]
    assert tab.of("user_record")["user"]["email"] == victim.email
    assert tab.of("user_record")["deleting"] is True


async def call_everything(tab: Console, victim: UserRead) -> None:
    """Call every handler once with arguments as the page would send them."""
    for name in handlers():
        if not is_navigation(name) and short_name(name) != RESUME:
            await tab.send(name, plausible(name, victim), path=f"/users/{victim.id}")
    await tab.settle()


def resume() -> str:
    """The name of the handler on the wire."""
    return next(name for name in handlers() if short_name(name) == RESUME)
