"""Events that Reflex itself could not handle."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from redis.exceptions import RedisError
from reflex_base.event.context import EventContext

from app.core.errors import Unavailable
from app.testing.platform import Platform
from app.ui.failures import event_failed
from app.ui.notices import FAILED
from app.ui.state_store import MemoryStates

pytestmark = pytest.mark.one_engine


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What the page of an event is told."""
    deltas: list[Any] = []

    async def emit(_token: str, delta: Any) -> None:
        deltas.append(delta)

    async def enqueue(*_: Any) -> Any:
        raise AssertionError

    context = EventContext(
        token="t",
        state_manager=MemoryStates(),  # type: ignore[abstract]  # its overloads confuse mypy
        enqueue_impl=enqueue,
        emit_delta_impl=emit,
    )
    before = EventContext.set(context)
    yield deltas
    EventContext.reset(before)


class TestEventFailed:
    """One line in the log, and a sentence on the page."""

    @pytest.mark.parametrize(
        ("error", "has_trace"),
        [
            (Unavailable("database.unavailable", "Away."), False),
            (OSError("away"), False),
            (ZeroDivisionError("a defect"), True),
        ],
        ids=lambda value: type(value).__name__,
    )
    @pytest.mark.usefixtures("tab")
    async def test_line(
        self, told: list[Any], platform: Platform, error: Exception, *, has_trace: bool
    ) -> None:
        """What is outside of us needs no trace; a defect of ours does."""
        with structlog.testing.capture_logs() as logs:
            event_failed(error)
            await asyncio.sleep(0)

        assert platform.reports == ([error] if has_trace else [])
        platform.reports.clear()
        [line] = logs
        assert line["event"] == "console.event_failed"
        assert ("exc_info" in line) is has_trace
        assert FAILED.text in str(told)

    async def test_redis(self, told: list[Any]) -> None:
        """Of Redis the watch over it tells, not each event."""
        with structlog.testing.capture_logs() as logs:
            event_failed(RedisError("gone"))
            await asyncio.sleep(0)

        assert logs == told == []
