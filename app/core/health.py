"""Health: whether each thing the platform needs answers, and how fast."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.core.errors import Unavailable
from app.core.log import get_logger

Check = Callable[[], Awaitable[None]]
"""Returns when the component is fine, raises when it is not."""

State = Literal["up", "degraded", "down"]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One component's answer; `milliseconds` is how long it took.

    Attributes:
        state: `degraded` when it does not answer, and most of the platform works without it.
        milliseconds: How long its answer took.
        problem: Why it is not up, in words without secrets.
    """

    state: State
    milliseconds: float
    problem: str = ""


class HealthChecks:
    """The checks of all components, by name.

    Args:
        checks: What nothing works without.
        degrading: What most of the platform works without.
        timeout_seconds: How long a check may take before it counts as failed.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        degrading: Mapping[str, Check] | None = None,
        *,
        timeout_seconds: float = 3,
    ) -> None:
        self._checks = {**checks, **(degrading or {})}
        self._failing: dict[str, State] = dict.fromkeys(checks, "down")
        self._failing.update(dict.fromkeys(degrading or {}, "degraded"))
        self._timeout_seconds = timeout_seconds

    async def run(self) -> dict[str, ComponentHealth]:
        """Ask all components at once; one that hangs counts as failed."""
        answers = await asyncio.gather(*(self._ask(name) for name in self._checks))
        return dict(zip(self._checks, answers, strict=True))

    async def _ask(self, name: str) -> ComponentHealth:
        started = time.perf_counter()
        problem = ""
        check = asyncio.ensure_future(self._checks[name]())
        await asyncio.wait({check}, timeout=self._timeout_seconds)
        if not check.done():
            problem = f"no answer within {self._timeout_seconds:g} s"
            # Not waited for: to hang up on somebody who hangs takes long as well.
            check.add_done_callback(_forget)
            check.cancel()
        elif (error := check.exception()) is not None:
            reason, problem = (
                (error.reason, error.message)
                if isinstance(error, Unavailable)
                else (str(error), type(error).__name__)
            )
            log.warning("health.down", component=name, reason=reason)
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        return ComponentHealth(self._failing[name] if problem else "up", milliseconds, problem)


def _forget(check: asyncio.Future[None]) -> None:
    if not check.cancelled():
        check.exception()


def overall(components: Iterable[ComponentHealth]) -> State:
    """The worst state of all components; `up` without any."""
    states = {component.state for component in components}
    return next((state for state in _WORST_FIRST if state in states), "up")


_WORST_FIRST: tuple[State, ...] = ("down", "degraded")
