"""Turns of expensive operations."""

import asyncio

import pytest

from app.core.errors import Unavailable
from app.core.slots import ExpensiveSlots


class Calls:
    """Calls that hold a slot until they are let go."""

    def __init__(self, slots: ExpensiveSlots) -> None:
        self._slots = slots
        self._end = asyncio.Event()
        self.running = 0

    async def call(self, person: str) -> str:
        """Hold a slot; how that ended."""
        try:
            async with self._slots.one(person):
                self.running += 1
                await self._end.wait()
        except Unavailable as error:
            return error.code
        return "done"

    async def start(self, *people: str) -> list[asyncio.Task[str]]:
        """Begin calls, each as far as it gets."""
        tasks = [asyncio.create_task(self.call(person)) for person in people]
        for _ in range(10):
            await asyncio.sleep(0)
        return tasks

    def end(self) -> None:
        """Let all go."""
        self._end.set()


class TestExpensiveSlots:
    """So many at once, the others wait or are sent away."""

    async def test_at_once(self) -> None:
        """As many run as there are slots; the next one runs when another ends."""
        calls = Calls(ExpensiveSlots(at_once=4, wait_seconds=3600))
        tasks = await calls.start("a", "a", "b", "b", "c")
        running = calls.running
        calls.end()

        assert running == 4
        assert await asyncio.gather(*tasks) == ["done"] * 5

    async def test_of_one_person(self) -> None:
        """One person has half of the slots, however many calls they send."""
        calls = Calls(ExpensiveSlots(at_once=4, wait_seconds=3600))
        tasks = await calls.start(*"a" * 50, "b")
        running = calls.running
        calls.end()
        ended = await asyncio.gather(*tasks)

        assert running == 3
        assert ended.count("operation.busy") == 43
        assert ended[-1] == "done"

    async def test_waits_so_long(self) -> None:
        """Whose turn does not come in time is told to come again."""
        slots = ExpensiveSlots(at_once=1, wait_seconds=0.01)
        calls = Calls(slots)
        [first] = await calls.start("a")

        with pytest.raises(Unavailable) as refused:
            async with slots.one("b"):
                pytest.fail("there was no slot")
        calls.end()

        assert refused.value.retry_after_seconds >= 1
        assert await first == "done"
        async with slots.one("b"):
            assert slots._shares.keys() == {"b"}
        assert slots._shares == {}

    async def test_within_another(self) -> None:
        """An expensive operation that calls another one needs no second slot."""
        slots = ExpensiveSlots(at_once=1, wait_seconds=0.01)

        async with slots.one("a"), slots.one("a"):
            pass
