"""Power: the smallest lift that a comparison of two groups finds, by the test that is applied to it.

Here: how often a lift of some size is found, and the search for the size that is found often enough.
Not here: the test itself (intervals.relative_lift), which groups are compared (incrementality.py).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import ndtri

from assets.campaigns.results.intervals import Z

# The usual power of a planned experiment: four in five real effects of that size are found.
POWER_Z = float(ndtri(0.80))

# Three points and weights that average like a normal distribution (Gauss-Hermite), in standard deviations.
POINTS = np.array([-sqrt(3), 0.0, sqrt(3)])
WEIGHTS = np.outer([1 / 6, 2 / 3, 1 / 6], [1 / 6, 2 / 3, 1 / 6])

# Counts are at least half a household, so that they have a logarithm.
LEAST_COUNT = 0.5
BISECTIONS = 60


def smallest_lift(rate: float, treated: float, control: float) -> float | None:
    """The relative lift that 80 of 100 comparisons of so many households find; None for a rate of 0 or 1.

    rate: of the control side. Found is a lift whose interval (intervals.relative_lift) lies above 0. Where even the
    conversion of every treated household would be missed, that lift.
    """
    if not 0 < rate < 1:
        return None
    low, high = 0.0, 1 / rate - 1
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _score(rate, treated, control, middle) < POWER_Z else (low, middle)
    return high


def _score(rate: float, treated: float, control: float, lift: float) -> float:
    """The normal score of the chance to find this lift.

    The lower bound of the interval, on the log scale, has a mean and a spread over both groups' chances. It is no
    straight line of the counts, so both come from nine points and not from the counts' own errors: those alone made
    the promised 80 % into 67 to 78 %.
    """
    ours, others = (rate * (1 + lift), treated), (rate, control)
    x, y = (
        np.maximum(share * size + POINTS * sqrt(size * share * max(1 - share, 0.0)), LEAST_COUNT)
        for share, size in (ours, others)
    )
    x, y = x[:, np.newaxis], y[np.newaxis, :]
    error = np.sqrt(np.maximum(1 / x - 1 / treated + 1 / y - 1 / control, 0.0))
    lower = np.log(x / treated / (y / control)) - Z * error
    mean = float((WEIGHTS * lower).sum())
    return mean / sqrt(float((WEIGHTS * (lower - mean) ** 2).sum()))
