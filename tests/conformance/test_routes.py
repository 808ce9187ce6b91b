"""Every REST route with its permission, and what it does for those who lack it, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bootstrap import build_container, build_registry
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.permissions import PUBLIC, SIGNED_IN
from app.features.auth.session_service import SessionService
from app.features.roles.service import RoleService
from app.features.users.schemas import UserListQuery
from app.features.users.service import UserService
from app.http.api import build_api
from app.http.routing import ConsoleRoute, OperationRoute
from app.settings import load_settings
from app.testing import conformance
from app.testing.factories import PASSWORD, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform
from app.ui.guards import OPEN_PATHS
from tests.fixtures.entry_points import ROUTES
from tests.fixtures.postgres import PostgresServer
from tests.fixtures.server import ADMIN_PASSWORD, Server, bootstrap

AUDIT = str(AuditEntry.__tablename__)
NEW_USER = {"email": "new@example.com", "display_name": "New", "password": PASSWORD}
PASSWORDS = {"current_password": PASSWORD, "new_password": "another long password"}

# What would have an effect if the caller were allowed.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/users"): {"json": NEW_USER},
    ("PATCH", "/api/v1/users/{user_id}"): {"json": {"display_name": "Taken over"}},
    ("PUT", "/api/v1/users/{user_id}"): {"json": {"display_name": "Taken over"}},
    ("POST", "/api/v1/auth/reauthenticate"): {"json": {"password": PASSWORD}},
    ("POST", "/api/v1/users/{user_id}/email"): {
        "json": {"email": "taken@example.com", "verified": True}
    },
    ("POST", "/api/v1/users/{user_id}/reset-credentials"): {"json": {}},
    ("POST", "/session/users/{user_id}/reset-credentials"): {"json": {}},
    ("POST", "/session/reauthenticate"): {"data": {"password": PASSWORD}},
    ("POST", "/api/v1/users/{user_id}/roles"): {"json": {"roles": []}},
    ("PUT", "/api/v1/users/{user_id}/roles"): {"json": {"roles": []}},
    ("POST", "/api/v1/users/{user_id}/roles/add"): {"json": {"roles": ["guest"]}},
    ("POST", "/api/v1/users/{user_id}/roles/remove"): {"json": {"roles": ["admin"]}},
    ("PUT", "/api/v1/users/{user_id}/grants"): {"json": {"permissions": ["*"], "grants": []}},
    ("POST", "/api/v1/roles"): {"json": {"name": "mine", "permissions": ["*"]}},
    ("PATCH", "/api/v1/roles/{role_id}"): {"json": {"description": "Taken over"}},
    ("PUT", "/api/v1/roles/{role_id}"): {
        "json": {
            "name": "mine",
            "description": "",
            "includes": [],
            "permissions": ["*"],
            "grants": [],
        }
    },
    ("POST", "/api/v1/roles/{role_id}/permissions"): {"json": {"permissions": ["*"]}},
    ("POST", "/api/v1/roles/what-if"): {"json": {"change": {"name": "mine"}}},
    ("POST", "/session/password"): {"data": PASSWORDS},
}


class TestList:
    """Routes that call no operation."""

    @pytest.fixture
    def routes(self, tmp_path: Path) -> list[conformance.RestRoute]:
        """What the application routes."""
        settings = load_settings(data_dir=tmp_path)
        registry = build_registry()
        return conformance.rest_routes(build_api(registry, build_container(settings, registry)))

    def test_nothing_else(self, routes: list[conformance.RestRoute]) -> None:
        """All others are in the short list of open paths, and only read."""
        others = [route for route in routes if route.permission is None]

        assert {route.path for route in others} == OPEN_PATHS
        assert {route.method for route in others} <= {"GET", "HEAD"}

    def test_kinds(self, routes: list[conformance.RestRoute]) -> None:
        """Programs come by token, the console by cookie, and no route knows both."""
        for route in routes:
            if route.permission is not None:
                console = route.path.startswith("/session/")
                expected = ConsoleRoute if console else OperationRoute
                assert route.kind == expected.__name__, route.path


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def api_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A real server, once per engine."""
    directory = tmp_path_factory.mktemp("server")
    url = f"sqlite:///{directory / 'atrium.db'}"
    if request.param == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        url = postgres.url(postgres.create_database())
    server = Server(settings_for(url, directory), directory, **bootstrap())
    server.start()
    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(make_people(server))
    yield server
    server.stop()


async def make_people(server: Server) -> None:
    """A user without any permission, and one who must change their password."""
    async with server.platform() as platform:
        make_user = UserFactory(platform)
        await make_user(email="plain@example.com")
        await make_user(email="due@example.com", roles=["admin"], must_change_password=True)


