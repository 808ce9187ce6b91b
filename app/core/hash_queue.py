"""Who waits for a thread that hashes passwords, and in which order; who is to come back later."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

from app.core.errors import Unavailable

T = TypeVar("T")

_RETRY_AFTER_SECONDS = 2
_Waiter = asyncio.Future[None]


class Line:
    """Those who wait for one purpose: one after the other, in turns between whoever they are.

    Args:
        places: How many may be in it at once, whether they wait or are served.
        share: How many of them may belong to the same.
    """

    def __init__(self, places: int, share: int) -> None:
        self.places = places
        self.share = share
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    def is_full_for(self, whose: str) -> bool:
        """Whether there is no place left, or none for them."""
        return self._taken.total() >= self.places or self._taken[whose] >= self.share

    @contextmanager
    def place(self, whose: str) -> Iterator[None]:
        """A place, kept until the end of the block.

        Raises:
            Unavailable: There is none.
        """
        if self.is_full_for(whose):
            raise too_busy()
        self._taken[whose] += 1
        try:
            yield
        finally:
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]

    def add(self, whose: str, waiter: _Waiter) -> None:
        """Let somebody wait who has a place."""
        self._waiting.setdefault(whose, deque()).append(waiter)

    def __len__(self) -> int:
        return sum(len(waiters) for waiters in self._waiting.values())

    def next(self) -> _Waiter | None:
        """Whose turn it is; None when nobody waits."""
        while self._waiting:
            whose, waiters = self._waiting.popitem(last=False)
            waiter = waiters.popleft()
            if waiters:
                self._waiting[whose] = waiters
            if not waiter.done():
                return waiter
        return None


class HashQueue:
    """Hands out the threads of a pool. Lives as long as the process, within one event loop.

    Args:
        pool: Where the work is done.
        threads: How many it has.
        places: How many may wait or be served in each line.

    Attributes:
        free: How many threads have nothing to do.
        known: People who check a password where they were signed in before; served first.
        new_passwords: What permitted people set; served next.
        strangers: Everybody else.
    """

    def __init__(self, pool: Executor, *, threads: int, places: int) -> None:
        self._pool = pool
        self.free = threads
        # Nobody alone fills a line: not one address the line of strangers, and not one person the
        # line of those who are known.
        self.known = Line(places, share=max(8, places // 8))
        self.strangers = Line(places, share=max(8, places // 2))
        self.new_passwords = Line(places, share=places)

    @property
    def waiting(self) -> int:
        """How many wait for a thread."""
        return len(self.known) + len(self.new_passwords) + len(self.strangers)

    async def run(self, line: Line, whose: str, work: Callable[[], T]) -> T:
        """Do the work in a thread as soon as it is its turn; the caller has a place in the line."""
        await self._turn(line, whose)
        loop = asyncio.get_running_loop()
        try:
            doing = loop.run_in_executor(self._pool, work)
        except BaseException:
            self._hand_over()
            raise
        # The thread is free when the work is done, also if nobody waits for it any more.
        doing.add_done_callback(lambda _: self._hand_over())
        return await asyncio.shield(doing)

    async def _turn(self, line: Line, whose: str) -> None:
        if self.free:
            self.free -= 1
            return
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        line.add(whose, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._hand_over()
            raise

    def _hand_over(self) -> None:
        waiter = self.known.next() or self.new_passwords.next() or self.strangers.next()
        if waiter is None:
            self.free += 1
        else:
            waiter.set_result(None)


def too_busy() -> Unavailable:
    """The answer when there is no place in the queue."""
    message = "Very many people are signing in at this moment. Try again in a few seconds."
    return Unavailable("auth.busy", message, retry_after_seconds=_RETRY_AFTER_SECONDS)
