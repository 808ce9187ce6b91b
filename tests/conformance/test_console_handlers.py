"""Every event handler of the console: who may, and what others get."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.permissions import PUBLIC, SIGNED_IN
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD
from app.ui import event_guard
from app.ui.handlers import permission_of
from app.ui.page_policy import PagePolicy
from tests.conformance.test_console_pages import PAGES
from tests.fixtures.console import ROOT_STATE, Console, console
from tests.fixtures.handlers import (
    RESUME,
    handlers,
    is_navigation,
    plausible,
    short,
)
from tests.fixtures.server import ADMIN_EMAIL, Server
from tests.fixtures.watch import add_victim, watched

LISTS = (
    "clear_selection",
    "move_column",
    "reset_columns",
    "resize_column",
    "search_for",
    "select",
    "select_all",
    "start_over",
    "toggle_column",
    "toggle_compact",
)
"""They change how one's own list is shown; its rows come from `load`."""

VIEWS = (
    "ask_view",
    "close_view_dialog",
    "delete_view",
    "rename_view",
    "save_view",
    "unshare_view",
    "update_view",
)
"""They change one's own views of a list."""

OPENED: Mapping[str, str] = {
    "access_matrix.load": "role.read",
    "audit_list.load": "audit.read",
    "trail_check.acknowledge": "audit.acknowledge",
    "trail_check.ask": "audit.acknowledge",
    "trail_check.expect": "audit.verify",
    "trail_check.leave": SIGNED_IN,
    "trail_check.start": "audit.verify",
    "trail_check.go_on": "audit.verify",
    "trail_check.close": SIGNED_IN,
    "audit_list.undo": "audit.undo",
    "audit_list.ask_days": SIGNED_IN,
    "audit_list.choose_bar": SIGNED_IN,
    "audit_list.choose_days": SIGNED_IN,
    "audit_list.choose_period": SIGNED_IN,
    "audit_list.close_days": SIGNED_IN,
    "audit_list.close_entry": SIGNED_IN,
    "audit_list.find_people": "audit.read",
    "audit_list.load_activity": "audit.read",
    "audit_list.look_for_news": "audit.read",
    "audit_list.share_view": "view.share",
    "audit_list.show_news": "audit.read",
    **{f"audit_list.{name}": SIGNED_IN for name in (*LISTS, *VIEWS)},
    "compare_roles.choose": "role.read",
    "compare_roles.load": "role.read",
    "console.dismiss": PUBLIC,
    "console.enter": PUBLIC,
    "console.find": SIGNED_IN,
    "console.go_on": SIGNED_IN,
    "console.leave_it": SIGNED_IN,
    "console.resume": PUBLIC,
    "console.run": SIGNED_IN,
    "module_list.load": "module.read",
    "new_role.load": "role.create",
    "new_role.save": "role.create",
    "coverage.load": "role.read",
    "coverage.search_for": "role.read",
    "explain.ask": "role.read",
    "explain.find": "role.read",
    "explain.load": "role.read",
    "holders.ask": "role.read",
    "holders.load": "role.read",
    "new_user.load": "user.create",
    "new_user.save": "user.create",
    "overview.check_health": "system.health.check",
    "overview.load": SIGNED_IN,
    "overview.refresh": SIGNED_IN,
    "own_sessions.end": SIGNED_IN,
    "own_sessions.end_others": SIGNED_IN,
    "own_sessions.load": SIGNED_IN,
    "previewing.ask": "role.read",
    "previewing.close": SIGNED_IN,
    "previewing.start_role": "role.update",
    "previewing.start_this_role": "role.update",
    "previewing.start_user": "role.update",
    "previewing.stop": SIGNED_IN,
    "profile.load": SIGNED_IN,
    "profile.save": SIGNED_IN,
    # Of whatever resource the address names; its service decides.
    "new_resource.find_records": SIGNED_IN,
    "new_resource.load": SIGNED_IN,
    "new_resource.save": SIGNED_IN,
    "resource_list.find_records": SIGNED_IN,
    "resource_list.load": SIGNED_IN,
    **{f"resource_list.{name}": SIGNED_IN for name in LISTS},
    "resource_record.act": SIGNED_IN,
    "resource_record.ask_action": SIGNED_IN,
    "resource_record.ask_delete": SIGNED_IN,
    "resource_record.close_dialogs": SIGNED_IN,
    "resource_record.confirm_action": SIGNED_IN,
    "resource_record.delete": SIGNED_IN,
    "resource_record.find_records": SIGNED_IN,
    "resource_record.load": SIGNED_IN,
    "resource_record.load_activity": "audit.read",
    "resource_record.overwrite": SIGNED_IN,
    "resource_record.save": SIGNED_IN,
    "resource_record.take_theirs": SIGNED_IN,
    "role_list.ask_delete": "role.read",
    "role_list.delete": "role.delete",
    "role_list.keep": SIGNED_IN,
    "role_list.load": "role.read",
    **{f"role_list.{name}": SIGNED_IN for name in LISTS},
    **{f"role_members.{name}": SIGNED_IN for name in LISTS},
    "role_members.add": "role.update",
    "role_members.ask_remove": "role.update",
    "role_members.choose": "role.update",
    "role_members.close_dialogs": SIGNED_IN,
    "role_members.find": "user.read",
    "role_members.load": "role.read",
    "role_members.open_adding": "role.update",
    "role_members.remove": "role.update",
    "role_members.unchoose": "role.update",
    "role_record.ask_delete": "role.read",
    "role_record.close_dialogs": SIGNED_IN,
    "role_record.delete": "role.delete",
    "role_record.keep": SIGNED_IN,
    "role_record.load": "role.read",
    "role_record.load_activity": "audit.read",
    "role_record.overwrite": "role.update",
    "role_record.review": "role.update",
    "role_record.save": "role.update",
    "role_record.take_theirs": "role.read",
    "setting_list.load": "settings.read",
    "setting_list.search_for": "settings.read",
    "undoing.undo": "audit.undo",
    "undoing.go_on": "audit.undo",
    "user_access.ask_grant": "role.update",
    "user_access.choose_permission": "role.update",
    "user_access.close_dialogs": "role.read",
    "user_access.grant": "role.update",
    "user_access.load": "role.read",
    "user_access.overwrite": "role.update",
    "user_access.revoke": "role.update",
    "user_access.take_theirs": "role.read",
    "user_command.reactivate": "user.suspend",
    "user_command.suspend": "user.suspend",
    "user_list.load": "user.read",
    "user_list.apply_bulk": "user.suspend",
    "user_list.cancel_bulk": SIGNED_IN,
    "user_list.plan_bulk": "user.suspend",
    **{f"user_list.{name}": SIGNED_IN for name in (*LISTS, *VIEWS)},
    "user_list.share_view": "view.share",
    "user_record.ask_delete": "user.delete",
    "user_record.ask_email": "user.reset_credentials",
    "user_record.ask_reset": "user.reset_credentials",
    "user_record.close_dialogs": SIGNED_IN,
    "user_record.delete": "user.delete",
    "user_record.load": "user.read",
    "user_record.load_activity": "audit.read",
    "user_record.overwrite": "user.update",
    "user_record.reactivate": "user.suspend",
    "user_record.save": "user.update",
    "user_record.save_email": "user.reset_credentials",
    "user_record.save_roles": "user.assign_roles",
    "user_record.suspend": "user.suspend",
    "user_record.take_theirs": "user.read",
    "user_sessions.load": "session.read",
    "user_sessions.revoke": "session.revoke",
    "user_sessions.revoke_all": "session.revoke",
}
"""Our own handlers by state and name, with the permission each needs."""

