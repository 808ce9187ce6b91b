"""Whatever could make a stolen session or token worth more than itself asks for the password."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from app.bootstrap import build_container, build_registry
from app.core import clock
from app.core.actor import Actor
from app.core.audit import AuditEntry
from app.core.errors import ReauthenticationRequired
from app.core.operations import Operation, authorise
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.entry_points import short_name
from app.features.auth.models import UserSession
from app.http.api import build_api
from app.http.dispatch import Api
from app.http.routing import OperationRoute
from app.settings import load_settings
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import ORIGIN, Caller, Platform, SignedIn
from app.ui.page_state import Console
from tests.conformance.test_operations import METHODS, knock, operation_of
from tests.conformance.test_routes import BODIES
from tests.fixtures.handlers import handlers, is_ours, plausible
from tests.fixtures.tab import Tab

pytestmark = [pytest.mark.one_engine, pytest.mark.slow]

AUDIT = str(AuditEntry.__tablename__)

# A change here is a change of the platform's security: look twice.
OPERATIONS = {
    "CredentialService.change_email",
    "CredentialService.check_reset",
    "CredentialService.set_password",
    "CredentialService.start_reset",
    "RoleService.add_members",
    "RoleService.create",
    "RoleService.delete",
    "RoleService.grant",
    "RoleService.remove_members",
    "RoleService.restore_members",
    "RoleService.revoke",
    "RoleService.set_own_grants",
    "RoleService.update",
    "SealService.prune",
    "UserBulkService.preview_role",
    "UserService.add_roles",
    "UserService.assign_roles",
    "UserService.create",
    "UserService.delete",
    "UserService.remove_roles",
}

# The handlers that get as far as such an operation with what a page would send.
HANDLERS = {
    "new_role.save",
    "new_user.save",
    "role_record.delete",
    "role_record.save",
    "user_access.overwrite",
    "user_access.revoke",
    "user_record.ask_reset",
    "user_record.delete",
    "user_record.save_email",
    "user_record.save_roles",
}


def application() -> Api:
    """The application, to look at."""
    registry = build_registry()
    return build_api(registry, build_container(load_settings(environment="test"), registry))


def operation_routes() -> list[tuple[str, str, Operation]]:
    """Method, path and operation of every route that calls one."""
    return [
        (method, prefix + route.path, route.operation)
        for module in build_registry().modules
        for router, prefix in ((module.router, "/api/v1"), (module.console_router, ""))
        for route in (router.routes if router else ())
        if isinstance(route, OperationRoute)
        for method in route.methods or ()
    ]


def stale(actor: Actor) -> Actor:
    """The same person, whose last proof of who they are is a while ago."""
    return replace(actor, recent_sign_in_until=clock.now() - timedelta(seconds=1))


async def grow_stale(platform: Platform) -> None:
    """Let two days pass since anybody gave their password."""
    async with (await platform.database()).writing.begin() as connection:
        moment = clock.now() - timedelta(days=2)
        await connection.execute(update(UserSession).values(authenticated_at=moment))


class TestOperations:
    """The gate, for every operation."""

    def test_list_is_exact(self) -> None:
        """Those that are declared so are in the list above."""
        assert {name for name in METHODS if operation_of(name).recent_sign_in} == OPERATIONS

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("name", sorted(OPERATIONS))
    async def test_refused(self, platform: Platform, actor: Actor, name: str) -> None:
        """A stale session is refused, with no effect but an entry."""
        before = await platform.contents(without=[AUDIT])

        with pytest.raises(ReauthenticationRequired):
            await knock(platform.caller(stale(actor)), name)

        assert await platform.contents(without=[AUDIT]) == before
        [entry] = await platform.audit(action=operation_of(name).action, outcome="denied")
        assert entry.error_code == "auth.reauthentication_required"

    @pytest.mark.actor("admin")
    async def test_others(self, platform: Platform, actor: Actor) -> None:
        """All others are open to it."""
        async with platform.caller(stale(actor)).unit() as unit:
            uow = await unit.get(UnitOfWork)
            for name in set(METHODS) - OPERATIONS:
                await authorise(operation_of(name), uow)

    @pytest.mark.parametrize("name", sorted(OPERATIONS))
    @pytest.mark.actor("user")
    async def test_permission_comes_first(self, call: Caller, name: str) -> None:
        """Whoever lacks the permission is not asked for a password in vain."""
        with pytest.raises(Exception) as refused:  # noqa: PT011 - the code is compared
            await knock(Caller(call._container, stale(call.actor), call.context), name)

        assert refused.value.code == "permission.denied"  # type: ignore[attr-defined]  # checked here


class TestRoutes:
    """REST, for every route."""

    @pytest.fixture
    async def stale_client(
        self, platform: Platform, make_user: UserFactory
    ) -> AsyncIterator[httpx.AsyncClient]:
        """An administrator's stale sessions, as a program and in the console."""
        user = await make_user(roles=["admin"])
        signed_in: SignedIn = await platform.sign_in(user, PASSWORD)
        async with platform.client(signed_in.tokens.access_token) as client:
            client.headers["Origin"] = ORIGIN
            form = {"email": user.email, "password": PASSWORD}
            await client.post("/session/sign-in", data=form)
            await grow_stale(platform)
            yield client

    async def test_each(self, platform: Platform, stale_client: httpx.AsyncClient) -> None:
        """Those of such operations answer 401 and say what to call; no other route does."""
        ids = dict.fromkeys(
            ("user_id", "role_id", "grant_id", "entry_id", "session_id"), str(uuid4())
        )
        asked, declared = set(), set()
        for method, path, operation in operation_routes():
            if operation.permission in (PUBLIC, SIGNED_IN):
                continue
            if operation.recent_sign_in:
                declared.add((method, path))
            sent = BODIES.get((method, path), {})
            response = await stale_client.request(method, path.format_map(ids), **sent)
            if response.status_code == 401:
                asked.add((method, path))
                problem = response.json()
                assert problem["code"] == "auth.reauthentication_required"
                assert problem["reauthenticate"] == "/api/v1/auth/reauthenticate"
                challenge = response.headers["www-authenticate"]
                assert challenge == 'Bearer error="insufficient_user_authentication"'

        assert asked == declared
        assert len(asked) > len(OPERATIONS) / 2

    def test_documented(self) -> None:
        """OpenAPI says which, with an example of the answer."""
        paths = application().openapi()["paths"]
        for method, path, operation in operation_routes():
            if path.startswith("/api/"):
                described = paths[path][method.lower()]
                example = str(described["responses"].get("401", ""))
                is_declared = operation.recent_sign_in
                assert described.get("x-recent-sign-in", False) is is_declared
                assert ("auth.reauthentication_required" in example) is is_declared

    async def test_password_opens_them(
        self, platform: Platform, stale_client: httpx.AsyncClient
    ) -> None:
        """Wrong: 422 at the field and nothing opens. Right: this session is open, no other."""
        user = {"email": "new@example.com", "display_name": "New", "password": PASSWORD}
        wrong = await stale_client.post("/api/v1/auth/reauthenticate", json={"password": "guess"})
        closed = await stale_client.post("/api/v1/users", json=user)
        right = await stale_client.post("/api/v1/auth/reauthenticate", json={"password": PASSWORD})
        opened = await stale_client.post("/api/v1/users", json=user)
        reset = f"/session/users/{opened.json()['id']}/reset-credentials"
        elsewhere = await stale_client.post(reset, json={})
        form = await stale_client.post("/session/reauthenticate", data={"password": PASSWORD})
        here = await stale_client.post(reset, json={})

        assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["password"])
        assert [each.status_code for each in (closed, right, opened)] == [401, 204, 201]
        assert [each.status_code for each in (elsewhere, form, here)] == [401, 204, 200]

    async def test_refreshing_is_no_proof(self, platform: Platform, make_user: UserFactory) -> None:
        """A new pair of tokens is as stale as the old one was; only the password helps."""
        signed_in = await platform.sign_in(await make_user(roles=["admin"]), PASSWORD)
        await grow_stale(platform)
        user = {"email": "new@example.com", "display_name": "New", "password": PASSWORD}
        async with platform.client() as client:
            given = {"refresh_token": signed_in.tokens.refresh_token}
            pair = (await client.post("/api/v1/auth/refresh", json=given)).json()
            client.headers["Authorization"] = f"Bearer {pair['access_token']}"
            refused = await client.post("/api/v1/users", json=user)

        assert refused.json()["code"] == "auth.reauthentication_required"

    async def test_guesses_are_counted(self, stale_client: httpx.AsyncClient) -> None:
        """A stolen session is no place to try passwords one after the other."""
        guess = {"password": "guess"}
        answers = [
            (await stale_client.post("/api/v1/auth/reauthenticate", json=guess)).status_code
            for _ in range(7)
        ]

        assert answers[-1] == 429
        change = {"current_password": PASSWORD, "new_password": "another long password"}
        assert (
            await stale_client.post("/api/v1/users/change-password", json=change)
        ).status_code == 429


