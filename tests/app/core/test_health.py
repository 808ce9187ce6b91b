"""Health: every component is asked, and none can hold up the answer."""

import asyncio
import time

import pytest

from app.core.health import ComponentHealth, HealthChecks, State, overall


async def fine() -> None:
    """A component that answers."""


async def broken() -> None:
    """A component that is down."""
    message = "password=hidden refused"
    raise ConnectionError(message)


async def hanging() -> None:
    """A component that never answers."""
    await asyncio.sleep(60)


class TestRun:
    """Asking all components."""

    async def test_up(self) -> None:
        """A component that answers is up, and its time was taken."""
        answers = await HealthChecks({"database": fine}).run()

        assert answers["database"].state == "up"
        assert answers["database"].milliseconds >= 0
        assert answers["database"].problem == ""

    async def test_down(self) -> None:
        """A component that fails is down; the answer names the kind of failure only."""
        answers = await HealthChecks({"cache": broken}).run()

        assert answers["cache"].state == "down"
        assert answers["cache"].problem == "ConnectionError"

    async def test_degraded(self) -> None:
        """A failing component that most things work without is degraded."""
        answers = await HealthChecks({"database": fine}, {"cache": broken}).run()

        assert answers["database"].state == "up"
        assert (answers["cache"].state, answers["cache"].problem) == ("degraded", "ConnectionError")

    async def test_hanging(self) -> None:
        """A component that hangs is down after the time-out."""
        started = time.perf_counter()

        answers = await HealthChecks({"queue": hanging}, timeout_seconds=0.05).run()

        assert time.perf_counter() - started < 1
        assert answers["queue"].state == "down"
        assert answers["queue"].problem == "no answer within 0.05 s"

    async def test_asks_all_at_once(self) -> None:
        """Several that hang take no longer than one, and do not hide the others."""
        checks = {"a": hanging, "b": hanging, "c": hanging, "d": fine, "e": broken}
        started = time.perf_counter()

        answers = await HealthChecks(checks, timeout_seconds=0.1).run()

        assert time.perf_counter() - started < 0.25
        assert [answer.state for answer in answers.values()] == ["down"] * 3 + ["up", "down"]
        assert list(answers) == list(checks)

    async def test_nothing_to_ask(self) -> None:
        """Without components there is nothing to be down."""
        assert await HealthChecks({}).run() == {}


class TestOverall:
    """The state of all components together."""

    @pytest.mark.parametrize(
        ("states", "together"),
        [
            ([], "up"),
            (["up", "up"], "up"),
            (["up", "degraded"], "degraded"),
            (["degraded", "down", "up"], "down"),
        ],
    )
    def test_worst(self, states: list[State], together: State) -> None:
        """The worst one counts."""
        assert overall(ComponentHealth(state, 1) for state in states) == together
