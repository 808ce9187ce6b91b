"""Counters in a real Redis."""

import time
from collections.abc import AsyncIterator

import pytest
import structlog

from app.admission import shared_budgets
from app.admission.budgets import MemoryCounters, Rate
from app.admission.shared_budgets import SharedCounters

HOUR = Rate(3, 3600)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.mark.redis
class TestSharedCounters:
    """What one process spends is missing in the other."""

    @pytest.fixture
    async def processes(self, redis_url: str) -> AsyncIterator[list[SharedCounters]]:
        """The counters of two processes."""
        counters = [SharedCounters(redis_url, MemoryCounters()) for _ in range(2)]
        yield counters
        for each in counters:
            await each.close()

    async def test_spend(self, processes: list[SharedCounters]) -> None:
        """Two processes spend of one budget, and agree on when it begins anew."""
        first, second = processes
        budgets = [await each.spend("a", HOUR) for each in (first, second, first, second)]

        assert [budget.remaining for budget in budgets] == [2, 1, 0, 0]
        assert budgets[-1].is_exceeded
        assert 0 < budgets[0].seconds_left <= 3600

    async def test_comes_back(self, redis_url: str) -> None:
        """Once Redis answers again the budget is shared again."""
        counters = SharedCounters(redis_url, MemoryCounters())
        counters._answers = False
        with structlog.testing.capture_logs() as logs:
            budgets = [await counters.spend("a", HOUR) for _ in range(2)]
        await counters.close()

        assert [budget.spent for budget in budgets] == [1, 2]
        assert [entry["event"] for entry in logs] == ["budgets.shared_again"]


class TestWithoutRedis:
    """Budgets hold while Redis does not answer."""

    async def test_counts_alone(self) -> None:
        """The process counts for itself, and logs that once, not for each request."""
        counters = SharedCounters(NOWHERE, MemoryCounters())
        with structlog.testing.capture_logs() as logs:
            budgets = [await counters.spend("a", HOUR) for _ in range(4)]
        await counters.close()

        assert [budget.remaining for budget in budgets] == [2, 1, 0, 0]
        assert [entry["event"] for entry in logs] == ["budgets.counted_per_process"]

    async def test_does_not_ask_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For a while after a failure Redis is not asked at all."""
        monkeypatch.setattr(shared_budgets, "_ASK_AGAIN_SECONDS", 3600.0)
        counters = SharedCounters(NOWHERE, MemoryCounters())
        await counters.spend("a", HOUR)
        asked_again_at = counters._ask_again_at
        await counters.spend("a", HOUR)
        await counters.close()

        assert asked_again_at == counters._ask_again_at > time.monotonic() + 60
