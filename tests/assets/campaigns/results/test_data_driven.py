"""What campaigns earn under the models that are fitted to all journeys, with bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from assets.attribution.journeys.reading import all_journeys
from assets.campaigns.results.data_driven import JourneyFacts, respond_data_driven
from assets.campaigns.results.kpis import measure_data_driven

GOAL = {"tenant_id": "harbour", "sponsor_id": "kettle", "goal_kind": "purchase"}
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
BOUGHT = datetime(2026, 3, 5, tzinfo=UTC)
SIGNALS = ("pixel", "server", "promo_code", "vanity_url", "utm", "survey")
CAMPAIGN_OF = {"g": "spring", "m": "spring", "x": "summer"}
PLACEMENTS = pl.DataFrame(
    [{"tenant_id": "harbour", "placement_id": name, "campaign_id": owner} for name, owner in CAMPAIGN_OF.items()]
)
TEXT, MOMENT = pl.String(), pl.Datetime("us", "UTC")
REFUNDS = {"tenant_id": TEXT, "conversion_id": TEXT, "occurred_at": MOMENT, "value_minor": pl.Int64(), "currency": TEXT}
RATES = {"day": pl.Date(), "base": TEXT, "quote": TEXT, "rate": TEXT}


def journeys(won: Sequence[tuple[str, int]], unconverted: Sequence[tuple[str, int]], **values: Any) -> JourneyFacts:
    """won, unconverted: paths of placements of one letter each, and how many homes took them. A home buys for 20.01."""
    bought = [f"{path} {number}" for path, count in won for number in range(count)]
    touches = [
        {
            **GOAL, "conversion_id": order, "touch_no": number, "campaign_id": CAMPAIGN_OF[placement],
            "placement_id": placement, "episode_id": "ep",
        }
        for order in bought
        for number, placement in enumerate(order.split()[0], 1)
    ]  # fmt: skip
    result: dict[str, Any] = {
        "tenant_id": "harbour", "sponsor_id": "kettle", "kind": "purchase", "day": BOUGHT.date(),
        "converted_at": BOUGHT, "value_minor": 2001, "currency": "USD", "listener_id": None,
        "matched_by": "household", **dict.fromkeys([f"{name}_signals" for name in SIGNALS], 1), **values,
    }  # fmt: skip
    orders = [{**result, "conversion_id": order, "household_key": home} for home, order in enumerate(bought)]
    failed = [
        {**GOAL, "household_key": -1 - home, "next_at": None, "touch_no": number, "placement_id": placement}
        for home, path in enumerate(path for path, count in unconverted for _ in range(count))
        for number, placement in enumerate(path, 1)
    ]
    paths = pl.DataFrame(touches)
    return JourneyFacts(
        all_journeys(paths, pl.DataFrame(failed, schema_overrides={"next_at": MOMENT})),
        paths,
        pl.DataFrame(orders, schema_overrides={"listener_id": pl.String}),
        pl.DataFrame(schema=REFUNDS),
        pl.DataFrame(schema=RATES),
    )


def live(*currencies: str) -> pl.DataFrame:
    names = ("spring", "summer")
    result = [
        {**GOAL, "campaign_id": name, "currency": currency, "starts_at": START}
        for name, currency in zip(names, currencies, strict=True)
    ]
    return pl.DataFrame(result)


def linear_of(result: JourneyFacts, campaigns: pl.DataFrame) -> pl.DataFrame:
    """The credited rows of the linear model, as the stored ones are read."""
    length = pl.len().over("conversion_id")
    shares = result.paths.with_columns(credit=1.0 / length, model=pl.lit("linear")).join(
        result.conversions, on=["tenant_id", "conversion_id"]
    )
    columns = ["tenant_id", "model", "conversion_id", "placement_id", "episode_id", "campaign_id", "credit", "kind"]
    return shares.select(
        *columns,
        is_goal=True,
        unit=pl.col("household_key").cast(pl.String),
        revenue_minor=(pl.col("credit") * pl.col("value_minor")).cast(pl.Int64),
    )


def response_of(result: JourneyFacts, campaigns: pl.DataFrame) -> pl.DataFrame:
    return respond_data_driven(result, result.totals(), campaigns, PLACEMENTS, linear_of(result, campaigns), END)


WON = [("g", 120), ("m", 60), ("gm", 60), ("xg", 60), ("x", 31)]
UNCONVERTED = [("g", 90), ("x", 200), ("mx", 40)]


@pytest.mark.parametrize("model", ["markov", "counterfactual"])
def test_the_campaigns_of_a_sponsor_share_out_all_conversions_and_every_cent(model: str) -> None:
    result = response_of(journeys(WON, UNCONVERTED), live("USD", "USD")).filter(model=model)
    assert result["scope_id"].to_list() == ["spring", "summer"]
    assert result["conversions"].sum() == pytest.approx(331)
    assert result["revenue_minor"].sum() == 331 * 2001
    assert result["is_fallback"].to_list() == [False, False]
    assert result["sample"].to_list() == ([300, 91] if model == "markov" else result["sample"].to_list())


def test_markov_s_totals_are_those_of_its_placements() -> None:
    result = journeys(WON, UNCONVERTED)
    fitted = dict(result.totals().filter(model="markov").select("placement_id", "conversions").iter_rows())
    earned = response_of(result, live("USD", "USD")).filter(model="markov")["conversions"].to_list()
    assert earned == pytest.approx([fitted["g"] + fitted["m"], fitted["x"]])


def test_under_300_conversions_both_are_the_linear_model_and_report_it() -> None:
    result = response_of(journeys([("gx", 100)], UNCONVERTED), live("USD", "USD"))
    assert result["is_fallback"].all()
    assert result["conversions"].to_list() == pytest.approx([50] * 4)


@pytest.mark.parametrize("model", ["markov", "counterfactual"])
def test_the_intervals_hold_their_estimates(model: str) -> None:
    for row in response_of(journeys(WON, UNCONVERTED), live("USD", "USD")).filter(model=model).to_dicts():
        assert row["conversions_lower"] < row["conversions"] < row["conversions_upper"]
        assert row["revenue_lower"] < row["revenue_minor"] < row["revenue_upper"]
        assert row["aov_lower"] <= row["revenue_minor"] / row["conversions"] + 0.01
        assert row["aov_upper"] >= row["revenue_minor"] / row["conversions"] - 0.01


def test_with_one_ad_on_every_path_markov_s_interval_is_that_of_a_count() -> None:
    few = response_of(journeys([("g", 290), ("x", 10)], [("x", 10), ("g", 290)]), live("USD", "USD"))
    row = few.filter(model="markov", scope_id="summer").row(0, named=True)
    assert row["conversions"] == pytest.approx(10)
    assert (row["conversions_lower"], row["conversions_upper"]) == pytest.approx((4.795, 18.39), rel=1e-3)


def test_one_home_that_always_buys_is_less_evidence_than_many() -> None:
    apart = journeys(WON, UNCONVERTED)
    same = pl.when(pl.col("household_key") < 100).then(0).otherwise("household_key").cast(pl.Int64)
    together = replace(apart, conversions=apart.conversions.with_columns(household_key=same))
    widths = [
        (row["conversions_upper"] - row["conversions_lower"])
        for each in (apart, together)
        for row in response_of(each, live("USD", "USD")).filter(model="markov", scope_id="spring").to_dicts()
    ]
    assert widths[1] > 1.5 * widths[0]


def test_a_currency_that_lacks_a_rate_leaves_markov_s_revenue_unknown_and_its_conversions_known() -> None:
    result = response_of(journeys([("g", 300), ("m", 50)], UNCONVERTED), live("USD", "EUR"))
    markov = {row["scope_id"]: row for row in result.filter(model="markov").to_dicts()}
    assert markov["spring"]["revenue_minor"] == 350 * 2001
    assert (markov["summer"]["revenue_minor"], markov["summer"]["conversions"]) == (None, 0)


def test_a_rate_of_the_day_converts_what_markov_shares_out() -> None:
    plain = journeys(WON, UNCONVERTED)
    # Orders of the other campaign's currency need a rate under every model.
    rate = pl.DataFrame([(date(2026, 3, 5), "USD", "EUR", "0.5")], schema=RATES, orient="row")
    result = response_of(
        JourneyFacts(plain.journeys, plain.paths, plain.conversions, plain.adjustments, rate), live("USD", "EUR")
    )
    spring, summer = result.filter(model="markov").sort("scope_id").to_dicts()
    share = summer["conversions"] / 331
    # Each order is rounded to whole cents before it is shared out: 20.01 are 10.01.
    assert summer["revenue_minor"] == pytest.approx(share * 331 * 1001, abs=1)
    assert spring["revenue_minor"] == pytest.approx((1 - share) * 331 * 2001, abs=1)


def shuffled(result: JourneyFacts, seed: int) -> JourneyFacts:
    """The same rows in another order."""
    mixed = {
        name: getattr(result, name).sample(fraction=1.0, shuffle=True, seed=seed) for name in ("paths", "conversions")
    }
    unconverted = result.journeys.filter(pl.col("conversion_id").is_null()).with_columns(
        next_at=pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    )
    mixed_lost = unconverted.sample(fraction=1.0, shuffle=True, seed=seed)
    return replace(result, journeys=all_journeys(mixed["paths"], mixed_lost), **mixed)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_nothing_to_the_bit(seed: int) -> None:
    result = journeys(WON, UNCONVERTED)
    assert response_of(shuffled(result, seed), live("USD", "USD")).equals(response_of(result, live("USD", "USD")))


def test_doubling_every_journey_doubles_counts_and_keeps_shares() -> None:
    def twice(paths: list[tuple[str, int]]) -> list[tuple[str, int]]:
        return [(path, 2 * count) for path, count in paths]

    once = response_of(journeys(WON, UNCONVERTED), live("USD", "USD"))
    doubled = response_of(journeys(twice(WON), twice(UNCONVERTED)), live("USD", "USD"))
    assert doubled["conversions"].to_list() == pytest.approx([2 * count for count in once["conversions"]])
    relative = [
        (frame["conversions_upper"] - frame["conversions_lower"]) / frame["conversions"] for frame in (once, doubled)
    ]
    assert (relative[1] < relative[0]).all()


def test_only_what_totals_can_give_becomes_a_kpi() -> None:
    result = response_of(journeys(WON, UNCONVERTED), live("USD", "USD"))
    scopes = result.select("tenant_id", "scope_id").unique()
    about = scopes.with_columns(currency=pl.lit("USD"), margin=pl.lit(0.5), config_version=1)
    delivery = scopes.with_columns(
        placement_id=pl.lit("g"), impressions=900, usable_impressions=900, mature_impressions=450, clicks=0
    )
    reach = scopes.with_columns(households=500, consumers=500)
    spend = scopes.with_columns(
        spend_minor=100_000, cost_minor=100_000, booked=900, delivered=900, expected=900, make_good=0
    )
    kpis = measure_data_driven(about, delivery, reach, spend, result)
    assert {"conversions", "revenue", "cpa", "aov", "roas", "roi", "spend", "reach"} <= set(kpis["kpi"])
    assert not {"visitor_rate", "conversion_rate", "cpv", "cpl", "modelled_conversions"} & set(kpis["kpi"])
    row = kpis.filter(model="markov", kpi="roas", scope_id="spring").row(0, named=True)
    assert row["lower"] < row["estimate"] < row["upper"]
    assert (row["badge"], row["usable_share"], row["mature_share"], row["config_version"]) == ("ok", 1.0, 0.5, 1)
