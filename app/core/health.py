"""Health: whether each thing the platform needs answers, and how fast."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.core.log import get_logger

Check = Callable[[], Awaitable[None]]
"""Returns when the component is fine, raises when it is not."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One component's answer; `milliseconds` is how long it took."""

    state: Literal["up", "down"]
    milliseconds: float
    problem: str = ""


class HealthChecks:
    """The checks of all components, by name."""

    def __init__(self, checks: Mapping[str, Check], *, timeout_seconds: float = 3) -> None:
        self._checks = checks
        self._timeout_seconds = timeout_seconds

    async def run(self) -> dict[str, ComponentHealth]:
        """Ask all components at once; one that hangs counts as down."""
        answers = await asyncio.gather(*(self._ask(name) for name in self._checks))
        return dict(zip(self._checks, answers, strict=True))

    async def _ask(self, name: str) -> ComponentHealth:
        started = time.perf_counter()
        problem = ""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._checks[name]()
        except TimeoutError:
            problem = f"no answer within {self._timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - any failure means "down", whatever its type
            log.warning("health.down", component=name, error=str(error))
            problem = type(error).__name__
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        return ComponentHealth("down" if problem else "up", milliseconds, problem)
