"""Two workers whose Redis is killed, and started again: the console says so and heals by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from app.settings import variable_name
from app.testing.fixtures import settings_for
from tests.fixtures.attacks import USER_LIST, has_users
from tests.fixtures.console import console, raw_socket
from tests.fixtures.redis import MortalRedis
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap

pytestmark = [pytest.mark.slow, pytest.mark.redis]

PATIENCE_SECONDS = 60


@pytest.fixture
def stopped(frontend: None, tmp_path: Path, mortal_redis: MortalRedis) -> Iterator[Server]:
    """A server with two workers and their Redis, not yet started."""
    settings = settings_for(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path)
    shared = {
        variable_name("server.workers"): "2",
        variable_name("redis.url"): mortal_redis.url,
    }
    server = Server(settings, tmp_path, **bootstrap(), **shared)
    yield server
    server.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)


async def lets_in(server: Server) -> bool:
    """Whether a new socket may be opened; whichever worker answers."""
    try:
        async with raw_socket(server):
            return True
    except aiohttp.WSServerHandshakeError:
        return False


async def state_of(server: Server) -> str:
    """What the server says of its readiness, and that it serves."""
    async with server.client() as client:
        answer = await client.get("/ready")
        assert answer.status_code == 200
        state: str = answer.json()["state"]
        return state


async def test_killed_and_back(stopped: Server, mortal_redis: MortalRedis) -> None:
    """Open pages are told, the API serves on, and after its return pages work without a reload."""
    stopped.start()
    cookie = await stopped.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    async with console(stopped, cookie, path="/users") as tab:
        token = tab.token
        mortal_redis.kill()
        await tab.closed()
        notice = tab.of("console")["notice"]
    assert "lost touch with its memory" in notice["text"]
    assert notice["lasting"] is True

    async def is_degraded() -> bool:
        return await state_of(stopped) == "degraded"

    await until(is_degraded)
    for _ in range(20):
        assert not await lets_in(stopped)
    async with stopped.client(cookie) as client:
        assert (await client.get("/users")).status_code == 200
    assert await stopped.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)

    async def is_back() -> bool:
        return all([await lets_in(stopped) for _ in range(10)])

    mortal_redis.start()
    await until(is_back)
    for _ in range(4):
        async with console(stopped, cookie, token=token, path="/users") as tab:
            await tab.call(f"{USER_LIST}.search_for", {"text": "nobody at all"})
            assert tab.commands[-1]["payload"]["path"] == "/users?q=nobody+at+all"
            assert has_users(tab)

    assert await state_of(stopped) == "up"
    log = stopped.log()
    assert log.count("redis.lost") == log.count("redis.found") == 2
    assert "Traceback" not in log
    assert log.count("redis") < 30


async def test_started_without(stopped: Server, mortal_redis: MortalRedis) -> None:
    """A server starts without its Redis, says what does not work, and finds it later."""
    mortal_redis.kill()
    stopped.start()

    assert "Redis does not answer" in stopped.log()
    assert await state_of(stopped) == "degraded"
    mortal_redis.start()
    cookie = await stopped.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)

    async def works() -> bool:
        return all([await lets_in(stopped) for _ in range(10)])

    await until(works)
    async with console(stopped, cookie, path="/users") as tab:
        assert has_users(tab)
    assert "Traceback" not in stopped.log()
