"""The time, always aware UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_supposed: ContextVar[datetime | None] = ContextVar("supposed", default=None)


def now() -> datetime:
    """The current time in UTC, to the microsecond."""
    return _supposed.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let what is asked within be answered as if it were this moment."""
    token = _supposed.set(moment)
    try:
        yield
    finally:
        _supposed.reset(token)