LET_THROUGH: Mapping[str, str] = {
    "state.hydrate": "sends the tab its own state, after it was bound to its user",
    "state.hydrate_and_load": "the same, and then opens the page, which the guard decides on",
    "state.set_is_hydrated": "the end of every page's loading; sets nothing but that flag",
    "on_load_internal_state.set_is_hydrated": "the same on another state",
    "on_load_internal_state.on_load_internal": "opens a page: answered by the guard's page policy",
}
"""Reflex's handlers that anybody may call, and why that is harmless."""

USERS = "app___features___users___state"


def needs_permission(permission: str) -> bool:
    """Whether being signed in is not enough."""
    return permission not in (PUBLIC, SIGNED_IN)


class TestTable:
    """What can be called is written down here, so that a change is seen."""

    def test_opened_handlers(self) -> None:
        """Each of our handlers needs exactly the permission in the table."""
        opened = {
            short(name): str(permission)
            for name, registered in handlers().items()
            if (permission := permission_of(registered.handler.fn)) is not None
        }

        assert opened == dict(OPENED)

    def test_names_are_unique(self) -> None:
        """No two handlers look the same in the table."""
        names = [short(name) for name in handlers()]

        assert len(names) == len(set(names))

    def test_let_through(self) -> None:
        """Each of Reflex's handlers that the guard lets through exists and has a reason here."""
        names = {*event_guard._FRAMEWORK, *filter(is_navigation, handlers())}

        assert names <= set(handlers())
        assert {short(name) for name in names} == set(LET_THROUGH)

    def test_permissions_exist(self) -> None:
        """A misspelt permission would lock everybody out."""
        known = {PUBLIC, SIGNED_IN, *map(str, build_registry().permissions)}

        assert {*OPENED.values(), *PAGES.values()} <= known

    def test_pages(self) -> None:
        """Each page needs exactly the permission in the table."""
        assert {page.route: str(page.permission) for page in build_registry().pages} == dict(PAGES)

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
        OPENED.get(short(name), event_guard._UNOPENED)
        for name in handlers()
        if short(name) not in LET_THROUGH
    )
    return Counter(permission for permission in permissions if counts(permission))


async def prepare_everything(tab: Console, victim: UserRead) -> None:
    """Bring an administrator's tab to where one more click would do something."""
    await tab.open(f"/users?q={victim.email}")
    await tab.call(
        f"{ROOT_STATE}.{USERS}____user_list.select", {"ids": [str(victim.id)], "chosen": True}
    )
    await tab.call(f"{ROOT_STATE}.{USERS}____user_list.plan_bulk", {"action": "suspend"})
    await tab.open(f"/users/{victim.id}")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.ask_delete")
    await tab.call(f"{ROOT_STATE}.{USERS}____user_record.ask_email")

    assert tab.of("user_list")["bulk_names"] == [victim.display_name]
    assert tab.of("user_record")["user"]["email"] == victim.email
    assert tab.of("user_record")["deleting"] is True


async def call_everything(tab: Console, victim: UserRead) -> None:
    """Call every handler once with arguments as the page would send them."""
    for name in handlers():
        if not is_navigation(name) and short(name) != RESUME:
            await tab.send(name, plausible(name, victim), path=f"/users/{victim.id}")
    await tab.settle()


def resume() -> str:
    """The name of the handler on the wire."""
    return next(name for name in handlers() if short(name) == RESUME)
