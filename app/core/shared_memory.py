"""The Redis that several workers share: clients with time-outs, and whether it answers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.ids import new_id
from app.core.log import get_logger

log = get_logger(__name__)

_MARK = "atrium:memory"
"""A key that is there as long as Redis has kept what it was given."""


class SharedMemory:
    """Watches whether Redis answers and still holds what it held. Lives as long as the worker.

    Attributes:
        is_lost: Whether it did not answer when it was last asked.
        when_lost: Called once each time it stops answering or has forgotten everything.
        when_found: Called once each time it answers again.
    """

    def __init__(
        self, url: str | None, *, every_seconds: float = 0.5, timeout_seconds: float = 1
    ) -> None:
        self.is_lost = False
        self.when_lost: list[Callable[[], None]] = []
        self.when_found: list[Callable[[], None]] = []
        self._url = url
        self._every_seconds = every_seconds
        self._timeout_seconds = timeout_seconds
        self._client = None if url is None else client(url, timeout_seconds=timeout_seconds)
        self._mark: object = None
        self._lost_at = 0.0

    @property
    def is_used(self) -> bool:
        """Whether there is a Redis at all."""
        return self._client is not None

    async def ping(self) -> None:
        """Return when Redis answers, or when there is none.

        Raises:
            OSError: It cannot be reached, or does not answer in time.
            RedisError: It refuses.
        """
        if self._client is not None:
            await self._ask(self._client)

    async def answers(self) -> bool:
        """Whether Redis answers now, or there is none."""
        try:
            await self.ping()
        except (OSError, RedisError):
            return False
        return True

    async def watch(self) -> None:
        """Ask again and again, and tell of each change; never returns while Redis is used."""
        while self._client is not None:
            try:
                mark = await self._ask(self._client)
            except (OSError, RedisError) as error:
                self.lost(error)
            else:
                self._answered(mark)
            await asyncio.sleep(self._every_seconds)

    def lost(self, error: Exception) -> None:
        """Note that it does not answer; whoever meets an error first may say so."""
        if self.is_lost:
            return
        self.is_lost = True
        self._lost_at = time.monotonic()
        log.error("redis.lost", error=type(error).__name__, effect="console unavailable")
        _call(self.when_lost)

    async def close(self) -> None:
        """Close its connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, redis: Redis) -> object:
        async with asyncio.timeout(self._timeout_seconds):
            pipeline = redis.pipeline(transaction=False)
            pipeline.set(_MARK, new_id().hex, nx=True)
            pipeline.get(_MARK)
            return (await pipeline.execute())[-1]

    def _answered(self, mark: object) -> None:
        if self.is_lost:
            self.is_lost = False
            log.warning("redis.found", seconds=round(time.monotonic() - self._lost_at, 1))
            _call(self.when_found)
        elif self._mark not in (None, mark):
            log.warning("redis.emptied", effect="open pages load again")
            _call(self.when_lost)
            _call(self.when_found)
        self._mark = mark


def client(url: str, *, timeout_seconds: float) -> Redis:
    """A client that gives up after seconds instead of hanging.

    A broken connection is tried once more. A subscription waits for messages as long as it takes.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 1),
    }
    redis: Redis = Redis.from_url(url, socket_timeout=timeout_seconds, **options)
    redis.pubsub = Redis.from_url(url, **options).pubsub  # type: ignore[method-assign]  # see above
    return redis


def _call(listeners: list[Callable[[], None]]) -> None:
    for listener in listeners:
        listener()
