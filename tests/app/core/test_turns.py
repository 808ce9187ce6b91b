"""Long computations let others run."""

import asyncio

import pytest

from app.core import turns
from app.core.turns import in_turns


class TestInTurns:
    """All items, some at a time."""

    async def test_all(self) -> None:
        """Every item comes, in order."""
        assert [item async for item in in_turns(range(5))] == [0, 1, 2, 3, 4]

    async def test_lets_others_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once a turn is over, a task that waits gets its own before the next item."""
        monkeypatch.setattr(turns, "_TURN_SECONDS", 0)
        seen: list[int] = []

        async def others() -> None:
            for _ in range(3):
                seen.append(-1)
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        async for item in in_turns(range(3)):
            seen += [item]
        await task

        assert seen == [0, -1, 1, -1, 2, -1]
