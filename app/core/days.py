"""Days and ends as their reader understands them: in the reader's own time zone."""

import re
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NAME = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SYSTEM = None
"""What `datetime` takes for the time zone of the machine."""

_zone: ContextVar[tzinfo | None] = ContextVar("reader_zone", default=UTC)


def read_in(zone: str) -> None:
    """Tell moments in this time zone, such as `Europe/Berlin`, in what is done from here on.

    Where nobody knows it, they are told in UTC, and say so.
    """
    _zone.set(UTC)
    if _NAME.fullmatch(zone):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            _zone.set(ZoneInfo(zone))


def read_here() -> None:
    """Tell moments in the time zone of the machine: that of whoever types a command."""
    _zone.set(_SYSTEM)


def start_of(day: date) -> datetime:
    """When a day begins for the reader, in UTC; where there is no midnight, right after the gap.

    Raises:
        OverflowError: It begins outside of the calendar.
    """
    return datetime(day.year, day.month, day.day, tzinfo=_zone.get()).astimezone(UTC)


def end_of(day: date) -> datetime:
    """When a day ends for the reader, in UTC.

    Raises:
        OverflowError: It ends outside of the calendar.
    """
    return start_of(day + timedelta(days=1))


def in_words(moment: datetime) -> str:
    """A moment to the second, for the reader."""
    try:
        told = moment.astimezone(_zone.get())
    except OverflowError:
        return moment.isoformat()
    return f"{told:%Y-%m-%d %H:%M:%S}{_named(' UTC')}"


def until(end: datetime) -> str:
    """*until the end of 4 Dec 2026*, where the end is a day's; else with the time."""
    try:
        last = (end - timedelta(microseconds=1)).astimezone(_zone.get())
        if end_of(last.date()) == end:
            return f"until the end of {_day(last)}{_named(' (UTC)')}"
        told = end.astimezone(_zone.get())
    except OverflowError:
        return f"until {end.isoformat()}"
    return f"until {_day(told)}, {told:%H:%M}{_named(' UTC')}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _named(zone: str) -> str:
    """The zone's name where the reader's own is not known."""
    return zone if _zone.get() is UTC else ""
