"""Rates and what is counted against them."""

import pytest
import time_machine

from app.admission.budgets import MemoryCounters, Rate

MINUTE = Rate.parse("3/minute")


class TestRate:
    """Rates as the settings write them."""

    @pytest.mark.parametrize(
        ("text", "rate"),
        [
            ("100/minute", Rate(100, 60)),
            (" 5 / Second ", Rate(5, 1)),
            ("7/hour", Rate(7, 3600)),
            ("1/day", Rate(1, 86400)),
        ],
    )
    def test_parse(self, text: str, rate: Rate) -> None:
        """An amount per second, minute, hour or day is a rate."""
        assert Rate.parse(text) == rate

    @pytest.mark.parametrize(
        "text", ["", "100", "0/minute", "-1/minute", "1.5/minute", "5/week", "minute", "9" * 10]
    )
    def test_is_refused(self, text: str) -> None:
        """Anything else is refused with an example."""
        with pytest.raises(ValueError, match="100/minute"):
            Rate.parse(text)


class TestMemoryCounters:
    """Counters of one process."""

    async def test_spend(self) -> None:
        """As much as the rate says can be spent, one more is too much."""
        counters = MemoryCounters()
        with time_machine.travel("2026-01-01T10:00:10Z", tick=False):
            budgets = [await counters.spend("a", MINUTE) for _ in range(4)]

        assert [budget.remaining for budget in budgets] == [2, 1, 0, 0]
        assert [budget.is_exceeded for budget in budgets] == [False, False, False, True]
        assert budgets[0].seconds_left == 50

    async def test_keys_are_apart(self) -> None:
        """What one spends is not taken from another."""
        counters = MemoryCounters()
        await counters.spend("a", MINUTE, 3)

        assert (await counters.spend("b", MINUTE)).remaining == 2

    async def test_next_window(self) -> None:
        """A new window begins with the whole budget, and what has passed takes no memory."""
        counters = MemoryCounters()
        with time_machine.travel("2026-01-01T10:00:59Z", tick=False):
            await counters.spend("a", MINUTE, 5)
        with time_machine.travel("2026-01-01T10:01:00Z", tick=False):
            assert (await counters.spend("b", MINUTE)).seconds_left == 60
            assert (await counters.spend("a", MINUTE)).spent == 1

        assert [len(counts) for _, counts in counters._windows.values()] == [2]

    async def test_is_bounded(self) -> None:
        """Beyond the most that is held at once all new keys share one count."""
        counters = MemoryCounters(most_keys=2)
        with time_machine.travel("2026-01-01T10:00:00Z", tick=False):
            spent = [(await counters.spend(key, MINUTE)).spent for key in "abcda"]

        assert spent == [1, 1, 1, 2, 2]