@pytest.mark.actor("admin")
class TestConsole:
    """Event handlers: who is refused is asked for their password, and it is done afterwards."""

    async def test_each(self, tab: Tab, make_user: UserFactory, make_role: RoleFactory) -> None:
        """Every handler, with what a page would send, as a stale administrator."""
        tab.actor = stale(tab.actor)
        asking = set()
        for name, registered in handlers().items():
            if not is_ours(name) or short_name(name).startswith("console."):
                continue
            victim, role = await make_user(), await make_role("user.read")
            of_a_role = short_name(name).startswith("role_")
            tab.at(f"/roles/{role.id}" if of_a_role else f"/users/{victim.id}")
            await tab.call(registered.handler, *plausible(name, victim).values())
            console = await tab.of(Console)
            if console.confirming:
                asking.add(short_name(name))
                await tab.call(Console.leave_it)
            assert not console.session_ended, name

        assert asking == HANDLERS

    async def test_goes_on(self, tab: Tab, make_user: UserFactory) -> None:
        """What was refused is sent again with what was typed; but a form with a password is not."""
        victim = await make_user()
        names = {short_name(name): name for name in handlers()}
        save_roles, save_user = names["user_record.save_roles"], names["new_user.save"]
        tab.actor = stale(tab.actor)
        tab.at(f"/users/{victim.id}")
        form: dict[str, Any] = {"roles": ["guest"]}
        await tab.call(handlers()[save_roles].handler, form)
        [again] = await tab.call(Console.go_on)
        await tab.call(handlers()[save_user].handler, *plausible(save_user, victim).values())
        kept = (await tab.of(Console))._refused_event
        after = await tab.call(Console.go_on)

        assert again.name.endswith("user_record.save_roles")
        assert again.payload == {"form": form}
        assert (kept, after) == ({}, [])
        assert not (await tab.of(Console)).confirming
