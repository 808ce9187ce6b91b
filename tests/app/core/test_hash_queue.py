"""The queue for threads that hash passwords: bounded, fair, and never stuck."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from app.core.errors import Unavailable
from app.core.hash_queue import HashQueue, Line

PLACES = 16


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """One thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def queue(pool: ThreadPoolExecutor) -> HashQueue:
    """A queue for one thread."""
    return HashQueue(pool, threads=1, places=PLACES)


async def settle() -> None:
    """Let all tasks run until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestPlaces:
    """Whoever finds no place is told so at once."""

    def test_are_bounded(self, queue: HashQueue) -> None:
        """No line is longer than its places, whoever waits in it."""
        for line in (queue.known, queue.strangers, queue.new_passwords):
            with ExitStack() as stack:
                for number in range(PLACES):
                    stack.enter_context(line.place(f"{number}"))
                with pytest.raises(Unavailable) as refused, line.place("one more"):
                    pytest.fail("there is no place")
            assert refused.value.retry_after_seconds > 0

            with line.place("one more"):
                pass

    @pytest.mark.parametrize("name", ["known", "strangers"])
    def test_nobody_takes_all(self, queue: HashQueue, name: str) -> None:
        """One address does not fill the line of strangers, nor one person that of the known."""
        line: Line = getattr(queue, name)
        with ExitStack() as stack:
            for _ in range(line.share):
                stack.enter_context(line.place("one"))

            assert line.is_full_for("one")
            assert not line.is_full_for("another")


class TestTurns:
    """Who is served when."""

    async def order(self, queue: HashQueue, *waiting: tuple[Line, str]) -> list[str]:
        """Who was served in which order, after all of these waited for a thread in this order."""
        busy = threading.Event()
        served: list[str] = []
        first = asyncio.create_task(queue.run(queue.strangers, "first", busy.wait))
        await settle()
        tasks = []
        for line, whose in waiting:
            tasks.append(
                asyncio.create_task(
                    queue.run(line, whose, lambda whose=whose: served.append(whose))
                )
            )
            await settle()
        busy.set()
        await asyncio.gather(first, *tasks)
        return served

    async def test_known_come_first(self, queue: HashQueue) -> None:
        """People who are known are served before strangers who came earlier."""
        served = await self.order(
            queue,
            (queue.strangers, "stranger"),
            (queue.new_passwords, "new"),
            (queue.known, "known"),
        )

        assert served == ["known", "new", "stranger"]

    async def test_in_turns(self, queue: HashQueue) -> None:
        """Whoever asks often is served in turns with those who ask once."""
        served = await self.order(
            queue,
            *[(queue.strangers, "often")] * 3,
            (queue.strangers, "once"),
            (queue.strangers, "also once"),
        )

        assert served == ["often", "once", "also once", "often", "often"]

    async def test_who_gave_up(self, queue: HashQueue) -> None:
        """Whoever no longer waits holds up nobody, and leaves no thread unused."""
        busy = threading.Event()
        running = asyncio.create_task(queue.run(queue.strangers, "a", busy.wait))
        await settle()
        waiting = asyncio.create_task(queue.run(queue.strangers, "b", busy.wait))
        last = asyncio.create_task(queue.run(queue.strangers, "c", busy.wait))
        await settle()
        running.cancel()
        waiting.cancel()
        await settle()
        assert not last.done()

        busy.set()

        assert await last
        assert await queue.run(queue.known, "d", lambda: "served") == "served"

    async def test_what_fails(self, queue: HashQueue) -> None:
        """A failure reaches whoever asked, and the thread goes on."""

        def fail() -> None:
            raise ValueError

        with pytest.raises(ValueError, match=r"^$"):
            await queue.run(queue.known, "a", fail)

        assert await queue.run(queue.known, "a", lambda: "served") == "served"
