"""Days where their reader is."""

import time
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.core import days

# A day with the moment at which it ends; where clocks go forward at midnight there is none.
ENDS = [
    ("Europe/Berlin", "2026-12-04", "2026-12-04T23:00"),
    ("Europe/Berlin", "2027-03-28", "2027-03-28T22:00"),
    ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00"),
    ("Atlantic/Azores", "2027-03-27", "2027-03-28T01:00"),
    ("Atlantic/Azores", "2027-03-28", "2027-03-29T00:00"),
    ("America/Santiago", "2027-09-04", "2027-09-05T04:00"),
    ("America/Santiago", "2027-09-05", "2027-09-06T03:00"),
    ("Africa/Cairo", "2027-04-29", "2027-04-29T22:00"),
    ("Africa/Cairo", "2027-04-30", "2027-04-30T21:00"),
    ("Pacific/Auckland", "2026-12-04", "2026-12-04T11:00"),
    ("Asia/Kathmandu", "2026-12-04", "2026-12-04T18:15"),
    ("UTC", "2026-12-04", "2026-12-05T00:00"),
]


def read_in(zone: str, tell: Any, *arguments: Any) -> Any:
    """What a reader in a time zone is told."""

    def told() -> Any:
        days.read_in(zone)
        return tell(*arguments)

    return copy_context().run(told)


def moment(text: str) -> datetime:
    """In UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "end"), ENDS)
class TestEnds:
    """The end of a day."""

    def test_is_found(self, zone: str, day: str, end: str) -> None:
        """It is when the next one begins."""
        assert read_in(zone, days.end_of, date.fromisoformat(day)) == moment(end)

    def test_is_told(self, zone: str, day: str, end: str) -> None:
        """It reads as that day, never as the next."""
        told = read_in(zone, days.until, moment(end))

        number = date.fromisoformat(day)
        assert told == f"until the end of {number.day} {number:%b} {number.year}"


class TestWords:
    """Other moments."""

    def test_within_a_day(self) -> None:
        """They say the time, where their reader is."""
        assert read_in("Europe/Berlin", days.until, moment("2026-12-04T13:30")) == (
            "until 4 Dec 2026, 14:30"
        )

    @pytest.mark.parametrize(
        "zone", ["", "Nowhere/Land", "../../etc/passwd", "/etc/localtime", "x" * 99, "Europe", "é"]
    )
    def test_nobody_knows_where(self, zone: str) -> None:
        """Whose zone is not known reads UTC, and that it is UTC."""
        end = moment("2026-12-05T00:00")

        assert read_in(zone, days.until, end) == "until the end of 4 Dec 2026 (UTC)"
        assert read_in(zone, days.in_words, end) == "2026-12-05 00:00:00 UTC"

    def test_whole_moments(self) -> None:
        """To the second."""
        told = read_in("Asia/Tokyo", days.in_words, moment("2026-12-04T15:30:01"))

        assert told == "2026-12-05 00:30:01"

    @pytest.mark.parametrize("zone", ["", "Nowhere/Atall", "../etc/passwd"])
    def test_unknown_zone(self, zone: str) -> None:
        """A zone that nobody knows is UTC, whatever was read before."""

        def told() -> str:
            days.read_in("Asia/Tokyo")
            days.read_in(zone)
            return days.in_words(moment("2026-12-04T15:30:01"))

        assert copy_context().run(told) == "2026-12-04 15:30:01 UTC"

    @pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
    @pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
    def test_ends_of_the_calendar(self, text: str, zone: str) -> None:
        """What the calendar lacks in some zone is told all the same."""
        for tell in (days.until, days.in_words):
            assert read_in(zone, tell, moment(text))


@pytest.fixture
def system_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Auckland."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_here(system_zone: None) -> None:
    """A command tells moments as the machine's clock does."""
    del system_zone

    def told() -> str:
        days.read_here()
        return days.until(moment("2026-12-04T11:00"))

    assert copy_context().run(told) == "until the end of 4 Dec 2026"
