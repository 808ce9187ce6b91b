"""The error bus: unexpected errors go through it to the log and to where they are collected.

Whoever catches such an error publishes it and goes on; writing it is somebody else's time.
"""

import asyncio
import contextvars
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from app.core.log import call_facts, get_logger

log = get_logger(__name__)

PER_MINUTE: Final = 10
"""How many errors of one kind are written in a minute; the others are counted."""

_CAPACITY: Final = 200
_OUR_MODULES = re.compile(r"(?:app\.features|modules)\.(\w+)")


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """One unexpected error and what is known of it.

    Attributes:
        error: The error.
        event: What failed, as the log calls it, e.g. `http.panic`.
        module: The module it happened in; empty when that is none.
        facts: What the publisher said, e.g. `request_id` and `user_id`.
    """

    error: BaseException
    event: str
    module: str
    facts: Mapping[str, object]


Sink = Callable[[ErrorReport], None]
"""Takes a report somewhere."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Errors that say the same: what failed, with which error, raised where."""

    event: str
    error: str
    place: str


@dataclass(slots=True)
class _Window:
    """A minute of one kind."""

    ends: float
    written: int = 0
    held_back: int = 0


class ErrorPublisher:
    """Takes unexpected errors from everywhere. Lives as long as the process.

    Inside an event loop reports wait in a bounded queue for one task; where no loop runs, as at
    the start, they are written at once.

    Args:
        sinks: Where reports are written, at most `per_minute` of one kind.
        module_of: The module to which an action or permission belongs.
        per_minute: How many of one kind are written within a window.
        capacity: How many may wait to be written; the log tells how many came then.
        window_seconds: How long a window is.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        module_of: Callable[[str], str] = str,
        *,
        per_minute: int = PER_MINUTE,
        capacity: int = _CAPACITY,
        window_seconds: float = 60,
    ) -> None:
        self._sinks = sinks
        self._module_of = module_of
        self._per_minute = per_minute
        self._capacity = capacity
        self._window_seconds = window_seconds
        self._listeners: list[Sink] = []
        self._waiting: deque[ErrorReport] = deque()
        self._windows: dict[_Kind, _Window] = {}
        self._dropped = 0
        self._lock = threading.Lock()
        self._consumer: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    def listen(self, listener: Sink) -> None:
        """Tell somebody of every error at once, also of those that are not written."""
        self._listeners.append(listener)

    def publish(
        self, error: BaseException, *, event: str, action: str = "", **facts: object
    ) -> None:
        """Take an error; never waits and never raises.

        Args:
            error: The error.
            event: What failed, as the log calls it.
            action: What was being done: an action of the audit trail, a permission or a job.
            facts: What else is known, e.g. `request_id` and `user_id`.
        """
        # Somebody is dealing with an error: a second one would hide it.
        with suppress(Exception):
            self._publish(error, event, action, facts)

    def handle_loop_error(
        self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]
    ) -> None:
        """Publish an error that a task ended with and nobody asked for; see asyncio's handlers."""
        error = context.get("exception")
        if error is None:
            loop.default_exception_handler(dict(context))
        else:
            self.publish(error, event="task.failed", what=str(context.get("message", "")))

    async def close(self) -> None:
        """Write what waits, and say what was counted."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None and consumer.get_loop() is asyncio.get_running_loop():
            consumer.cancel()
        self.flush()

    def flush(self) -> None:
        """Write what waits, and say what was counted, without an event loop."""
        self._write_waiting()
        with self._lock:
            windows, self._windows = self._windows, {}
        for kind, window in windows.items():
            self._tell_rest(kind, window)

    def _publish(
        self, error: BaseException, event: str, action: str, facts: Mapping[str, object]
    ) -> None:
        module = (self._module_of(action) if action else "") or _module_in(error)
        # What the log knows of the moment is not known any more where it is written.
        known = {**call_facts.get(), **facts}
        report = ErrorReport(error, event, module, known)
        for listener in self._listeners:
            with suppress(Exception):
                listener(report)
        loop = _running_loop()
        with self._lock:
            if not self._is_to_be_written(_Kind(event, type(error).__name__, _place(error))):
                return
            if len(self._waiting) >= self._capacity:
                self._dropped += 1
                return
            self._waiting.append(report)
        if loop is None:
            self._write_waiting()
        else:
            self._start_consumer(loop)

    def _is_to_be_written(self, kind: _Kind) -> bool:
        now = time.monotonic()
        window = self._windows.get(kind)
        if window is None or window.ends <= now:
            if window is not None:
                self._tell_rest(kind, window)
            window = self._windows[kind] = _Window(now + self._window_seconds)
        if window.written >= self._per_minute:
            window.held_back += 1
            return False
        window.written += 1
        return True

    def _start_consumer(self, loop: asyncio.AbstractEventLoop) -> None:
        consumer = self._consumer
        if consumer is None or consumer.done() or consumer.get_loop() is not loop:
            self._wake = asyncio.Event()
            # In a context of its own: it does not belong to whatever happened to fail first.
            context = contextvars.Context()
            self._consumer = loop.create_task(self._consume(), name="error bus", context=context)
        self._wake.set()

    async def _consume(self) -> None:
        """Write reports as they come, and at the end of each window what was counted in it."""
        while True:
            self._wake.clear()
            self._write_waiting()
            left = self._end_windows()
            if left is None and not self._waiting:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wake.wait()

    def _end_windows(self) -> float | None:
        """Tell of the windows that have ended; how long until the next one does, or None."""
        now = time.monotonic()
        with self._lock:
            over = [kind for kind, window in self._windows.items() if window.ends <= now]
            ended = [(kind, self._windows.pop(kind)) for kind in over]
            left = min((window.ends - now for window in self._windows.values()), default=None)
        for kind, window in ended:
            self._tell_rest(kind, window)
        return left

    def _write_waiting(self) -> None:
        while self._waiting:
            with suppress(IndexError):
                report = self._waiting.popleft()
                for sink in self._sinks:
                    # One that fails does not keep the others from being told.
                    with suppress(Exception):
                        sink(report)
        dropped, self._dropped = self._dropped, 0
        if dropped:
            log.error("errors.dropped", count=dropped)

    def _tell_rest(self, kind: _Kind, window: _Window) -> None:
        if window.held_back:
            log.error(
                "errors.repeated",
                what=kind.event,
                error=kind.error,
                place=kind.place,
                count=window.held_back,
            )


def write_to_log(report: ErrorReport) -> None:
    """Write a report with its traceback to the log."""
    facts = {**report.facts, "module": report.module}
    log.error(report.event, exc_info=report.error, **facts)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _place(error: BaseException) -> str:
    """Where it was raised: a Python module and a line; empty for one that never was."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"


def _module_in(error: BaseException) -> str:
    """The innermost feature or module that the error passed; empty for none."""
    module = ""
    trace = error.__traceback__
    while trace is not None:
        found = _OUR_MODULES.match(trace.tb_frame.f_globals.get("__name__", ""))
        module = found[1] if found else module
        trace = trace.tb_next
    return module
