"""Counters that several processes share, in Redis.

A rate is then that of all workers and servers together. While Redis does not answer each process
counts for itself, so that budgets still hold, only less exactly.
"""

import asyncio
import time

from limits.aio.storage import RedisStorage
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.admission.budgets import Budget, Counters, Rate, seconds_left
from app.core.log import get_logger

_ANSWER_SECONDS = 0.25
_ASK_AGAIN_SECONDS = 2.0

log = get_logger(__name__)


class SharedCounters:
    """Counters in Redis.

    Args:
        url: Of the Redis.
        own: Those of this process, for while Redis does not answer.
    """

    def __init__(self, url: str, own: Counters) -> None:
        self._storage = RedisStorage(
            f"async+{url}",
            implementation="redispy",
            key_prefix="atrium:budget",
            # Those of the library, which waits between attempts, would make the request wait.
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # handed on to redis-py
        )
        self._own = own
        self._answers = True
        self._ask_again_at = 0.0

    async def spend(self, key: str, rate: Rate, amount: int = 1) -> Budget:
        """Count something, and return what is left of the rate then."""
        if not self._answers:
            if time.monotonic() < self._ask_again_at:
                return await self._own.spend(key, rate, amount)
            # Only this request waits for the answer, all others do not.
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_SECONDS
        now = time.time()
        window = f"{key}:{rate.seconds}:{int(now // rate.seconds)}"
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                spent = await self._storage.incr(window, rate.seconds + 1, amount)
        except (RedisError, OSError, TimeoutError) as error:
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_SECONDS
            self._tell(answers=False, error=type(error).__name__)
            return await self._own.spend(key, rate, amount)
        self._tell(answers=True)
        return Budget(rate.amount, spent, seconds_left(now, rate))

    async def close(self) -> None:
        """Close the connections."""
        await self._storage.bridge.storage.aclose()  # type: ignore[attr-defined]  # redis-py's own

    def _tell(self, *, answers: bool, error: str = "") -> None:
        """Log once that Redis stopped answering, and once that it answers again."""
        if answers == self._answers:
            return
        self._answers = answers
        if answers:
            log.info("budgets.shared_again")
        else:
            log.warning("budgets.counted_per_process", error=error)
