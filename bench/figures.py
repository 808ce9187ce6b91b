"""What was measured, beside what it should be."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_WIDTH = 62


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    Attributes:
        part: What was measured, e.g. `me`.
        title: Which value of it.
        value: The value; a ratio where there is no unit.
        unit: `ms`, `s`, `kB` … or empty.
        at_least: The goal, where more is better.
        at_most: The goal, where less is better.
        note: The two sides of a ratio, and what else helps to understand it.
    """

    part: str
    title: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None

    @property
    def goal(self) -> str:
        """The goal as it is written."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: ""}[self.is_met]
        value = f"{self.value:.2f}" if abs(self.value) < 10 else f"{self.value:,.0f}"  # noqa: PLR2004 - digits
        measured = f"{value} {self.unit}".rstrip()
        return f"{verdict:7}{self.title:{_WIDTH}}{measured:>11}  {self.goal:8}{self.note}".rstrip()


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    rows = [asdict(figure) | {"met": figure.is_met} for figure in figures]
    path.write_text(json.dumps({"machine": machine(), "figures": rows}, indent=2) + "\n")
