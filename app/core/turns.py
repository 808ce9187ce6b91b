"""Long computations on the event loop, done a little at a time so that nobody waits for them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

_TURN_SECONDS: Final = 0.01


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The same items; whenever working on them took a while, other tasks run in between."""
    started = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - started >= _TURN_SECONDS:
            await asyncio.sleep(0)
            started = time.perf_counter()
