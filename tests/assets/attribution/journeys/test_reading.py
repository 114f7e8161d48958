"""Journeys that led to nothing, and the models fitted from them and from those that converted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.attribution.journeys.reading import all_journeys, converted_households, fit_totals, non_converting_journeys

START = datetime(2026, 3, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=100)
UTC_TIME = pl.Datetime("us", "UTC")
SETTINGS = pl.DataFrame(
    {
        "tenant_id": ["harbour"],
        "campaign_id": ["spring"],
        "version": [1],
        "window_days": [14.0],
        "touch_unit": ["impression"],
        "include_clicks": [True],
        "exclude_prior_customers": [False],
        "half_life_days": [7.0],
        "default_model": ["linear"],
        "valid_from": [START],
    }
)
GOAL = {"tenant_id": "harbour", "sponsor_id": "kettle", "goal_kind": "purchase"}


def exposed(*days: float, household: int = 1, **fields: Any) -> list[dict[str, Any]]:
    shown = {"kind": "delivered", "campaign_id": "spring", "placement_id": "mid", "address_class": "household"}
    return [
        {
            **GOAL,
            **shown,
            "exposure_id": f"{household} {day}",
            "household_key": household,
            "occurred_at": START + timedelta(days=day),
            **fields,
        }
        for day in days
    ]


def bought(*days: float, household: int = 1) -> pl.DataFrame:
    rows = [{**GOAL, "household_key": household, "converted_at": START + timedelta(days=day)} for day in days]
    schema = pl.Schema({**dict.fromkeys(GOAL, pl.String()), "household_key": pl.Int64(), "converted_at": UTC_TIME})
    return pl.DataFrame(rows, schema=schema)


def missed(
    exposures: list[dict[str, Any]], conversions: pl.DataFrame, as_of: datetime = AS_OF, **settings: Any
) -> pl.DataFrame:
    chosen = SETTINGS.with_columns(**{name: pl.lit(value) for name, value in settings.items()})
    return non_converting_journeys(pl.DataFrame(exposures), conversions, chosen, as_of)


def test_a_household_whose_ad_stands_on_a_path_has_not_lost_its_journey() -> None:
    """Heard at home, bought on the train under the same listener id."""
    exposures = exposed(1, 2) + exposed(1, household=2)
    touch = {**GOAL, "exposure_id": "1 1", "converted_at": START + timedelta(days=4)}
    by_code = {**touch, "exposure_id": None}
    converted = converted_households(pl.DataFrame([touch, touch, by_code]), pl.DataFrame(exposures))
    assert converted.select("household_key", "converted_at").rows() == [(1, START + timedelta(days=4))]
    assert missed(exposures, bought())["household_key"].to_list() == [1, 1, 2]
    assert missed(exposures, converted)["household_key"].to_list() == [2]


def test_a_household_that_never_buys_is_one_journey_in_time_order() -> None:
    result = missed([*exposed(9, placement_id="pre"), *exposed(1, 5)], bought())
    assert result.select("touch_no", "placement_id").rows() == [(1, "mid"), (2, "mid"), (3, "pre")]


def test_touches_inside_the_window_of_a_conversion_are_no_failure() -> None:
    assert missed(exposed(1, 5), bought(15)).is_empty()
    assert missed(exposed(1, 5), bought(15.01)).height == 1


def test_an_open_window_is_not_complete() -> None:
    assert missed(exposed(1), bought(), as_of=START + timedelta(days=14.9)).is_empty()
    assert missed(exposed(1), bought(), as_of=START + timedelta(days=15)).height == 1


def test_conversions_cut_a_household_into_journeys() -> None:
    result = missed(exposed(1, 2, 40), bought(30))
    assert result.sort("next_at", "touch_no", nulls_last=True)["touch_no"].to_list() == [1, 2, 1]


def test_another_household_or_kind_of_conversion_does_not_rescue_a_journey() -> None:
    assert missed(exposed(1), bought(2, household=9)).height == 1
    assert missed(exposed(1), bought(2).with_columns(goal_kind=pl.lit("lead"))).height == 1


def test_strangers_behind_an_address_are_no_household() -> None:
    assert missed(exposed(1, address_class="commercial"), bought()).is_empty()


def test_the_campaign_s_touch_unit_and_clicks_hold_here_too() -> None:
    assert missed(exposed(1, 2, 3), bought(), touch_unit="placement").height == 1
    assert missed(exposed(1, 2, kind="click"), bought(), include_clicks=False).is_empty()


def won(count: int, placements: str) -> pl.DataFrame:
    rows = [
        {**GOAL, "conversion_id": f"{placements} {number}", "touch_no": touch, "placement_id": placement}
        for number in range(count)
        for touch, placement in enumerate(placements, 1)
    ]
    return pl.DataFrame(rows, schema_overrides={"touch_no": pl.Int32})


def failed(count: int, placement: str) -> pl.DataFrame:
    exposures = [row for number in range(count) for row in exposed(1, household=number, placement_id=placement)]
    return missed(exposures, bought())


def test_the_textbook_chain_from_real_journeys_times_a_hundred() -> None:
    """Two and one and one convert, one does not: shares .6 and .4 of 400 conversions in 500 journeys."""
    paths = pl.concat([won(200, "g"), won(100, "m"), won(100, "gm")])
    result = fit_totals(all_journeys(paths, failed(100, "g")))
    markov = result.filter(model="markov")
    assert markov["conversions"].to_list() == pytest.approx([240, 160])
    assert markov["share"].to_list() == pytest.approx([0.6, 0.4])
    assert markov.select("base_rate", "journeys", "all_conversions", "is_fallback").row(0) == (0.8, 500, 400, False)
    assert result.filter(model="counterfactual")["conversions"].sum() == pytest.approx(400)


def test_too_few_conversions_fall_back_to_linear_and_say_so() -> None:
    result = fit_totals(all_journeys(won(10, "gm"), failed(10, "g")))
    assert result["is_fallback"].all()
    assert result.filter(model="markov")["conversions"].to_list() == [5, 5]


def test_goals_are_fitted_apart() -> None:
    lead = pl.lit("lead")
    paths = pl.concat([won(1, "g"), won(2, "m").with_columns(goal_kind=lead)])
    result = fit_totals(all_journeys(paths, failed(1, "g"))).filter(model="markov")
    assert result.select("goal_kind", "all_conversions", "journeys").rows() == [("lead", 2, 2), ("purchase", 1, 2)]


def test_without_any_conversion_there_are_no_totals() -> None:
    result = fit_totals(all_journeys(won(1, "g").clear(), failed(3, "g")))
    assert result.is_empty()
    assert "is_fallback" in result.columns
