"""Ready-made paths: textbook cases, the examples in the docs, and what always holds, for every model."""

from __future__ import annotations

import csv
import doctest
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import attribution
from assets.attribution.journeys import channels, transforms
from assets.attribution.journeys.channels import ALL_MODELS, channel_totals, credit_paths
from sql.values import PermanentError

TRUTH = Path(__file__).parents[5] / "shared/data/attribution/path_transforms/path_transforms_expected.csv"

Drawn = list[tuple[str, int, int]]


def paths_of(drawn: Drawn) -> pl.DataFrame:
    """Paths written as letters, with how many of them converted and did not."""
    rows = [
        (number, touch, channel, conversions, 10.0 * conversions, nulls, float(len(path) - touch), channel == "d")
        for number, (path, conversions, nulls) in enumerate(drawn)
        for touch, channel in enumerate(path, 1)
    ]
    names = ["path_id", "touch_no", "channel", "conversions", "value", "nulls", "age_days", "is_excluded"]
    return pl.DataFrame(rows, schema=names, orient="row")


def totals(drawn: Drawn, model: str) -> dict[str, float]:
    result = channel_totals(paths_of(drawn), [model], fewest_conversions=1)
    return dict(result.select("channel", "conversions").iter_rows())


def shares(drawn: Drawn, model: str, path: int = 0) -> list[float]:
    return credit_paths(paths_of(drawn), [model]).filter(path_id=path)["credit"].to_list()


@pytest.mark.parametrize("module", [attribution, channels, transforms])
def test_the_examples_in_the_docs_are_true(module: object) -> None:
    tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried.failed == 0


def test_a_touch_is_worth_what_the_path_would_lose_without_it() -> None:
    """ab converts half the time, b a quarter, a never: 1/4 to a, 1/2 to b, in proportion."""
    drawn = [("ab", 1, 1), ("b", 1, 3), ("a", 0, 2)]
    assert shares(drawn, "counterfactual") == pytest.approx([1 / 3, 2 / 3])


def test_touches_that_add_nothing_leave_all_to_the_last() -> None:
    assert shares([("ab", 1, 9), ("a", 5, 5), ("b", 5, 5)], "counterfactual") == [0, 1]


def test_only_the_touch_itself_is_taken_out() -> None:
    """Without b, a b a is a a: nobody took that path, so b is worth all of the chance and so is each a."""
    assert shares([("aba", 1, 1), ("a", 1, 1)], "counterfactual") == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_the_markov_textbook_cases() -> None:
    assert totals([("g", 2, 1), ("m", 1, 0), ("gm", 1, 0)], "markov") == pytest.approx({"g": 2.4, "m": 1.6})
    assert totals([("abc", 1, 0), ("a", 0, 1), ("bc", 0, 1)], "markov") == pytest.approx({"a": 0.2, "b": 0.4, "c": 0.4})


def test_below_300_conversions_data_driven_models_fall_back_to_linear_and_are_marked() -> None:
    result = channel_totals(paths_of([("ab", 299, 5), ("a", 0, 2)]), ["counterfactual", "markov", "linear"])
    assert result["fitted_by"].unique().to_list() == ["linear"]
    assert result["conversions"].to_list() == [149.5] * 6
    assert "markov" in channel_totals(paths_of([("ab", 300, 5)]), ["markov"])["fitted_by"].to_list()


def test_last_paid_touch_passes_over_excluded_channels() -> None:
    assert totals([("abd", 3, 0), ("d", 1, 0)], "last_paid_touch") == {"a": 0, "b": 3, "d": 1}


def test_models_whose_columns_are_missing_are_left_out_or_refused() -> None:
    bare = paths_of([("ab", 1, 0)]).select("path_id", "touch_no", "channel", "conversions")
    assert "time_decay" not in channel_totals(bare)["model"].to_list()
    with pytest.raises(PermanentError, match="time_decay needs the columns age_days"):
        channel_totals(bare, ["time_decay"])
    with pytest.raises(PermanentError, match="no model 'markov' for this"):
        credit_paths(bare, ["markov"])


def test_touches_with_gaps_in_their_numbers_are_refused() -> None:
    with pytest.raises(PermanentError, match="numbered 1, 2"):
        credit_paths(paths_of([("ab", 1, 0)]).with_columns(touch_no=pl.col("touch_no") * 2))


