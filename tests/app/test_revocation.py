"""Nothing that starts after a right was taken succeeds: two processes, fifty clients at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any

import aiohttp
import pytest

from app.core import clock
from app.features.roles.schemas import RoleRead
from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, RoleFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform
from tests.fixtures.console import ROOT_STATE, console
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap

pytestmark = pytest.mark.slow

LOAD = f"{ROOT_STATE}.app___features___users___list_state____user_list.load"
PROGRAMS, BROWSERS, TABS = 30, 14, 6
BUSY_SECONDS = 0.7
"""How long everybody goes on once all have had their turn."""
LASTS = timedelta(seconds=2)
"""How long a grant that ends by itself is good."""

Use = Callable[[], Awaitable[bool]]


@dataclass
class Client:
    """Somebody who uses the right again and again: when each began, and whether it succeeded."""

    name: str
    use: Use
    uses: list[tuple[float, bool]] = field(default_factory=list)

    def since(self, moment: float) -> list[bool]:
        """How the uses ended that began after a moment."""
        return [succeeded for began, succeeded in self.uses if began > moment]


@dataclass
class Scene:
    """A user who may see users, through a role, and an administrator who takes that away."""

    servers: Sequence[Server]
    platform: Platform
    http: aiohttp.ClientSession
    user: UserRead
    role: RoleRead
    administrator: dict[str, str]

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """Do something as the administrator, on one of the servers."""
        address = f"{self.servers[0].address}/api/v1{path}"
        sent = self.http.request(method, address, json=body, headers=self.administrator)
        async with sent as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status != 204 else None


async def take_grant(scene: Scene) -> None:
    """The role no longer grants it."""
    [held] = scene.role.grants
    await scene.ask("DELETE", f"/roles/{scene.role.id}/permissions/{held.id}")


async def take_inclusion(scene: Scene) -> None:
    """The role that grants it is no longer included in theirs."""
    outer = await scene.ask("POST", "/roles", name=f"outer {scene.role.name}")
    people = [str(scene.user.id)]
    await scene.ask("PATCH", f"/roles/{outer['id']}", includes=[scene.role.name])
    await scene.ask("POST", f"/roles/{outer['id']}/members", user_ids=people)
    await scene.ask("POST", f"/roles/{scene.role.id}/members/remove", user_ids=people)
    await asyncio.sleep(BUSY_SECONDS)
    await scene.ask("PATCH", f"/roles/{outer['id']}", includes=[])


async def take_membership(scene: Scene) -> None:
    """They no longer have the role."""
    people = [str(scene.user.id)]
    await scene.ask("POST", f"/roles/{scene.role.id}/members/remove", user_ids=people)


async def suspend(scene: Scene) -> None:
    """They may not be here at all."""
    await scene.ask("POST", f"/users/{scene.user.id}/suspend")


async def let_end(scene: Scene) -> None:
    """The grant gets an end and reaches it: nothing tells anybody at that moment."""
    end = clock.now() + LASTS
    limited = {"permission": "user.read", "expires_at": end.isoformat()}
    await scene.ask("POST", f"/roles/{scene.role.id}/permissions", grants=[limited])
    await asyncio.sleep((end - clock.now()).total_seconds())


@pytest.fixture(scope="module")
def two_servers(
    frontend: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sequence[Server]]:
    """Two processes on one SQLite database; the state of a tab is in the memory of one of them."""
    directory = tmp_path_factory.mktemp("shared")
    settings = settings_for(f"sqlite:///{directory / 'atrium.db'}", directory)
    servers = [Server(settings, tmp_path_factory.mktemp("own"), **bootstrap()) for _ in range(2)]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgres", marks=(pytest.mark.postgres, pytest.mark.redis))],
)
def servers(request: pytest.FixtureRequest) -> Sequence[Server]:
    """Two processes: two servers on SQLite, or two workers of one on PostgreSQL and Redis."""
    if request.param == "sqlite":
        shared: Sequence[Server] = request.getfixturevalue("two_servers")
        return shared
    return [request.getfixturevalue("two_workers")]


@asynccontextmanager
async def scene(servers: Sequence[Server]) -> AsyncIterator[Scene]:
    """A user with a role of their own that lets them see users."""
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        servers[0].platform() as platform,
        aiohttp.ClientSession(connector=connector) as http,
    ):
        user = await servers[0].add_user(platform, "guest")
        role = await RoleFactory(platform)("user.read", name=f"sees users {user.display_name}")
        credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        address = f"{servers[0].address}/api/v1/auth/login"
        async with http.post(address, json=credentials) as answer:
            bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        made = Scene(servers, platform, http, user, role, bearer)
        await made.ask("POST", f"/roles/{role.id}/members", user_ids=[str(user.id)])
        yield made


@asynccontextmanager
async def clients(scene: Scene) -> AsyncIterator[list[Client]]:
    """Fifty clients of the user: programs, browsers that load pages, and open tabs."""
    signed_in = await scene.platform.sign_in(scene.user, PASSWORD)
    cookie = await scene.servers[0].sign_in(scene.user.email, PASSWORD)
    bearer = {"Authorization": f"Bearer {signed_in.tokens.access_token}"}
    browser = {"Cookie": f"atrium_session={cookie}"}
    async with AsyncExitStack() as stack:
        found = []
        for number in range(PROGRAMS + BROWSERS + TABS):
            server = scene.servers[number % len(scene.servers)]
            if number < PROGRAMS:
                use = get(scene.http, f"{server.address}/api/v1/users", bearer)
            elif number < PROGRAMS + BROWSERS:
                use = get(scene.http, f"{server.address}/users", browser)
            else:
                tab = await stack.enter_async_context(console(server, cookie, path="/users"))
                use = click(tab)
            found.append(Client(f"{number}", use))
        yield found


def get(http: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> Use:
    """Ask for an address."""

    async def use() -> bool:
        async with http.get(address, headers=headers, allow_redirects=False) as answer:
            assert answer.status in (200, 303, 401, 403), await answer.text()
            return answer.status == 200

    return use


def click(tab: Any) -> Use:
    """Load the list of users in an open tab."""
    # Rows that are the same as before are not sent again; the tab has just opened the second.
    addresses = cycle([f"/users?q={ADMIN_EMAIL.partition('@')[0]}", "/users"])

    async def use() -> bool:
        tab.path = next(addresses)
        return ADMIN_EMAIL in "".join(await tab.call(LOAD))

    return use


async def keep_using(client: Client, over: asyncio.Event) -> None:
    """Use the right until it is over."""
    while not over.is_set():
        began = time.time()
        client.uses.append((began, await client.use()))


async def everybody_used(clients: Sequence[Client], since: float) -> None:
    """Wait until everybody has begun and ended a use after a moment, and some more."""
    async with asyncio.timeout(60):
        while not all(client.since(since) for client in clients):  # noqa: ASYNC110 - counts, no event
            await asyncio.sleep(0.02)
    await asyncio.sleep(BUSY_SECONDS)


class TestRace:
    """The answer to the one who takes a right is the last moment at which it was good."""

    @pytest.mark.parametrize(
        "take", [take_grant, take_inclusion, take_membership, suspend, let_end]
    )
    async def test_nothing_after_it(
        self, servers: Sequence[Server], take: Callable[[Scene], Awaitable[None]]
    ) -> None:
        """All who are busy are refused from that moment on, wherever they are connected."""
        over = asyncio.Event()
        async with (
            scene(servers) as made,
            clients(made) as busy,
            asyncio.TaskGroup() as tasks,
        ):
            for client in busy:
                tasks.create_task(keep_using(client, over))
            await everybody_used(busy, 0)
            await take(made)
            taken = time.time()
            await everybody_used(busy, taken)
            over.set()

        late = {client.name: client.since(taken) for client in busy}
        assert all(client.uses[0][1] for client in busy)
        assert [name for name, succeeded in late.items() if any(succeeded)] == []
