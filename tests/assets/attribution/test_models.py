"""How credit is shared: published examples, real journeys of a peer's test data, and what always holds."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.models import EXTRA_MODELS, MODELS, credit_shows, credit_touches
from reports.wording import labels
from sql.values import PermanentError

DAY_S = 86_400.0
ANALYSTS = Path(__file__).parents[3] / "docs" / "attribution.md"
SNOWPLOW = Path(__file__).parents[4] / "shared/data/attribution/snowplow_fractribution_v0"
ALL_MODELS = [*MODELS, *EXTRA_MODELS]


def path(ages_in_days: list[float], conversion: str = "order", placements: list[str] | None = None) -> pl.DataFrame:
    """A path with one touch per age, oldest first, each on a placement of its own."""
    count = len(ages_in_days)
    return pl.DataFrame(
        {
            "tenant_id": ["harbour"] * count,
            "conversion_id": [conversion] * count,
            "day": [date(2026, 3, 10)] * count,
            "touch_no": list(range(1, count + 1)),
            "placement_id": placements or [f"placement-{number}" for number in range(count)],
            "episode_id": ["episode"] * count,
            "campaign_id": ["spring"] * count,
            "config_version": [1] * count,
            "age_s": [age * DAY_S for age in ages_in_days],
            "half_life_s": [7 * DAY_S] * count,
        }
    )


def credit(model: str, ages_in_days: list[float]) -> list[float]:
    return credit_touches(path(ages_in_days), [model]).sort("touch_no").get_column("credit").to_list()


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("first_touch", [50, 0, 0, 0]),
        ("last_touch", [0, 0, 0, 50]),
        ("linear", [12.50, 12.50, 12.50, 12.50]),
        ("time_decay", [6.92, 9.32, 16.88, 16.88]),
        ("position_based", [20, 5, 5, 20]),
        ("j_shaped", [10, 5, 5, 30]),
        ("inverse_j", [30, 5, 5, 10]),
    ],
)
def test_adobe_s_fifty_dollars(model: str, dollars: list[float]) -> None:
    """Adobe Analytics, attribution models: paid search 9 days before, social 6, e-mail and display on the day."""
    assert [round(50 * each, 2) for each in credit(model, [9, 6, 0, 0])] == dollars


@pytest.mark.parametrize(
    ("model", "pair"),
    [
        ("first_touch", [1, 0]),
        ("last_touch", [0, 1]),
        ("linear", [0.5, 0.5]),
        ("position_based", [0.5, 0.5]),
        ("j_shaped", [0.25, 0.75]),
        ("inverse_j", [0.75, 0.25]),
    ],
)
def test_two_touches_and_one(model: str, pair: list[float]) -> None:
    assert credit(model, [3, 1]) == pytest.approx(pair)
    assert credit(model, [3]) == [1.0]


def test_time_decay_halves_with_each_half_life() -> None:
    old, young = credit("time_decay", [14, 7])
    assert young == pytest.approx(2 * old)


def test_a_very_short_half_life_still_shares_all_of_the_credit() -> None:
    touches = path([60, 59.9]).with_columns(half_life_s=pl.lit(60.0))
    assert credit_touches(touches, ["time_decay"]).get_column("credit").sum() == pytest.approx(1, abs=1e-9)


def test_credit_is_summed_over_the_touches_of_a_show() -> None:
    shows = credit_shows(path([3, 2, 1], placements=["a", "b", "a"]), ["linear"])
    assert dict(shows.select("placement_id", "credit").iter_rows()) == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_linear_over_distinct_touches_is_the_shapley_value_of_counts() -> None:
    """a: 4 conversions, a > b: 6 conversions; 7 and 3."""
    singles = [path([1], f"single-{number}", ["a"]) for number in range(4)]
    pairs = [path([2, 1], f"pair-{number}", ["a", "b"]) for number in range(6)]
    totals = (
        credit_shows(pl.concat([*singles, *pairs]), ["linear"]).group_by("placement_id").agg(pl.col("credit").sum())
    )
    assert dict(totals.iter_rows()) == pytest.approx({"a": 7, "b": 3})


@pytest.mark.parametrize(
    ("excluded", "expected"), [([False, True], [1, 0]), ([True, True], [0, 1]), ([True, False], [0, 1])]
)
def test_last_paid_touch_passes_over_the_excluded(excluded: list[bool], expected: list[float]) -> None:
    touches = path([3, 1]).with_columns(is_excluded=pl.Series(excluded))
    assert credit_touches(touches, ["last_paid_touch"]).sort("touch_no")["credit"].to_list() == expected


@pytest.mark.parametrize("model", [*ALL_MODELS, "markov", "counterfactual"])
def test_a_model_has_words_for_sponsors_and_for_analysts(model: str) -> None:
    assert labels.MODELS.get(model), f"MODELS of reports/wording/labels.py has no {model}"
    # The rule of time decay has a setting in it: reports/content/tables/models.py makes its words.
    has_rule = model in labels.MODEL_RULES or model == "time_decay"
    assert has_rule, f"MODEL_RULES of reports/wording/labels.py has no {model}"
    rows = [line.split("|")[1] for line in ANALYSTS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert any(f"`{model}`" in row for row in rows), f"the table of models in {ANALYSTS} has no {model}"


def test_an_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(PermanentError, match="no attribution model 'magic'"):
        credit_touches(path([1]), ["magic"])


def snowplow_touches() -> pl.DataFrame:
    """Sessions within 30 days before the conversion of their customer."""
    if not SNOWPLOW.exists():
        pytest.skip("the peer's test data (attribution/snowplow_fractribution_v0) is not on this machine")
    with (SNOWPLOW / "snowplow_fractribution_conversions_by_customer_id_expected.csv").open() as file:
        conversions = {
            row["customer_id"]: datetime.fromisoformat(row["conversion_tstamp"]) for row in csv.DictReader(file)
        }
    sessions: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    with (SNOWPLOW / "snowplow_fractribution_sessions_by_customer_id_expected.csv").open() as file:
        for row in csv.DictReader(file):
            sessions[row["customer_id"]].append((datetime.fromisoformat(row["visit_start_tstamp"]), row["channel"]))
    paths = []
    for customer, converted_at in conversions.items():
        inside = sorted(
            (at, channel)
            for at, channel in sessions[customer]
            if timedelta(0) <= converted_at - at <= timedelta(days=30)
        )
        ages = [(converted_at - at) / timedelta(days=1) for at, _ in inside]
        paths.append(path(ages, customer, [channel for _, channel in inside]))
    return pl.concat(paths)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first_touch", {"Direct": 3.0, "Organic_Search": 2.0, "Video": 1.0}),
        ("last_touch", {"Direct": 4.0, "Organic_Search": 1.0, "Video": 1.0}),
        ("linear", {"Direct": 3 + 1 / 3, "Organic_Search": 1 + 2 / 3, "Video": 1.0}),
        ("position_based", {"Direct": 3.4, "Organic_Search": 1.6, "Video": 1.0}),
        ("j_shaped", {"Direct": 3.6, "Organic_Search": 1.4, "Video": 1.0}),
        ("inverse_j", {"Direct": 3.2, "Organic_Search": 1.8, "Video": 1.0}),
    ],
)
def test_the_peer_s_journeys(model: str, expected: dict[str, float]) -> None:
    """Last touch is the peer's published result; the others follow by hand from its one mixed path, O > O > D."""
    totals = credit_shows(snowplow_touches(), [model]).group_by("placement_id").agg(pl.col("credit").sum())
    assert dict(totals.iter_rows()) == pytest.approx(expected)


