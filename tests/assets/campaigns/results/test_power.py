"""The smallest lift that is promised to be found in four of five comparisons is found in four of five."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import bdtr

from assets.campaigns.results.power import smallest_lift

# The usual formula, by the control rate alone, found its lift in 67 to 78 of a hundred of these.
SIZES = [
    (0.02, 2_000, 2_000),
    (0.02, 20_000, 5_000),
    (0.04, 30_000, 3_000),
    (0.03, 10_000, 1_000),
    (0.3, 500, 500),
    (0.01, 50_000, 50_000),
    (0.02, 500, 5_000),
]


def chance_to_find(lift: float, rate: float, treated: int, control: int) -> float:
    """Exact: over every pair of counts that can come, those whose 95 % interval of the log risk ratio is above 0."""
    ours, base = (
        (count, bdtr(count, size, share) - bdtr(count - 1, size, share))
        for size, share in ((treated, rate * (1 + lift)), (control, rate))
        for count in (likely(size, share),)
    )
    x, y = ours[0][:, np.newaxis], base[0][np.newaxis, :]
    error = np.sqrt(1 / x - 1 / treated + 1 / y - 1 / control)
    is_found = np.log(x / treated / (y / control)) > 1.959964 * error
    return float(ours[1] @ is_found @ base[1])


def likely(size: int, share: float) -> NDArray[np.int64]:
    spread = 6 * (size * share * (1 - share)) ** 0.5
    return np.arange(max(1, int(size * share - spread)), min(size, int(size * share + spread)) + 1)


@pytest.mark.parametrize(("rate", "treated", "control"), SIZES)
def test_the_smallest_lift_is_found_in_four_of_five_comparisons(rate: float, treated: int, control: int) -> None:
    lift = smallest_lift(rate, treated, control)
    assert lift is not None
    assert 0.78 <= chance_to_find(lift, rate, treated, control) <= 0.84
    assert chance_to_find(0.9 * lift, rate, treated, control) < 0.78


def test_nothing_can_be_promised_where_nobody_or_everybody_converts_anyway() -> None:
    assert smallest_lift(0.0, 1_000, 1_000) is None
    assert smallest_lift(1.0, 1_000, 1_000) is None


def test_a_handful_of_households_finds_nothing_below_everybody() -> None:
    """2 of 4 would have converted anyway: at most all four can."""
    assert smallest_lift(0.5, 4, 4) == pytest.approx(1.0)


def test_more_households_find_smaller_lifts() -> None:
    lifts = [smallest_lift(0.02, size, size) for size in (1e3, 1e4, 1e5, 1e6)]
    assert lifts == sorted(lifts, key=lambda lift: -(lift or 0.0))
    # Large groups are like normal ones: a hundred times as many find a tenth.
    assert lifts[3] == pytest.approx((lifts[1] or 0.0) / 10, rel=0.1)
