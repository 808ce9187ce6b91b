"""The few statistics that the figures need."""

import math
import statistics
from collections.abc import Sequence

median = statistics.median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by this percentage of all values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median of ratios of values that were taken one after the other.

    Each pair saw the same machine, so its noise cancels out; the median forgives the pair in
    between whose halves something else happened.
    """
    return median([over / under for over, under in zip(numerators, denominators, strict=True)])
