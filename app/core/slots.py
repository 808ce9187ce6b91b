"""Expensive operations: so many at once, so that all others are answered meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from app.core.errors import Unavailable

_MOST_WAITING = 5
"""Of one person's calls; further ones are refused at once."""

_holds_one: ContextVar[bool] = ContextVar("atrium_expensive", default=False)


@dataclass(slots=True)
class _Share:
    """What one person has of the slots."""

    slots: asyncio.Semaphore
    calls: int = 0


class ExpensiveSlots:
    """Lets so many expensive operations run at once in this process; one person has half of them.

    Args:
        at_once: How many.
        wait_seconds: How long another one waits for its turn.
    """

    def __init__(self, at_once: int = 4, wait_seconds: float = 5) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._per_person = max(1, at_once // 2)
        self._wait_seconds = wait_seconds
        self._shares: dict[object, _Share] = {}

    @asynccontextmanager
    async def one(self, person: object) -> AsyncIterator[None]:
        """Hold a slot; an operation within an expensive one needs none.

        Args:
            person: Who calls.

        Raises:
            Unavailable: The others took too long, or too many of this person's calls wait.
        """
        if _holds_one.get():
            yield
            return
        share = self._shares.setdefault(person, _Share(asyncio.Semaphore(self._per_person)))
        if share.calls >= self._per_person + _MOST_WAITING:
            raise self._busy()
        share.calls += 1
        try:
            async with self._both(share):
                token = _holds_one.set(True)
                try:
                    yield
                finally:
                    _holds_one.reset(token)
        finally:
            share.calls -= 1
            if not share.calls:
                self._shares.pop(person, None)

    @asynccontextmanager
    async def _both(self, share: _Share) -> AsyncIterator[None]:
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    for slots in (share.slots, self._slots):
                        await slots.acquire()
                        held.append(slots)
            except TimeoutError as error:
                raise self._busy() from error
            yield
        finally:
            for slots in held:
                slots.release()

    def _busy(self) -> Unavailable:
        message = "Too many large reports are being made. Try again in a moment."
        seconds = max(1, round(self._wait_seconds))
        return Unavailable("operation.busy", message, retry_after_seconds=seconds)
