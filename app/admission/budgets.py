"""How much somebody may do in a while: rates like `100/minute`, and what is counted against them.

Windows are fixed and begin at the same moment for everybody: a minute at its first second. So
several servers agree on them, and what has passed is forgotten by dropping it.
"""

import re
import time
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_RATE = re.compile(r"\s*([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)\s*", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
MOST_KEYS = 100_000
_ALL_OTHERS = "all others"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of something in so many seconds."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """A rate as the settings write it: `100/minute`, or per second, hour or day.

        Raises:
            ValueError: It is none.
        """
        found = _RATE.fullmatch(text)
        if found is None:
            message = "write a rate like 100/minute (second, minute, hour or day)"
            raise ValueError(message)
        return cls(int(found[1]), _SECONDS[found[2].lower()])


class Budget(NamedTuple):
    """What is left of a rate in the window that is running."""

    limit: int
    spent: int
    seconds_left: int
    """Until the window ends; at least 1."""

    @property
    def is_exceeded(self) -> bool:
        """Whether more was asked for than there was."""
        return self.spent > self.limit

    @property
    def remaining(self) -> int:
        """How much may still be spent."""
        return max(0, self.limit - self.spent)


class Counters(Protocol):
    """Counts what was spent under a key; lives as long as the process."""

    async def spend(self, key: str, rate: Rate, amount: int = 1) -> Budget:
        """Count something, and return what is left of the rate then."""


class MemoryCounters:
    """Counters of this process alone."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._windows: dict[int, tuple[int, dict[str, int]]] = {}
        """By length in seconds: the number of the running window, and what was spent in it."""

    async def spend(self, key: str, rate: Rate, amount: int = 1) -> Budget:
        """Count something, and return what is left of the rate then.

        Beyond `most_keys` in one window all new keys share one count.
        """
        now = time.time()
        number, counts = self._windows.get(rate.seconds, (0, {}))
        if number != int(now // rate.seconds):
            number, counts = int(now // rate.seconds), {}
            self._windows[rate.seconds] = number, counts
        spent = counts.get(key)
        if spent is None and len(counts) >= self._most_keys:
            key = _ALL_OTHERS
            spent = counts.get(key)
        spent = counts[key] = (spent or 0) + amount
        return Budget(rate.amount, spent, seconds_left(now, rate))


def seconds_left(now: float, rate: Rate) -> int:
    """Until the running window of a rate ends, rounded up."""
    return rate.seconds - int(now % rate.seconds)
