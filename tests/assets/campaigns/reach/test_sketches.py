"""Sketches: the library's own to the byte, the same for the same set, mergeable, and as close as their bounds say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.reach.sketches import ENTRIES, LOG_ENTRIES, build_sketches, merge_sketches, read_sketches

datasketches = pytest.importorskip("datasketches", reason="datasketches is ready made for Python 3.11 to 3.13 only")


def random_keys(number: int, seed: int) -> pl.Series:
    """Keys over the whole range of 64 bits, as those of households are."""
    drawn = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, number, dtype=np.int64)
    return pl.Series("key", drawn)


def sketch_of(keys: pl.Series) -> bytes:
    [sketch] = build_sketches(keys.to_frame("key").with_columns(day=1), ["day"])["sketch"]
    assert isinstance(sketch, bytes)
    return sketch


def result(sketch: bytes) -> dict[str, int | bool]:
    return read_sketches(pl.DataFrame({"sketch": [sketch]})).row(0, named=True)


@pytest.mark.parametrize("number", [1, 2, ENTRIES, ENTRIES + 1, 3 * ENTRIES])
def test_a_sketch_is_what_the_library_makes_of_the_same_keys(number: int) -> None:
    keys = random_keys(number, seed=number)
    one_by_one = datasketches.update_theta_sketch(LOG_ENTRIES)
    for key in keys.to_list():
        one_by_one.update(key)
    one_by_one.trim()
    ours = datasketches.compact_theta_sketch.deserialize(sketch_of(keys))
    assert ours.serialize() == one_by_one.compact().serialize()


def test_small_numbers_and_none_are_keys_like_others() -> None:
    keys = pl.DataFrame({"day": [1, 1, 1, 2], "key": [0, -1, 0, None]})
    assert build_sketches(keys, ["day"]).select("day", "keys").rows() == [(1, 2)]


def test_many_groups_are_sketched_at_once_as_each_alone() -> None:
    keys = pl.DataFrame({"key": random_keys(60_000, 5)}).with_columns(day=pl.col("key") % 7)
    together = dict(build_sketches(keys, ["day"]).select("day", "sketch").iter_rows())
    alone = {day: sketch_of(part["key"]) for (day,), part in keys.partition_by("day", as_dict=True).items()}
    assert together == alone


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 50_000), min_size=1, max_size=4))
def test_order_repetition_and_splits_change_no_byte(seed: int, cuts: list[int]) -> None:
    keys = random_keys(50_000, seed % 5)
    whole = sketch_of(keys)
    shuffled = pl.concat([keys, keys.head(1_000)]).sample(fraction=1, shuffle=True, seed=seed)
    assert sketch_of(shuffled) == whole
    edges = [0, *sorted(cuts), keys.len()]
    days = pl.concat(
        pl.DataFrame({"key": keys[max(start - 500, 0) : end]}).with_columns(day=pl.lit(number))
        for number, (start, end) in enumerate(pairwise(edges))
    )
    merged = merge_sketches(build_sketches(days, ["day"]).with_columns(campaign=1), ["campaign"])
    assert merged["sketch"].to_list() == [whole]


def test_up_to_its_entries_a_sketch_is_exact() -> None:
    assert result(sketch_of(random_keys(ENTRIES, 3))) == {
        "estimate": ENTRIES,
        "lower": ENTRIES,
        "upper": ENTRIES,
        "is_estimate": False,
    }


def test_the_truth_lies_within_the_bounds_as_often_as_they_promise() -> None:
    """300 sets of 20,000. At two standard deviations 95.4 % hold: 286, give or take 3.6; 273 are 3.6 times that off."""
    truth, draws = 20_000, 100
    sets = (
        pl.DataFrame({"key": random_keys(draws * truth, seed), "draw": np.repeat(np.arange(draws), truth)})
        for seed in (1, 2, 3)
    )
    found = pl.concat(read_sketches(build_sketches(drawn, ["draw"])) for drawn in sets)
    assert found["keys"].to_list() == [truth] * 300
    assert found["is_estimate"].all()
    held = found.filter(pl.col("lower") <= truth, pl.col("upper") >= truth)
    assert held.height >= 273
    assert ((found["upper"] - found["lower"]) / found["estimate"] < 2 * 0.016).all()
