"""Exact: a ratio is correctly rounded, whoever else is in the frame, and no sum wraps around."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution import build_paths
from assets.campaigns.results.intervals import wilson_bounds
from assets.frames import fill_steps, ratio, whole_sum

PARTS = st.lists(st.integers(1, 500), min_size=2, max_size=6)


@given(PARTS, st.integers(1, 500))
def test_a_ratio_does_not_depend_on_whether_its_column_is_known_to_be_constant(parts: list[int], whole: int) -> None:
    mine = pl.DataFrame({"scope": 1, "part": parts})
    # A join with a single row makes a column that polars knows to be constant.
    alone = mine.join(pl.DataFrame({"scope": [1], "whole": [whole]}), on="scope")
    beside = mine.join(pl.DataFrame({"scope": [1, 2], "whole": [whole, 7]}), on="scope")
    exact = [part / whole for part in parts]
    for frame in (alone, beside):
        quotients = frame.select(ratio(pl.col("part"), pl.col("whole"))).to_series()
        assert quotients.to_list() == exact


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 10**13), min_size=2, max_size=6), st.integers(2, 10**6))
def test_a_ratio_by_a_number_is_the_same_alone_and_among_others(parts: list[int], number: int) -> None:
    quotients = ratio(pl.col("part"), pl.lit(number))
    together = pl.DataFrame({"part": parts}).select(quotients).to_series().to_list()
    alone = [pl.DataFrame({"part": [part]}).select(quotients).item() for part in parts]
    assert together == alone == [part / number for part in parts]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 29 * 86_400 * 10**6), min_size=2, max_size=8, unique=True))
def test_the_age_of_a_touch_does_not_depend_on_who_else_is_there(ages: list[int]) -> None:
    sold = datetime(2026, 3, 31, tzinfo=UTC)
    household = {"sponsor_id": "kettle", "household_key": 7, "address_class": "household"}
    orders = pl.DataFrame([{"conversion_id": "order", "converted_at": sold, **household}])
    touches = pl.DataFrame(
        [
            {
                "exposure_id": f"{number:02}",
                "occurred_at": sold - timedelta(microseconds=age),
                "kind": "delivered",
                "campaign_id": "spring",
                "placement_id": "mid",
                "episode_id": "one",
                "consumer_key": 70,
                **household,
            }
            for number, age in enumerate(ages)
        ]
    )
    together = dict(build_paths(orders, touches).select("exposure_id", "age_s").iter_rows())
    for row in touches.iter_slices(1):
        [(exposure, age)] = build_paths(orders, row).select("exposure_id", "age_s").iter_rows()
        assert together[exposure] == age == ages[int(exposure)] / 10**6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)), min_size=2, max_size=6))
def test_the_bounds_of_a_rate_do_not_depend_on_who_else_is_there(rates: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame([(min(pair), max(pair)) for pair in rates], schema=["won", "asked"], orient="row")
    bounds = wilson_bounds(pl.col("won"), pl.col("asked"))
    together = frame.select(lower=bounds[0], upper=bounds[1]).rows()
    alone = [row.select(lower=bounds[0], upper=bounds[1]).row(0) for row in frame.iter_slices(1)]
    assert together == alone


@given(st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=6))
def test_a_sum_of_whole_numbers_is_exact_or_refused(amounts: list[int | None]) -> None:
    frame = pl.DataFrame({"amount": amounts}, schema={"amount": pl.Int64})
    exact = sum(amount for amount in amounts if amount is not None)
    if -(2**63) <= exact < 2**63:
        assert frame.select(whole_sum(pl.col("amount"))).item() == exact
    else:
        with pytest.raises(pl.exceptions.InvalidOperationError):
            frame.select(whole_sum(pl.col("amount")))


def test_gaps_are_filled_up_to_the_last_step_of_each_group() -> None:
    rows = pl.DataFrame({"show": ["a", "a", "b"], "hour": [2, 0, 1], "downloads": [5, 7, 9]})
    filled = fill_steps(rows, ["show"], "hour").sort("show", "hour")
    assert filled.rows() == [("a", 0, 7), ("a", 1, None), ("a", 2, 5), ("b", 0, None), ("b", 1, 9)]
