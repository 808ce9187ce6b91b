"""The time, always aware UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC, to the microsecond."""
    return datetime.now(UTC)
