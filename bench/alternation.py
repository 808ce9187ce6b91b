"""Two sides, measured in turns, so that whatever else the machine does hits both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.effort import Effort
from bench.load import Load, saturate
from bench.servers import Server
from bench.statistics import median, median_ratio

CLIENTS = 8


@dataclass(slots=True)
class Side:
    """A server, what is asked of it, and what came of it."""

    server: Server
    make: Callable[[], bytes]
    expect: int = 200
    loads: list[Load] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def measure(self, seconds: float, clients: int) -> None:
        """Do one round."""
        before = self.server.cpu_seconds()
        load = saturate(
            self.server.address, self.make, clients=clients, seconds=seconds, expect=self.expect
        )
        self.cpu_seconds.append((self.server.cpu_seconds() - before) / len(load.latencies))
        self.loads.append(load)

    @property
    def rates(self) -> Sequence[float]:
        """Answers a second, round by round."""
        return [load.rate for load in self.loads]

    def __str__(self) -> str:
        micro = median(self.cpu_seconds) * 1e6
        return f"{median(self.rates):,.0f}/s ({micro:,.0f} µs of processor)"


def compare(ours: Side, theirs: Side, effort: Effort) -> tuple[float, str]:
    """The ratio of our rate to theirs, and both in words."""
    for side in (ours, theirs):
        side.measure(min(effort.seconds, 1), CLIENTS)
        side.loads.clear()
        side.cpu_seconds.clear()
    for _ in range(effort.rounds):
        ours.measure(effort.seconds, CLIENTS)
        theirs.measure(effort.seconds, CLIENTS)
    return median_ratio(ours.rates, theirs.rates), f"{ours} to {theirs}"