def test_there_may_be_more_channels_than_letters() -> None:
    """Each of 60,000 channels converts alone, and behind another half as often."""
    alone = pl.DataFrame({"path_id": range(60_000), "touch_no": 1, "channel": range(60_000), "nulls": 1})
    pair = pl.DataFrame({"path_id": 60_000, "touch_no": [1, 2], "channel": [55_261, 59_999], "nulls": 0})
    paths = pl.concat([alone, pair], how="vertical_relaxed").with_columns(conversions=pl.lit(1))
    credited = credit_paths(paths, ["counterfactual"])
    assert credited.filter(path_id=60_000)["credit"].to_list() == [0.5, 0.5]
    assert credited["credit"].sum() == pytest.approx(60_001)


drawn_paths = st.lists(
    st.tuples(st.text("abcd", min_size=1, max_size=5), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=10
).filter(lambda drawn: any(conversions for _, conversions, _ in drawn))


@settings(max_examples=25, deadline=None)
@given(drawn_paths)
def test_every_model_reports_the_same_totals(drawn: Drawn) -> None:
    conversions = sum(converted for _, converted, _ in drawn)
    result = channel_totals(paths_of(drawn), fewest_conversions=1)
    sums = result.group_by("model").agg(pl.col("conversions", "value").sum())
    assert set(sums["model"]) == set(ALL_MODELS)
    assert sums["conversions"].to_list() == pytest.approx([conversions] * len(ALL_MODELS), abs=1e-9)
    assert sums["value"].to_list() == pytest.approx([10 * conversions] * len(ALL_MODELS), abs=1e-8)
    assert result["conversions"].min() >= -1e-12  # type: ignore[operator]


@settings(max_examples=15, deadline=None)
@given(drawn_paths, st.permutations("abcd"))
def test_renamed_channels_permute_every_model_and_nothing_else(drawn: Drawn, names: list[str]) -> None:
    paths, renamed = paths_of(drawn), dict(zip("abcd", names, strict=True))
    key = ["model", "channel"]
    there = channel_totals(paths.with_columns(pl.col("channel").replace(renamed)), fewest_conversions=1).sort(key)
    here = channel_totals(paths, fewest_conversions=1).with_columns(pl.col("channel").replace(renamed)).sort(key)
    assert there.select(key).equals(here.select(key))
    assert there["conversions"].to_list() == pytest.approx(here["conversions"].to_list(), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(drawn_paths, st.integers(0, 2**32))
def test_shuffled_touches_change_nothing_to_the_bit(drawn: Drawn, seed: int) -> None:
    paths = paths_of(drawn)
    shuffled = paths.sample(fraction=1, shuffle=True, seed=seed)
    assert channel_totals(shuffled, fewest_conversions=1).equals(channel_totals(paths, fewest_conversions=1))


@settings(max_examples=25, deadline=None)
@given(drawn_paths)
def test_doubled_journeys_double_the_counts_and_keep_the_shares(drawn: Drawn) -> None:
    once = channel_totals(paths_of(drawn), fewest_conversions=1)
    twice = channel_totals(paths_of([(path, 2 * yes, 2 * no) for path, yes, no in drawn]), fewest_conversions=1)
    assert twice["conversions"].to_list() == pytest.approx([2 * each for each in once["conversions"]], abs=1e-9)


def written(paths: pl.DataFrame, channel: pl.Expr | None = None) -> list[str]:
    """Each path as the peer writes it."""
    shown = pl.col("channel") if channel is None else channel
    return paths.group_by("path_id", maintain_order=True).agg(shown.str.join(" > "))["channel"].to_list()


TRANSFORMS: dict[str, Callable[[pl.DataFrame], list[str]]] = {
    "trim_long_path_1": lambda paths: written(transforms.keep_latest(paths, 1)),
    "trim_long_path_2": lambda paths: written(transforms.keep_latest(paths, 2)),
    "unique_path": written,
    "exposure_path": lambda paths: written(transforms.collapse_repeats(paths)),
    "first_path": lambda paths: written(transforms.keep_firsts(paths)),
    "frequency_path": lambda paths: written(
        transforms.count_repeats(paths), pl.format("{}({})", "channel", "times").alias("channel")
    ),
    "remove_if_not_all_Direct": lambda paths: written(transforms.drop_channel(paths, "Direct")),
    "remove_if_last_and_not_all_Direct": lambda paths: written(transforms.drop_channel_at_end(paths, "Direct")),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_peer_s_truth_table_of_transforms(name: str) -> None:
    if not TRUTH.exists():
        pytest.skip("the peer's test data (attribution/path_transforms) is not on this machine")
    with TRUTH.open() as file:
        rows = list(csv.DictReader(file))
    touches = [
        (number, touch, channel)
        for number, row in enumerate(rows)
        for touch, channel in enumerate(row["raw"].split(" > "), 1)
    ]
    paths = pl.DataFrame(touches, schema=["path_id", "touch_no", "channel"], orient="row")
    assert TRANSFORMS[name](paths) == [row[name] for row in rows]
