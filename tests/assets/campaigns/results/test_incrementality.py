"""What a campaign added: by lot, by matching, and when nothing can be said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.campaigns.results.incrementality import (
    Side,
    assign_groups,
    compare_strata,
    find_responses,
    incremental_value,
    measure_lift,
    standardise_control,
    sum_sides,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
AS_OF = MONDAY + timedelta(days=60)
UTC_TIME = pl.Datetime("us", "UTC")
CAMPAIGNS = pl.DataFrame({"tenant_id": ["harbour"], "campaign_id": ["spring"], "window_days": [14.0]})
OWNER = {"tenant_id": "harbour", "campaign_id": "spring"}
LISTENER = pl.Schema(
    {
        **dict.fromkeys(OWNER, pl.String()),
        "household_key": pl.Int64(),
        "heard_podcast_id": pl.String(),
        "heard_at": UTC_TIME,
        "exposed_podcast_id": pl.String(),
        "exposed_at": UTC_TIME,
        "is_withheld": pl.Boolean(),
    }
)


def listener(
    household: int, listened: float | None, exposed: float | None = None, show: str = "tides", withheld: bool = False
) -> dict[str, Any]:
    """A household by the days after Monday on which it first listened and first heard the ad."""
    return {
        **OWNER,
        "household_key": household,
        "heard_podcast_id": None if listened is None else show,
        "heard_at": None if listened is None else MONDAY + timedelta(days=listened),
        "exposed_podcast_id": None if exposed is None else show,
        "exposed_at": None if exposed is None else MONDAY + timedelta(days=exposed),
        "is_withheld": withheld,
    }


def groups(*listeners: dict[str, Any], as_of: datetime = AS_OF) -> pl.DataFrame:
    return assign_groups(pl.DataFrame(listeners, schema=LISTENER), CAMPAIGNS, as_of)


def bought(*rows: tuple[int, float]) -> pl.DataFrame:
    """Purchases of 20.00 by household and days after Monday."""
    result = [
        {**OWNER, "household_key": home, "converted_at": MONDAY + timedelta(days=day), "value_minor": 2000}
        for home, day in rows
    ]
    schema = {"household_key": pl.Int64(), "converted_at": UTC_TIME, "value_minor": pl.Int64()}
    return pl.DataFrame(result, schema=pl.Schema({**dict.fromkeys(OWNER, pl.String()), **schema}))


def strata(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Weeks with households, responders, base households, base responders, who pay 10.00 each."""
    result = [
        {
            **OWNER, "design": "matched", "podcast_id": "tides", "week": MONDAY.date() + timedelta(weeks=number),
            "households": homes, "responders": yes, "value": 1000.0 * yes, "squares": 1e6 * yes,
            "base_households": others, "base_responders": base, "base_value": 1000.0 * base, "base_squares": 1e6 * base,
        }
        for number, (homes, yes, others, base) in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame(result)


def test_the_treated_count_from_their_first_ad_the_others_from_their_first_download() -> None:
    result = groups(listener(1, listened=0, exposed=3), listener(2, listened=1))
    assert result.select("household_key", "is_control", (pl.col("since") - MONDAY).dt.total_days()).rows() == [
        (1, False, 3),
        (2, True, 1),
    ]
    assert result["design"].unique().to_list() == ["matched"]


def test_strata_are_shows_and_weeks() -> None:
    result = compare_strata(
        groups(listener(1, 0, exposed=3), listener(2, 6), listener(3, 7), listener(4, 0, show="shoals")), bought((1, 5))
    )
    assert result.select("podcast_id", "week", "households", "responders", "base_households").rows() == [
        ("shoals", MONDAY.date(), 0, 0, 1),
        ("tides", MONDAY.date(), 1, 1, 1),
        ("tides", MONDAY.date() + timedelta(days=7), 0, 0, 1),
    ]


def test_who_was_reached_later_is_compared_with_all_that_listened_in_that_week() -> None:
    """The neighbour has listened since the first week, and listens in the third too."""
    weekly = [listener(2, week * 7) for week in range(4)]
    responses = find_responses(groups(listener(1, listened=0, exposed=15), *weekly), bought((1, 16), (2, 17)))
    (result,) = measure_lift(sum_sides(responses), responses=responses)
    assert (result["households"], result["base_households"], result["base_responders"]) == (1, 1, 1)
    assert result["compared_share"] == 1
    in_week = {row["week"]: row["base_responders"] for row in sum_sides(responses).to_dicts()}
    assert list(in_week.values()) == [0, 1, 1, 0]


def test_an_answer_counts_from_the_listening_that_it_is_compared_by() -> None:
    responses = find_responses(groups(listener(1, 0, exposed=7), listener(2, 0), listener(2, 7)), bought((2, 3)))
    assert responses.filter("is_control").select("week", "value").rows() == [
        (MONDAY.date(), 2000),
        (MONDAY.date() + timedelta(days=7), None),
    ]


def test_a_household_that_comes_again_makes_nothing_surer() -> None:
    """The same neighbours in two weeks: as sure as in one, and each of them counted once."""
    reached = [listener(home, 0, exposed=7 * (home % 2)) for home in range(40)]
    once = [listener(100 + home, 0) for home in range(50)]
    again = [listener(100 + home, 7) for home in range(50)]
    purchases = bought(*((home, 8) for home in (0, 1, 2, 3, 100, 101, 102, 103, 104)))
    responses = find_responses(groups(*reached, *once, *again), purchases)
    (result,) = measure_lift(sum_sides(responses), responses=responses)
    assert (result["base_households"], result["base_responders"]) == (50, 5)
    (naive,) = measure_lift(sum_sides(responses))
    (single,) = measure_lift(strata((40, 4, 50, 5)))
    for name in ("difference_lower", "difference_upper", "minimum_detectable_lift"):
        assert result[name] == pytest.approx(single[name])
    assert naive["difference_upper"] < result["difference_upper"]


def test_with_a_lot_nobody_counts_twice() -> None:
    result = groups(listener(1, 7), listener(1, 0), listener(2, 0, withheld=True), listener(2, 14, withheld=True))
    assert result.select("household_key", "since").rows() == [(1, MONDAY), (2, MONDAY)]


def test_conversions_count_inside_the_window_only_and_a_household_once() -> None:
    result = compare_strata(
        groups(listener(1, 0, exposed=3), listener(2, 3)), bought((1, 2.9), (1, 4), (1, 17), (2, 17.1))
    )
    assert result.select("responders", "value", "squares", "base_responders").row(0) == (1, 4000.0, 16e6, 0)


def test_households_with_an_open_window_are_left_out() -> None:
    assert groups(listener(1, 0, exposed=3), as_of=MONDAY + timedelta(days=16.9)).is_empty()


def test_a_lot_decides_alone_whatever_was_heard() -> None:
    result = groups(
        listener(1, 0, exposed=3),
        listener(2, 0),
        listener(3, 0, exposed=1, withheld=True),
        listener(4, None, exposed=1),
    )
    assert result["design"].unique().to_list() == ["holdout"]
    assert result.select("household_key", "is_control").sort("household_key").rows() == [
        (1, False),
        (2, False),
        (3, True),
    ]
    assert result["podcast_id"].null_count() == 3
    assert result["since"].unique().to_list() == [MONDAY]


def test_only_a_holdout_is_called_causal() -> None:
    matched = measure_lift(compare_strata(groups(listener(1, 0, exposed=0), listener(2, 0)), bought((1, 1))))
    by_lot = measure_lift(compare_strata(groups(listener(1, 0), listener(2, 0, withheld=True)), bought((1, 1))))
    assert [row["is_causal"] for row in (*matched, *by_lot)] == [False, True]


def test_a_plain_comparison_by_hand() -> None:
    """3 % of 10,000 against 2 % of 10,000: 1 point and half as much again; the least to be found is 29.7 %.

    The last by enumerating every pair of counts: with 29.65 % more, 80.0 % of them have an interval above 0.
    """
    result = measure_lift(strata((10_000, 300, 10_000, 200)), {("harbour", "spring"): 50_000})[0]
    assert result["difference"] == pytest.approx(0.01)
    assert result["difference_lower"] == pytest.approx(0.0056827, abs=1e-6)
    assert result["difference_upper"] == pytest.approx(0.0143622, abs=1e-6)
    assert result["relative_lift"] == pytest.approx(0.5)
    assert result["minimum_detectable_lift"] == pytest.approx(0.2965, abs=1e-3)
    assert result["is_shown"]
    assert result["incremental_minor"] == pytest.approx(100_000)
    assert result["iroas"] == pytest.approx(2.0)
    assert result["iroas_lower"] < 2 < result["iroas_upper"]


def test_weeks_are_weighted_like_the_treated_households() -> None:
    """Most were reached in a week in which everybody buys: pooled, the campaign would look ten times as good."""
    result = measure_lift(strata((900, 90, 100, 10), (100, 1, 900, 9)))[0]
    assert result["base_rate"] == pytest.approx(0.091)
    assert result["difference"] == pytest.approx(0)
    assert result["base_households"] == 1000


def test_the_effective_number_of_one_stratum_is_its_own() -> None:
    side = standardise_control(strata((50, 5, 70, 7)))
    assert (side.households, side.responders) == pytest.approx((70, 7))
    assert standardise_control(strata((50, 5, 70, 7), (50, 5, 7, 1))).households < 77


def test_strata_with_one_side_are_left_out_and_reported() -> None:
    result = measure_lift(strata((75, 10, 100, 10), (25, 5, 0, 0)))[0]
    assert (result["households"], result["compared_share"]) == (75, 0.75)
    assert measure_lift(strata((75, 10, 0, 0))) == []


def test_a_comparison_too_small_to_find_thirty_per_cent_is_not_shown_but_its_minimum_is() -> None:
    """By enumerating every pair of counts, 250 % more is found in 80.0 %."""
    result = measure_lift(strata((100, 9, 100, 5)))[0]
    assert not result["is_shown"]
    assert result["minimum_detectable_lift"] == pytest.approx(2.5, abs=0.05)


def test_without_any_conversion_on_the_base_side_there_is_no_ratio() -> None:
    result = measure_lift(strata((100, 9, 100, 0)))[0]
    assert (result["relative_lift"], result["minimum_detectable_lift"], result["is_shown"]) == (None, None, False)
    assert result["difference_lower"] > 0


def test_recast_s_published_incremental_return() -> None:
    """97,365 - 18,735 * 9.2 / 3.7 = 50,781 over 80,550 = 0.63."""
    added = incremental_value(Side(9.2, 1, 97_365), Side(3.7, 1, 18_735))
    assert added.estimate == pytest.approx(50_781, abs=1)
    assert added.estimate / 80_550 == pytest.approx(0.63, abs=0.005)
