"""Nothing acknowledged is ever lost, and nothing is ever half there: kill -9 at any moment."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.features.users.schemas import UserListQuery
from app.features.users.service import UserService
from app.testing.factories import PASSWORD
from app.testing.fixtures import settings_for
from app.testing.platform import Platform
from tests.fixtures.postgres import PostgresServer
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap

pytestmark = pytest.mark.slow

CREATES = 500
AT_ONCE = 50


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server of the test's own, to be killed."""
    directory = tmp_path_factory.mktemp("durability")
    url = f"sqlite:///{directory / 'atrium.db'}"
    if request.param == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        url = postgres.url(postgres.create_database())
    server = Server(settings_for(url, directory), directory, **bootstrap())
    server.start()
    yield server
    server.stop()


def restart(server: Server) -> None:
    """Kill the server if it still runs, and start it again when its workers are gone as well."""
    server.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)):
                break
        time.sleep(0.02)
    server.start()


class Creator:
    """Creates many users at once and remembers which ones were acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: dict[str, str] = {}
        self.refused: Counter[int] = Counter()
        self.enough = asyncio.Event()

    async def run(self, *, kill_after: int) -> None:
        """Create users, and kill the server when so many are acknowledged."""
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=self.server.address, limits=limits, timeout=60
        ) as client:
            credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            pair = (await client.post("/api/v1/auth/login", json=credentials)).json()
            client.headers["Authorization"] = f"Bearer {pair['access_token']}"
            creates = [
                asyncio.create_task(self._create(client, number, kill_after))
                for number in range(CREATES)
            ]
            await self.enough.wait()
            await asyncio.to_thread(self.server.kill)
            await asyncio.gather(*creates)

    async def _create(self, client: httpx.AsyncClient, number: int, kill_after: int) -> None:
        email = f"user{number}@example.com"
        details = {"email": email, "display_name": f"User {number}", "password": PASSWORD}
        try:
            response = await client.post("/api/v1/users", json=details)
        except httpx.TransportError:
            return
        if response.status_code != 201:
            self.refused[response.status_code] += 1
            return
        self.acknowledged[email] = response.json()["id"]
        if len(self.acknowledged) >= kill_after:
            self.enough.set()


async def rows(platform: Platform, statement: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    async with (await platform.database()).reading.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


class TestKill:
    """The server is killed in the middle of many changes, and started again."""

    async def test_acknowledged_users_are_there(self, server: Server) -> None:
        """Every acknowledged user exists once, whole and recorded; nobody exists by halves."""
        creator = Creator(server)
        await creator.run(kill_after=200)
        restart(server)

        async with server.platform() as platform:
            users = await rows(
                platform, "SELECT email, count(*) FROM core_users GROUP BY email ORDER BY 1"
            )
            without_role = await rows(
                platform,
                "SELECT email FROM core_users "
                "WHERE id NOT IN (SELECT user_id FROM core_user_roles)",
            )
            entries = await platform.audit(action="user.create", outcome="succeeded")
            stored = {email for email, _ in users} - {ADMIN_EMAIL}
            recorded = Counter(entry.target_label for entry in entries)

            assert creator.refused == {}
            assert {count for _, count in users} == {1}
            assert creator.acknowledged.keys() <= stored
            assert len(creator.acknowledged) < CREATES
            assert without_role == []
            assert recorded - Counter([ADMIN_EMAIL]) == Counter(stored)
            ids = {entry.target_label: entry.target_id for entry in entries}
            assert creator.acknowledged.items() <= ids.items()

    async def send(self, server: Server, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request over a connection of its own: the last one died with the server."""
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            return await client.request(method, path, **options)

    async def test_goes_on_as_if_nothing_had_happened(self, server: Server) -> None:
        """After the restart the server is ready, sessions live on, and search finds everybody."""
        creator = Creator(server)
        await creator.run(kill_after=50)
        restart(server)

        email = next(iter(creator.acknowledged))
        credentials = {"email": email, "password": PASSWORD}
        ready = await self.send(server, "GET", "/ready")
        login = await self.send(server, "POST", "/api/v1/auth/login", json=credentials)
        restart(server)
        bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
        me = await self.send(server, "GET", "/api/v1/auth/me", headers=bearer)

        assert (ready.status_code, login.status_code, me.status_code) == (200, 200, 200)
        async with server.platform() as platform:
            for found in creator.acknowledged:
                query = UserListQuery(q=found)
                page = await platform.caller(SYSTEM)(UserService.page, query)
                assert found in {user.email for user in page.items}
            if (await platform.database()).is_sqlite:
                assert await rows(platform, "PRAGMA integrity_check") == [("ok",)]
