"""The KPIs of a campaign and when they may be shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import exp, sqrt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.results.kpis import measure

FLOAT, INT, TEXT, TIME = pl.Float64(), pl.Int64(), pl.String(), pl.Datetime("us", "UTC")
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SCOPE = {"tenant_id": TEXT, "scope_id": TEXT}
COUNTS = ("impressions", "usable_impressions", "mature_impressions", "clicks")
CREDITED = pl.Schema(
    {
        **SCOPE,
        "model": TEXT,
        "conversion_id": TEXT,
        "placement_id": TEXT,
        "episode_id": TEXT,
        "kind": TEXT,
        "is_goal": pl.Boolean(),
        "unit": TEXT,
        "household_key": INT,
        "converted_at": TIME,
        "matched_by": TEXT,
        "credit": FLOAT,
        "revenue_minor": INT,
    }
)


def sales(count: int, revenue: int | None = 2000, credit: float = 1.0, **fields: Any) -> list[dict[str, Any]]:
    base = {"tenant_id": "harbour", "scope_id": "spring", "model": "linear", "placement_id": "mid", "episode_id": "ep"}
    sale = {**base, "kind": "purchase", "is_goal": True, "matched_by": "household", "credit": credit, **fields}
    sale |= {"revenue_minor": revenue, "converted_at": NOON, **fields}
    prefix = fields.get("kind", "sale")
    return [{"conversion_id": f"{prefix} {n}", "unit": f"home {n}", "household_key": n, **sale} for n in range(count)]


def kpis(
    credited: list[dict[str, Any]],
    spend: int | None = 10_000,
    margin: float | None = None,
    usable: int = 1000,
    impressions: int = 1000,
) -> dict[str, dict[str, Any]]:
    scope = {"tenant_id": ["harbour"], "scope_id": ["spring"]}
    scopes = pl.DataFrame(
        {**scope, "currency": ["USD"], "margin": [margin], "config_version": [3]}, schema_overrides={"margin": FLOAT}
    )
    counts = dict(zip(COUNTS, ([impressions], [usable], [250], [4]), strict=True))
    delivery = pl.DataFrame({**scope, "placement_id": ["mid"], **counts})
    reach = pl.DataFrame({**scope, "households": [500], "consumers": [600]})
    homes = pl.select(household_key=pl.int_range(500), first_ad_at=pl.lit(NOON, dtype=TIME))
    heard = pl.DataFrame(scope).join(homes, how="cross")
    price = {"spend_minor": [spend], "cost_minor": [20_000], "booked": [2000], "delivered": [1000]}
    price |= {"expected": [800], "make_good": [150]}
    priced = pl.DataFrame({**scope, **price}, schema_overrides={"spend_minor": INT})
    result = measure(scopes, delivery, reach, priced, pl.DataFrame(credited, schema=CREDITED), ["linear"], heard)
    return {row["kpi"]: row for row in result.to_dicts()}


def test_ratios_come_from_totals() -> None:
    result = kpis(sales(40), margin=0.5)
    estimates = {name: result[name]["estimate"] for name in result}
    assert estimates["impressions"] == 1000
    assert estimates["reach"] == 500
    assert estimates["frequency"] == 2
    assert estimates["delivery_rate"] == 0.5
    assert estimates["expected"] == 800
    assert estimates["pacing"] == 1.25
    assert estimates["make_good"] == 150
    assert estimates["cpm"] == 10_000
    assert estimates["ecpm"] == 10_000
    assert estimates["conversions"] == 40
    assert estimates["revenue"] == 80_000
    assert estimates["cpa"] == 250
    assert estimates["aov"] == 2000
    assert estimates["roas"] == 8
    assert estimates["roi"] == pytest.approx((80_000 * 0.5 - 10_000) / 10_000)
    assert estimates["conversion_rate"] == pytest.approx(0.08)
    assert {result[name]["badge"] for name in ("conversions", "revenue", "cpa", "roas", "roi")} == {"ok"}
    assert result["roas"]["usable_share"] == 1
    assert result["roas"]["mature_share"] == 0.25
    assert result["roas"]["config_version"] == 3


@pytest.mark.parametrize(
    ("count", "badge", "shown"),
    [(4, "too_few", False), (5, "low_confidence", True), (29, "low_confidence", True), (30, "ok", True)],
)
def test_few_conversions_show_counts_and_no_ratios(count: int, badge: str, shown: bool) -> None:
    result = kpis(sales(count))
    assert result["conversions"]["estimate"] == count
    assert result["revenue"]["amount_minor"] == 2000 * count
    for name in ("cpa", "roas", "aov"):
        assert (result[name]["estimate"] is not None) == shown
        assert result[name]["badge"] == badge


def test_spend_that_is_not_known_makes_its_ratios_not_known() -> None:
    result = kpis(sales(40), spend=None)
    for name in ("spend", "ecpm", "cpa", "roas", "roi"):
        assert (result[name]["estimate"], result[name]["badge"]) == (None, "not_known")
    assert result["revenue"]["badge"] == "ok"


def test_roi_needs_a_margin() -> None:
    assert kpis(sales(40))["roi"]["badge"] == "not_known"


def test_a_campaign_without_conversions_has_zeros_and_an_interval() -> None:
    result = kpis([])
    row = result["conversions"]
    assert (row["estimate"], row["lower"], round(row["upper"], 2), row["badge"]) == (0, 0, 3.69, "too_few")
    assert (result["revenue"]["amount_minor"], result["revenue"]["upper"]) == (0, None)
    assert result["roas"]["estimate"] is None


def test_conversions_without_any_value_have_no_revenue_rather_than_none_at_all() -> None:
    result = kpis(sales(40, revenue=None))
    assert (result["revenue"]["estimate"], result["revenue"]["badge"]) == (None, "not_known")
    assert result["roas"]["badge"] == "not_known"


def test_a_household_that_took_back_more_than_it_paid_leaves_money_without_an_interval() -> None:
    refunded = [{**each, "revenue_minor": -100} if each["unit"] == "home 0" else each for each in sales(40)]
    result = kpis(refunded)
    assert result["revenue"]["amount_minor"] == 39 * 2000 - 100
    assert (result["revenue"]["lower"], result["roas"]["upper"]) == (None, None)


def test_every_interval_contains_its_estimate() -> None:
    for row in kpis(sales(12, revenue=1999, credit=0.35), margin=0.4).values():
        if row["estimate"] is not None and row["upper"] is not None:
            assert row["lower"] is None or row["lower"] <= row["estimate"]
            assert row["estimate"] <= row["upper"]


def test_a_household_that_buys_often_is_one_piece_of_evidence() -> None:
    apart = kpis(sales(12))["conversions"]
    together = kpis([{**each, "unit": "home"} for each in sales(12)])["conversions"]
    assert together["upper"] - together["lower"] > apart["upper"] - apart["lower"]


def test_only_the_goal_counts_as_a_conversion_and_visits_have_their_own_rate() -> None:
    result = kpis([*sales(6), *sales(50, revenue=None, kind="visit", is_goal=False)])
    assert result["conversions"]["estimate"] == 6
    assert result["visitor_rate"]["estimate"] == pytest.approx(0.1)
    assert result["cpv"]["estimate"] == 200
    assert result["cpl"]["badge"] == "too_few"


def test_a_rate_is_of_households_that_were_reached_before_they_converted() -> None:
    by_code = [{**each, "conversion_id": f"code {n}", "household_key": None} for n, each in enumerate(sales(20))]
    not_reached = [{**each, "household_key": 600 + n} for n, each in enumerate(by_code)]
    again = [{**each, "conversion_id": f"again {n}"} for n, each in enumerate(sales(7))]
    early = sales(9, converted_at=NOON - timedelta(microseconds=1))
    early = [{**each, "conversion_id": f"early {n}", "household_key": 100 + n} for n, each in enumerate(early)]
    result = kpis([*sales(7), *again, *by_code, *not_reached, *early])
    assert result["conversions"]["estimate"] == 63
    rate = result["conversion_rate"]
    assert (rate["estimate"], rate["sample"], rate["badge"]) == (7 / 500, 7, "low_confidence")
    # Wilson's interval of 7 in 500.
    assert (rate["lower"], rate["upper"]) == pytest.approx((0.0067978, 0.0286131), abs=1e-7)


@pytest.mark.parametrize(("households", "badge"), [(4, "too_few"), (5, "low_confidence"), (30, "ok")])
def test_a_rate_is_shown_by_the_households_that_it_counts(households: int, badge: str) -> None:
    by_code = [{**each, "conversion_id": f"code {n}", "household_key": None} for n, each in enumerate(sales(40))]
    assert kpis([*sales(households), *by_code])["conversion_rate"]["badge"] == badge


def test_a_cost_is_as_uncertain_as_what_it_is_divided_by() -> None:
    result = kpis([*sales(40), *sales(50, revenue=None, kind="visit", is_goal=False)])
    for name, count, gamma in (("cpa", 40, (28.58, 54.47)), ("cpv", 50, (37.11, 65.92))):
        assert result[name]["estimate"] == 10_000 / count
        assert (result[name]["lower"], result[name]["upper"]) == pytest.approx(
            (10_000 / gamma[1], 10_000 / gamma[0]), rel=1e-3
        )


def test_order_values_of_households_that_differ_leave_the_average_uncertain() -> None:
    alike = kpis(sales(40))["aov"]
    assert (alike["lower"], alike["estimate"]) == pytest.approx((2000, 2000), abs=0.01)
    # One more order of seven times as much: mean 94,000 / 41, variance 144e6 * 40 / 41 over 40 * 41, Student's 2.0211.
    mean, error = 94_000 / 41, sqrt(144e6 * 40 / 41 / 40 / 41)
    deviation = 2.0211 * error / mean
    assert alike["upper"] == pytest.approx(mean * exp(deviation + deviation**2 / 4), rel=1e-4)
    mixed = kpis([{**sale, "revenue_minor": 1000 + 2000 * (n % 2)} for n, sale in enumerate(sales(40))])["aov"]
    # Forty orders with a standard deviation of 1,000: Student's 1.7388 (4.5 %) * 1,000 / sqrt(39), on the scale of
    # logarithms, bent by a tenth.
    below = 1.7388 / 2 / sqrt(39)
    assert mixed["lower"] == pytest.approx(2000 * exp(-below / (1 + below / 10)), rel=1e-4)
    assert mixed["upper"] > alike["upper"]


def test_an_average_is_over_the_orders_whose_value_is_known() -> None:
    """Eight orders, four of them worth 20.00: an average of 20.00, and not of 10.00."""
    unknown = [{**sale, "revenue_minor": None} for sale in sales(8)[4:]]
    result = kpis([*sales(4), *unknown])
    assert (result["aov"]["estimate"], result["aov"]["badge"]) == (2000, "low_confidence")
    assert (result["conversions"]["sample"], result["revenue"]["sample"]) == (8, 4)
    assert (result["revenue"]["amount_minor"], result["roas"]["estimate"]) == (8000, 0.8)
    # Four values are too few for an interval, five are enough.
    for name in ("aov", "revenue", "roas"):
        assert (result[name]["lower"], result[name]["upper"]) == (None, None)
    five = [*sales(5), *({**sale, "conversion_id": f"more {n}"} for n, sale in enumerate(unknown))]
    assert kpis(five)["aov"]["upper"] > 2000


def test_many_conversions_of_which_few_have_a_value_are_of_low_confidence_in_money() -> None:
    result = kpis([*sales(10), *[{**sale, "revenue_minor": None} for sale in sales(60)[10:]]])
    badges = {name: result[name]["badge"] for name in ("conversions", "cpa", "revenue", "aov", "roas")}
    assert badges == {"conversions": "ok", "cpa": "ok", **dict.fromkeys(("revenue", "aov", "roas"), "low_confidence")}


def test_an_average_of_shared_orders_counts_their_credit() -> None:
    """Half of an order of 20.00 is 10.00 of half an order; the other conversion has no value."""
    result = kpis([*sales(6, revenue=1000, credit=0.5), *[{**each, "revenue_minor": None} for each in sales(9)[6:]]])
    assert result["conversions"]["estimate"] == 6
    assert result["aov"]["estimate"] == 2000


@pytest.mark.parametrize(("usable", "expected"), [(500, 20.0), (200, 50.0), (199, None)])
def test_modelled_conversions_scale_the_usable_addresses_up(usable: int, expected: float | None) -> None:
    row = kpis(sales(10), usable=usable)["modelled_conversions"]
    assert row["estimate"] == expected
    if expected:
        # Ten households of one conversion each: the exact Poisson interval, scaled.
        assert (row["lower"], row["upper"]) == pytest.approx((4.795 * expected / 10, 18.39 * expected / 10), rel=1e-3)


@pytest.mark.parametrize(
    ("count", "usable", "badge"),
    [
        (0, 500, "too_few"),
        (4, 500, "too_few"),
        (10, 500, "low_confidence"),
        (4, 199, "not_known"),
        (40, 199, "not_known"),
    ],
)
def test_what_is_missing_to_model_is_reported(count: int, usable: int, badge: str) -> None:
    """Too few conversions may become enough; households behind an address that many share are never distinguished."""
    assert kpis(sales(count), usable=usable)["modelled_conversions"]["badge"] == badge


def test_a_placement_that_was_only_clicked_is_not_modelled() -> None:
    result = kpis(sales(10), impressions=0, usable=0)["modelled_conversions"]
    assert (result["estimate"], result["badge"]) == (None, "not_known")


def test_a_listener_behind_a_shared_address_stands_for_no_households() -> None:
    assert kpis(sales(10, matched_by="listener_id"), usable=500)["modelled_conversions"]["estimate"] is None


@pytest.mark.parametrize("matched_by", ["household", "listener"])
def test_five_conversions_by_address_are_enough_to_model_from(matched_by: str) -> None:
    result = kpis(sales(5, matched_by=matched_by), usable=500)["modelled_conversions"]
    assert result["estimate"] == 10
    assert kpis(sales(4, matched_by=matched_by), usable=500)["modelled_conversions"]["estimate"] is None


def test_codes_alone_are_too_few_to_model_from() -> None:
    result = kpis(sales(40, matched_by="promo_code"), usable=500)["modelled_conversions"]
    assert (result["estimate"], result["badge"]) == (None, "too_few")


def test_what_a_code_brought_in_is_not_scaled() -> None:
    by_code = [{**each, "conversion_id": f"code {n}"} for n, each in enumerate(sales(3, matched_by="promo_code"))]
    assert kpis([*sales(10), *by_code], usable=500)["modelled_conversions"]["estimate"] == 23


drawn_sales = st.lists(
    st.tuples(st.floats(0.01, 1), st.integers(0, 10**6), st.integers(0, 5), st.booleans()), min_size=5, max_size=40
)


@settings(max_examples=30, deadline=None)
@given(drawn_sales, st.randoms(use_true_random=False))
def test_intervals_contain_their_estimates_and_order_does_not_matter(
    drawn: list[tuple[float, int, int, bool]], chance: random.Random
) -> None:
    rows = [
        {**each, "credit": credit, "revenue_minor": revenue, "unit": f"home {home}", "is_goal": is_goal}
        for each, (credit, revenue, home, is_goal) in zip(sales(len(drawn)), drawn, strict=True)
    ]
    result = kpis(rows, margin=0.4)
    for row in result.values():
        if row["estimate"] is not None:
            slack = 1e-9 * max(1.0, abs(row["estimate"]))
            assert row["lower"] is None or row["lower"] <= row["estimate"] + slack, row
            assert row["upper"] is None or row["estimate"] <= row["upper"] + slack, row
    chance.shuffle(rows)
    assert kpis(rows, margin=0.4) == result
