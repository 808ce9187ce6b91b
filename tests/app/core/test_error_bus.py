"""Unexpected errors: each is written once, many of one kind a few times, and nobody waits."""

import asyncio
import threading
from typing import Any

import pytest
import structlog

from app.bootstrap import build_registry
from app.core.error_bus import PER_MINUTE, ErrorPublisher, ErrorReport, write_to_log
from app.core.log import call_facts


def raised(kind: type[Exception] = LookupError) -> Exception:
    """An error as it is caught, always raised on the same line."""
    try:
        raise kind  # noqa: TRY301 - so that it has a traceback
    except kind as error:
        return error


class Written:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.reports: list[ErrorReport] = []

    def __call__(self, report: ErrorReport) -> None:
        """Take a report."""
        self.reports.append(report)


class TestPublish:
    """What becomes of an error."""

    def test_without_a_loop(self) -> None:
        """An error of the start, before any event loop runs, is written at once."""
        written = Written()
        ErrorPublisher([written]).publish(raised(), event="server.start_failed", job="x")

        [report] = written.reports
        assert (report.event, report.facts) == ("server.start_failed", {"job": "x"})

    async def test_does_not_wait(self) -> None:
        """Inside a loop an error is written by the consumer, after whoever publishes goes on."""
        written = Written()
        errors = ErrorPublisher([written])
        errors.publish(raised(), event="http.panic")

        assert written.reports == []
        await errors.close()
        assert len(written.reports) == 1

    async def test_from_other_threads(self) -> None:
        """Errors of many threads and of the loop are all written, each once."""
        written = Written()
        errors = ErrorPublisher([written], per_minute=1000)

        def publish() -> None:
            for _ in range(50):
                errors.publish(raised(), event="thread")

        threads = [threading.Thread(target=publish) for _ in range(4)]
        for thread in threads:
            thread.start()
        errors.publish(raised(), event="loop")
        for thread in threads:
            await asyncio.to_thread(thread.join)
        await errors.close()

        assert len(written.reports) == 201

    async def test_never_raises(self) -> None:
        """A sink, a listener or a registry that fails hurts neither the publisher nor others."""

        def broken(*_: Any) -> Any:
            raise ZeroDivisionError

        written = Written()
        errors = ErrorPublisher([broken, written])
        errors.listen(broken)
        errors.publish(raised(), event="http.panic")
        ErrorPublisher([written], broken).publish(raised(), event="http.panic", action="user.read")
        await errors.close()

        assert len(written.reports) == 1

    @pytest.mark.parametrize(
        ("action", "module"),
        [("user.suspend", "users"), ("auth.forget_expired", "auth"), ("", "")],
    )
    def test_module(self, action: str, module: str) -> None:
        """An error belongs to the module of what was being done."""
        written = Written()
        errors = ErrorPublisher([written], build_registry().module_of)
        errors.publish(raised(), event="http.panic", action=action)

        assert [report.module for report in written.reports] == [module]

    def test_module_by_place(self) -> None:
        """Where nobody says what was being done, the code that the error passed tells."""
        scope: dict[str, Any] = {"__name__": "app.features.roles.service"}
        exec("def fail():\n    raise KeyError", scope)
        written = Written()
        try:
            scope["fail"]()
        except KeyError as error:
            ErrorPublisher([written]).publish(error, event="task.failed")

        assert [report.module for report in written.reports] == ["roles"]

    async def test_knows_the_request(self) -> None:
        """What the log says in each line of a request is said of its error, and only of that."""
        errors = ErrorPublisher([write_to_log])
        with structlog.testing.capture_logs() as logs:
            for request_id, event in (("a", "one"), ("b", "two")):
                said = call_facts.set({"request_id": request_id})
                errors.publish(raised(), event=event)
                call_facts.reset(said)
            await errors.close()

        assert [(line["event"], line["request_id"]) for line in logs] == [
            ("one", "a"),
            ("two", "b"),
        ]
        assert all("exc_info" in line for line in logs)


class TestLimits:
    """However many errors there are, the log stays readable and the memory small."""

    async def test_one_kind(self) -> None:
        """At most ten of one kind are written in a minute; one line tells of the rest."""
        written = Written()
        errors = ErrorPublisher([written])
        with structlog.testing.capture_logs() as logs:
            for _ in range(PER_MINUTE + 25):
                errors.publish(raised(), event="http.panic")
            errors.publish(raised(KeyError), event="http.panic")
            errors.publish(raised(), event="job.failed")
            await errors.close()

        assert len(written.reports) == PER_MINUTE + 2
        [line] = logs
        assert (line["event"], line["what"], line["error"], line["count"]) == (
            "errors.repeated",
            "http.panic",
            "LookupError",
            25,
        )
        assert line["place"].startswith(f"{__name__}:")

    async def test_a_new_minute(self) -> None:
        """At the end of the minute the rest is told without anything else happening; then anew."""
        written = Written()
        errors = ErrorPublisher([written], per_minute=1, window_seconds=0.05)
        with structlog.testing.capture_logs() as logs:
            errors.publish(raised(), event="http.panic")
            errors.publish(raised(), event="http.panic")
            async with asyncio.timeout(10):
                while not logs:  # noqa: ASYNC110 - a log tells nobody of its lines
                    await asyncio.sleep(0.01)
            errors.publish(raised(), event="http.panic")
            await errors.close()

        assert len(written.reports) == 2
        assert [(line["event"], line["count"]) for line in logs] == [("errors.repeated", 1)]

    async def test_full_queue(self) -> None:
        """What finds the queue full is dropped, and the log says how many those were."""
        written = Written()
        errors = ErrorPublisher([written], capacity=3)
        with structlog.testing.capture_logs() as logs:
            for number in range(5):
                errors.publish(raised(), event=f"event-{number}")
            await errors.close()

        assert len(written.reports) == 3
        assert logs == [{"event": "errors.dropped", "count": 2, "log_level": "error"}]

    async def test_listeners_hear_all(self) -> None:
        """Whoever counts is told of every error, also of those that are not written."""
        heard = Written()
        errors = ErrorPublisher([])
        errors.listen(heard)
        for _ in range(PER_MINUTE + 25):
            errors.publish(raised(), event="http.panic")
        await errors.close()

        assert len(heard.reports) == PER_MINUTE + 25


class TestTasks:
    """Tasks that nobody waits for."""

    async def test_failure_is_published(self) -> None:
        """A task that ends with an error which nobody asks for is published as `task.failed`."""
        heard = Written()
        errors = ErrorPublisher([])
        errors.listen(heard)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(errors.handle_loop_error)

        async def fail() -> None:
            raise LookupError

        task = asyncio.create_task(fail())
        await asyncio.wait({task})
        del task
        loop.set_exception_handler(None)

        assert [(each.event, type(each.error)) for each in heard.reports] == [
            ("task.failed", LookupError)
        ]