@pytest.fixture
async def platform(api_server: Server) -> AsyncIterator[Platform]:
    """A look at the server's database."""
    async with api_server.platform() as platform:
        yield platform


@dataclass
class Caller:
    """Somebody who calls every route."""

    client: httpx.AsyncClient
    platform: Platform
    ids: dict[str, str]

    async def call(self, method: str, path: str) -> httpx.Response:
        """Call one route so that it would have an effect."""
        return await self.client.request(
            method, path.format(**self.ids), **BODIES.get((method, path), {})
        )

    async def check_denied(self, method: str, path: str, status: int) -> None:
        """The call is refused with this status and without effect; known people are recorded."""
        before = await self.platform.contents(without=[AUDIT])

        response = await self.call(method, path)

        assert response.status_code == status, (method, path, response.text)
        assert await self.platform.contents(without=[AUDIT]) == before, (method, path)
        entries = await self.platform.audit(request_id=response.headers["x-request-id"])
        # Those of strangers are counted; see `tests/conformance/test_strangers.py`.
        expected = [] if status == 401 else ["denied"]
        assert [entry.outcome for entry in entries] == expected, (method, path)


@pytest.fixture
async def caller(api_server: Server, platform: Platform) -> AsyncIterator[Caller]:
    """Somebody without a session; `ids` are those of the administrator and of an entry."""
    page = await platform.caller(SYSTEM)(UserService.page, UserListQuery(q="admin"))
    [entry, *_] = await platform.audit()
    administrator = page.items[0].id
    await api_server.sign_in("admin@example.com", ADMIN_PASSWORD)
    [session, *_] = await platform.caller(SYSTEM)(SessionService.of_user, administrator)
    [role, *_] = await platform.caller(SYSTEM)(RoleService.all)
    ids = {
        "user_id": str(administrator),
        "entry_id": str(entry.id),
        "session_id": str(session.id),
        "role_id": str(role.id),
        "grant_id": str(role.grants[0].id),
    }
    async with httpx.AsyncClient(base_url=api_server.address) as client:
        yield Caller(client, platform, ids)


async def sign_in(caller: Caller, email: str, password: str = PASSWORD) -> None:
    """Open an API session and a console session."""
    credentials = {"email": email, "password": password}
    pair = (await caller.client.post("/api/v1/auth/login", json=credentials)).json()
    caller.client.headers["Authorization"] = f"Bearer {pair['access_token']}"
    await caller.client.post("/session/sign-in", data=credentials)


@pytest.mark.slow
class TestOverHttp:
    """Calls that are not allowed have no effect on a real server."""

    async def test_anonymous(self, caller: Caller) -> None:
        """A visitor is told to sign in, by every route that is not public."""
        for (method, path), permission in ROUTES.items():
            if permission != PUBLIC:
                await caller.check_denied(method, path, 401)

    async def test_under_privileged(self, caller: Caller) -> None:
        """Somebody signed in without any permission is refused by all that needs one."""
        await sign_in(caller, "plain@example.com")

        for (method, path), permission in ROUTES.items():
            if permission not in (PUBLIC, SIGNED_IN):
                await caller.check_denied(method, path, 403)

    async def test_password_change_due(self, caller: Caller) -> None:
        """So is an administrator who must first change their password."""
        await sign_in(caller, "due@example.com")

        for (method, path), permission in ROUTES.items():
            if permission not in (PUBLIC, SIGNED_IN):
                await caller.check_denied(method, path, 403)

    async def test_cookie_opens_no_api(self, caller: Caller) -> None:
        """An administrator's cookie alone opens no API route: other sites could use it."""
        await sign_in(caller, "admin@example.com", ADMIN_PASSWORD)
        del caller.client.headers["Authorization"]

        for (method, path), permission in ROUTES.items():
            if path.startswith("/api/") and permission != PUBLIC:
                await caller.check_denied(method, path, 401)

    async def test_token_opens_no_console(self, caller: Caller) -> None:
        """Nor does a token open the console's own routes."""
        await sign_in(caller, "admin@example.com", ADMIN_PASSWORD)
        caller.client.cookies.clear()

        for (method, path), permission in ROUTES.items():
            if path.startswith("/session/") and permission != PUBLIC:
                await caller.check_denied(method, path, 401)

    async def test_stale_token(self, caller: Caller) -> None:
        """A token of a session that has ended opens nothing."""
        await sign_in(caller, "admin@example.com", ADMIN_PASSWORD)
        assert (await caller.client.post("/api/v1/auth/logout")).status_code == 204
        before = await caller.platform.contents(without=[AUDIT])

        for (method, path), permission in ROUTES.items():
            if path.startswith("/api/") and permission != PUBLIC:
                assert (await caller.call(method, path)).status_code == 401, (method, path)

        assert await caller.platform.contents(without=[AUDIT]) == before