journeys = st.lists(
    st.lists(st.tuples(st.floats(0, 60), st.sampled_from("abcd")), min_size=1, max_size=8), min_size=1, max_size=6
)


def as_touches(drawn: list[list[tuple[float, str]]]) -> pl.DataFrame:
    paths = []
    for number, journey in enumerate(drawn):
        ordered = sorted(journey, reverse=True)
        paths.append(path([age for age, _ in ordered], f"order-{number}", [placement for _, placement in ordered]))
    return pl.concat(paths)


@settings(max_examples=40, deadline=None)
@given(journeys)
def test_credits_are_never_negative_and_sum_to_one_per_conversion_and_model(
    drawn: list[list[tuple[float, str]]],
) -> None:
    shows = credit_shows(as_touches(drawn), ALL_MODELS)
    assert shows.get_column("credit").min() >= 0  # type: ignore[operator]
    sums = shows.group_by("model", "conversion_id").agg(pl.col("credit").sum())
    assert sums.height == len(ALL_MODELS) * len(drawn)
    assert (sums.get_column("credit") - 1).abs().max() <= 1e-9  # type: ignore[operator]


@settings(max_examples=25, deadline=None)
@given(journeys, st.permutations("abcd"))
def test_renamed_placements_permute_the_result_and_nothing_else(
    drawn: list[list[tuple[float, str]]], names: list[str]
) -> None:
    renamed = dict(zip("abcd", names, strict=True))
    touches = as_touches(drawn)
    key = ["model", "conversion_id", "placement_id"]
    there = credit_shows(touches.with_columns(pl.col("placement_id").replace(renamed)), ALL_MODELS)
    here = credit_shows(touches, ALL_MODELS).with_columns(pl.col("placement_id").replace(renamed))
    assert there.sort(key).equals(here.sort(key))


@settings(max_examples=25, deadline=None)
@given(journeys, st.randoms(use_true_random=False))
def test_shuffled_touches_and_other_tenants_change_nothing_to_the_bit(
    drawn: list[list[tuple[float, str]]], shuffler: object
) -> None:
    touches = as_touches(drawn)
    order = list(range(touches.height))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    neighbours = touches.with_columns(tenant_id=pl.lit("lighthouse"))
    mixed = credit_shows(pl.concat([neighbours, touches[order]])).filter(pl.col("tenant_id") == "harbour")
    assert mixed.equals(credit_shows(touches))
