"""Every model and the path builder against the slowest way to the same answer: loops, and one chain per channel."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution import build_paths, channel_totals, credit_paths, removal_effects, split_by_largest_remainder

Path = tuple[str, ...]
Counts = dict[Path, tuple[int, int]]

paths_with_counts = st.dictionaries(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=6).map(tuple),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=12,
).filter(lambda counts: any(won for won, _ in counts.values()))


def frame_of(counts: Counts) -> pl.DataFrame:
    rows = [(list(path), won, failed) for path, (won, failed) in counts.items()]
    return pl.DataFrame(rows, schema=["path", "conversions", "nulls"], orient="row")


def chance_of_converting(counts: Counts, removed: str | None = None) -> float:
    """P(conversion | start) by solving the chain's linear system, with one channel's steps going to null instead."""
    moves: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for path, (won, failed) in counts.items():
        for here, there in zip(("start", *path), path, strict=False):
            moves[here][there] += won + failed
        moves[path[-1]]["converted"] += won
        moves[path[-1]]["null"] += failed
    states = ["start", *sorted({channel for path in counts for channel in path})]
    system, right = np.eye(len(states)), np.zeros(len(states))
    for row, state in enumerate(states):
        total = sum(moves[state].values()) or 1.0
        for there, weight in moves[state].items():
            if there == "converted":
                right[row] += weight / total
            elif there != "null" and there != removed:
                system[row, states.index(there)] -= weight / total
    return float(np.linalg.solve(system, right)[0])


def simulated_effects(counts: Counts) -> dict[str, float]:
    whole = chance_of_converting(counts)
    channels = sorted({channel for path in counts for channel in path})
    return {channel: 1 - chance_of_converting(counts, channel) / whole for channel in channels}


@settings(max_examples=60, deadline=None)
@given(paths_with_counts)
def test_removal_effects_are_those_of_a_chain_solved_anew_without_each_channel(counts: Counts) -> None:
    effects = removal_effects(frame_of(counts), unearning=True)
    assert dict(effects.select("channel", "removal_effect").iter_rows()) == pytest.approx(
        simulated_effects(counts), abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(paths_with_counts)
def test_markov_shares_the_conversions_by_the_effects_of_channels_that_ever_led_to_one(counts: Counts) -> None:
    earning = {channel for path, (won, _) in counts.items() for channel in path if won}
    effects = {channel: effect * (channel in earning) for channel, effect in simulated_effects(counts).items()}
    conversions = sum(won for won, _ in counts.values())
    expected = {channel: conversions * effect / sum(effects.values()) for channel, effect in effects.items()}
    totals = channel_totals(frame_of(counts), ["markov"], fewest_conversions=1)
    assert dict(totals.select("channel", "conversions").iter_rows()) == pytest.approx(expected, abs=1e-9)


def weights_by_hand(model: str, count: int) -> list[float]:
    """The credits of a path of so many touches, a day apart, the last on the day of the conversion."""
    ends = {"position_based": (0.4, 0.4), "j_shaped": (0.2, 0.6), "inverse_j": (0.6, 0.2)}
    if model == "first_touch":
        raw = [1.0] + [0.0] * (count - 1)
    elif model == "last_touch":
        raw = [0.0] * (count - 1) + [1.0]
    elif model == "linear":
        raw = [1.0] * count
    elif model == "time_decay":
        raw = [2 ** (-(count - 1 - place) / 7) for place in range(count)]
    else:
        first, last = ends[model]
        raw = [first, *[(1 - first - last) / max(count - 2, 1)] * (count - 2), last] if count > 1 else [1.0]
    return [weight / sum(raw) for weight in raw]


@pytest.mark.parametrize(
    "model", ["first_touch", "last_touch", "linear", "time_decay", "position_based", "j_shaped", "inverse_j"]
)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 11])
def test_models_of_single_paths_are_those_worked_out_by_hand(model: str, count: int) -> None:
    path = pl.DataFrame({"path": [["a"] * count], "age_days": [[float(count - 1 - place) for place in range(count)]]})
    assert credit_paths(path, [model])["credit"].to_list() == pytest.approx(weights_by_hand(model, count), abs=1e-12)


START = datetime(2026, 3, 1, tzinfo=UTC)
moments = st.integers(0, 80)
exposed = st.lists(st.tuples(st.sampled_from(["mill", "lake", None]), moments), max_size=12)
ordered = st.lists(st.tuples(st.sampled_from(["mill", "lake", "none"]), moments), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(exposed, ordered, st.sampled_from([1.0, 7.5, 30.0]))
def test_paths_hold_the_exposures_that_a_loop_over_all_pairs_finds(
    exposed: list[tuple[str | None, int]], ordered: list[tuple[str, int]], window: float
) -> None:
    exposures = pl.DataFrame(
        [(f"x{number}", house, START + timedelta(days=day), "p") for number, (house, day) in enumerate(exposed)],
        schema={
            "exposure_id": pl.String,
            "household_key": pl.String,
            "occurred_at": pl.Datetime("us", "UTC"),
            "placement_id": pl.String,
        },
        orient="row",
    )
    orders = pl.DataFrame(
        [(f"o{number}", house, START + timedelta(days=day)) for number, (house, day) in enumerate(ordered)],
        schema=["conversion_id", "household_key", "converted_at"],
        orient="row",
    )
    expected = {
        (order, exposure)
        for order, house, at in orders.rows()
        for exposure, home, then, _ in exposures.rows()
        if house == home and timedelta(0) <= at - then <= timedelta(days=window)
    }
    paths = build_paths(orders, exposures, defaults={"window_days": window})
    assert set(paths.select("conversion_id", "exposure_id").rows()) == expected
    assert paths.height == len(expected)
    times = paths.select("conversion_id", "touch_no", "touched_at")
    assert times.equals(times.sort("conversion_id", "touched_at", "touch_no"))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-10_000, 10_000) | st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(10**9 - 9, 10**9 + 9),
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
)
def test_parts_are_those_of_the_largest_remainders_in_whole_numbers(total: int, weights: list[int]) -> None:
    """Quotas as fractions of integers, so that nothing is rounded on the way."""
    whole, sign = abs(total), -1 if total < 0 else 1
    base = [whole * weight // sum(weights) for weight in weights]
    rests = sorted(range(len(weights)), key=lambda place: (-(whole * weights[place] % sum(weights)), place))
    for place in rests[: whole - sum(base)]:
        base[place] += 1
    frame = pl.DataFrame(
        {
            "order": ["o"] * len(weights),
            "place": range(len(weights)),
            "total": [total] * len(weights),
            "share": [weight / sum(weights) for weight in weights],
        }
    )
    parts = split_by_largest_remainder(frame, "total", "share", ["order"], ["place"])
    assert parts.to_list() == [sign * part for part in base]
