"""Bounds of money: by hand, and what they keep to."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.results.money_bounds import Sums, average_bounds, total_bounds


def sums(*households: tuple[float, float]) -> Sums:
    """Of households by what they spent and in how many orders."""
    money, orders = np.array(households, dtype=np.float64).T
    parts = (len(households), money.sum(), money @ money, orders.sum(), orders @ orders, money @ orders)
    return Sums(*(np.array([part]) for part in parts))


def test_a_total_by_hand() -> None:
    """Ten orders of 20: the lower bound of the count, missed in 4.5 %, and the upper of 13 orders with the spread of
    10 + 3^2."""
    lower, upper = total_bounds([200.0], [4000.0])
    assert lower[0] == pytest.approx(20 * 5.3206, abs=1e-2)
    deviation = 1.959964 * sqrt(4000 + 60**2) / 260
    assert upper[0] == pytest.approx(260 * exp(deviation + deviation**2 / 2), rel=1e-6)


def test_an_average_by_hand() -> None:
    """10, 20, 20, 30: mean 20, variance 200 / 3, error sqrt(200 / 12), and Student's 2.471 (4.5 %) on three degrees."""
    lower, upper = average_bounds(sums((10, 1), (20, 1), (20, 1), (30, 1)))
    below = 2.470807 * sqrt(200 / 12) / 20
    assert lower[0] == pytest.approx(20 * exp(-below / (1 + below / 10)), rel=1e-6)
    # With a fifth of 7 * 1800 / 80 = 157.5: mean 47.5, squares 26606.25, Student's 2.776 on four degrees.
    error = sqrt((26606.25 - 5 * 47.5**2) / 4 / 5)
    deviation = 2.776445 * error / 47.5
    assert upper[0] == pytest.approx(47.5 * exp(deviation + deviation**2 / 4), rel=1e-6)


def test_with_many_orders_each_bound_may_be_missed_in_its_half() -> None:
    """A million orders of 20: 1.96 standard errors to either side, and a little more above."""
    lower, upper = total_bounds([20e6], [400e6])
    assert (20e6 - lower[0]) / 20e3 == pytest.approx(1.96, abs=0.01)
    assert (upper[0] - 20e6) / 20e3 == pytest.approx(1.96, abs=0.01)


def test_orders_of_one_household_are_one_piece_of_evidence() -> None:
    apart = average_bounds(sums(*[(value, 1) for value in (10, 12, 14, 30, 34, 38)]))
    together = average_bounds(sums((36, 3), (102, 3)))
    assert together[0][0] < apart[0][0]
    assert together[1][0] > apart[1][0]


def test_a_single_household_has_no_average_and_nothing_no_total() -> None:
    assert np.isnan(average_bounds(sums((20, 1)))).all()
    assert np.isnan(total_bounds([0.0, -5.0], [0.0, 25.0])).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 1e6), st.integers(1, 5)), min_size=2, max_size=40), st.floats(0.01, 100))
def test_bounds_hold_their_estimate_in_any_unit(households: list[tuple[float, int]], unit: float) -> None:
    seen = sums(*households)
    scaled = sums(*[(money * unit, orders) for money, orders in households])
    for of in (average_bounds, lambda each: total_bounds(each.total, each.squares)):
        lower, upper = of(seen)
        estimate = seen.average() if of is average_bounds else seen.total
        assert lower[0] <= estimate[0] * (1 + 1e-9)
        assert estimate[0] <= upper[0] * (1 + 1e-9)
        assert [each[0] for each in of(scaled)] == pytest.approx([lower[0] * unit, upper[0] * unit], rel=1e-4)
