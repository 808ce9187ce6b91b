"""How long and how often is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for the figures.

    Attributes:
        seconds: Length of one round of load.
        rounds: Rounds per side; sides alternate.
        samples: Single requests or clicks per side where latency is what counts.
        rows: Size of the large tables; the small ones have 10,000 rows.
        entries: Sizes of the small and of the large audit trail.
        starts: How often the server is started.
    """

    seconds: float
    rounds: int
    samples: int
    rows: int
    entries: tuple[int, int]
    starts: int


FULL = Effort(
    seconds=2, rounds=7, samples=300, rows=1_000_000, entries=(10_000, 10_000_000), starts=5
)
QUICK = Effort(seconds=0.3, rounds=2, samples=20, rows=30_000, entries=(1_000, 10_000), starts=1)
