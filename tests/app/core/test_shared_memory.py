"""The workers' Redis: killed, back again, emptied; each is told once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from app.core.shared_memory import SharedMemory, client
from tests.fixtures.redis import MortalRedis

pytestmark = pytest.mark.redis


class Watched:
    """A shared memory that is watched, and what it has told."""

    def __init__(self, url: str) -> None:
        self.memory = SharedMemory(url, every_seconds=0.02, timeout_seconds=0.5)
        self.told: list[str] = []
        self.memory.when_lost.append(lambda: self.told.append("lost"))
        self.memory.when_found.append(lambda: self.told.append("found"))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)


@pytest.fixture
async def watched(mortal_redis: MortalRedis) -> AsyncIterator[Watched]:
    """A shared memory under watch."""
    watched = Watched(mortal_redis.url)
    task = asyncio.create_task(watched.memory.watch())
    await watched.until(lambda: watched.memory._mark is not None)
    yield watched
    task.cancel()
    await watched.memory.close()


class TestWatch:
    """Whether Redis answers."""

    async def test_nothing_to_tell(self, watched: Watched) -> None:
        """While it answers, nothing is told."""
        await watched.memory.ping()

        assert (watched.memory.is_lost, watched.told) == (False, [])

    async def test_killed_and_back(self, watched: Watched, mortal_redis: MortalRedis) -> None:
        """A Redis that is killed is told once, and once more when it is back."""
        mortal_redis.kill()
        await watched.until(lambda: watched.memory.is_lost)
        with pytest.raises(Exception, match=r"refused|connect"):
            await watched.memory.ping()
        assert not await watched.memory.answers()
        mortal_redis.start()
        await watched.until(lambda: not watched.memory.is_lost)
        assert await watched.memory.answers()

        assert watched.told == ["lost", "found"]

    async def test_emptied(self, watched: Watched, mortal_redis: MortalRedis) -> None:
        """A Redis that has forgotten everything is lost and found, though it always answered."""
        async with Redis.from_url(mortal_redis.url) as redis:
            await redis.flushall()
        await watched.until(lambda: bool(watched.told))

        assert watched.told == ["lost", "found"]
        assert not watched.memory.is_lost

    async def test_errors_met_elsewhere(self, watched: Watched) -> None:
        """Whoever meets an error first may say so; it is told once."""
        watched.memory.lost(ConnectionError("gone"))
        watched.memory.lost(ConnectionError("gone"))
        await watched.until(lambda: not watched.memory.is_lost)

        assert watched.told == ["lost", "found"]

    async def test_none(self) -> None:
        """Without a Redis there is nothing to watch, and nothing is ever lost."""
        memory = SharedMemory(None)

        await memory.watch()
        await memory.ping()
        await memory.close()

        assert (memory.is_used, memory.is_lost) == (False, False)


class TestClient:
    """A client that does not hang."""

    async def test_subscription_outlives_the_time_out(self, mortal_redis: MortalRedis) -> None:
        """A subscription waits longer than a command may take."""
        redis = client(mortal_redis.url, timeout_seconds=0.1)
        async with redis, redis.pubsub() as subscription:
            await subscription.subscribe("news")
            heard: asyncio.Task[bytes] = asyncio.create_task(anext(_messages(subscription)))
            await asyncio.sleep(0.3)
            await redis.publish("news", b"hello")

            assert await asyncio.wait_for(heard, 10) == b"hello"


async def _messages(subscription: object) -> AsyncIterator[bytes]:
    async for message in subscription.listen():  # type: ignore[attr-defined]  # untyped
        if message["type"] == "message":
            yield message["data"]
