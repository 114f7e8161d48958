"""How far an estimate could be from the truth."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.results.intervals import gamma_bounds, newcombe, relative_lift, wilson, wilson_bounds


def bounds(weights: list[float]) -> tuple[float, float]:
    total, squares = sum(weights), sum(weight * weight for weight in weights)
    lower, upper = gamma_bounds(
        pl.Series([total]), pl.Series([squares]), pl.Series([max(weights, default=1.0)], dtype=pl.Float64)
    )
    return lower.item(), upper.item()


def test_a_count_of_nothing_could_have_been_up_to_3_69() -> None:
    lower, upper = bounds([])
    assert lower == 0
    assert round(upper, 2) == 3.69


def test_money_of_nothing_has_no_upper_bound_to_give() -> None:
    lower, upper = gamma_bounds(pl.Series([0.0]), pl.Series([0.0]), pl.Series([0.0]))
    assert (lower.item(), upper.item()) == (0, None)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (0.0253, 5.5716)), (10, (4.7954, 18.3904)), (100, (81.3640, 121.6270))]
)
def test_unit_weights_give_the_exact_interval_of_a_poisson_count(count: int, expected: tuple[float, float]) -> None:
    """Garwood's interval (Biometrika 28, 1936)."""
    assert bounds([1.0] * count) == pytest.approx(expected, abs=1e-3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30))
def test_the_gamma_interval_contains_its_estimate(weights: list[float]) -> None:
    lower, upper = bounds(weights)
    assert lower <= sum(weights) <= upper


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.randoms(use_true_random=False))
def test_fewer_households_make_a_relatively_wider_interval(count: int, chance: random.Random) -> None:
    fewer = chance.randrange(1, count)
    widths = []
    for households in (count, fewer):
        lower, upper = bounds([1.0] * households)
        widths.append((upper - lower) / households)
    assert widths[1] > widths[0]


def test_wilson_s_interval_of_a_published_example() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 857-872, table I: 81 of 263 and 0 of 20."""
    interval = wilson(81, 263)
    assert (interval.lower, interval.upper) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    nothing = wilson(0, 20)
    assert (nothing.lower, nothing.upper) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_newcombe_s_difference_of_a_published_example() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 873-890, table II: 56/70 - 48/80."""
    interval = newcombe(56, 70, 48, 80)
    assert (interval.lower, interval.upper) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_lift_needs_successes_in_both_groups() -> None:
    assert relative_lift(0, 100, 5, 100) is None
    interval = relative_lift(30, 1000, 20, 1000)
    assert interval is not None
    assert interval.estimate == pytest.approx(0.5)
    assert interval.lower is not None
    assert interval.upper is not None
    assert interval.lower < 0 < 0.5 < interval.upper


def test_the_interval_of_a_risk_ratio_by_hand() -> None:
    """60 of 100 against 40 of 100: 1.5 times exp(-+1.96 * sqrt(1/60 - 1/100 + 1/40 - 1/100))."""
    interval = relative_lift(60, 100, 40, 100)
    assert interval is not None
    assert (interval.lower, interval.upper) == pytest.approx((0.1241, 1.0016), abs=2e-4)


@pytest.mark.parametrize("unit", [0.01, 100.0])
def test_amounts_in_another_unit_have_the_same_interval_in_it(unit: float) -> None:
    weights = [20.0, 35.0, 120.0, 20.0]
    expected = [bound * unit for bound in bounds(weights)]
    assert bounds([weight * unit for weight in weights]) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_a_rate_s_interval_contains_it_and_stays_a_rate(successes: int, others: int) -> None:
    frame = pl.DataFrame({"successes": [successes], "trials": [successes + others]})
    low, high = wilson_bounds(pl.col("successes"), pl.col("trials"))
    lower, upper = frame.select(low.alias("lower"), high.alias("upper")).row(0)
    if successes + others == 0:
        assert (lower, upper) == (None, None)
    else:
        assert 0 <= lower <= successes / (successes + others) <= upper <= 1
        single = wilson(successes, successes + others)
        assert (lower, upper) == pytest.approx((single.lower, single.upper))
