"""Models that learn and lift on a real database, as of a Sunday; and a campaign that leads with a model of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from assets.campaigns.daily import compute_roi
from assets.campaigns.weekly import compute_benchmarks, compute_lift, compute_week
from assets.upkeep.checks import CHECKS, run_checks
from sql.values import Window
from tests.assets.campaigns.test_daily import (
    BOUGHT,
    DAY,
    HEARD,
    HOMES,
    RUN,
    add,
    add_campaign,
    add_exposures,
    add_signals,
    named,
    roll_up,
    signal,
    stored,
)

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

HARBOUR = named("harbour")
SUNDAY = Window.of_day(date(2026, 3, 22))
STRANGERS = range(101, 107)


@pytest.fixture
def harbour(warehouse: Warehouse) -> Warehouse:
    """Eight homes reached, six of which buy; and a neighbour tenant with the same keys."""
    for tenant in ("harbour", "lighthouse"):
        add_campaign(warehouse, tenant)
        add_exposures(warehouse, tenant)
        add_signals(warehouse, tenant)
    return warehouse


def add_strangers(warehouse: Warehouse) -> None:
    """Six homes that heard the show in the same week without the ad; one of them buys by itself."""
    shown = {"tenant_id": HARBOUR, "podcast_id": named("tides"), "episode_id": named("ep-2"), "day": HEARD.date()}
    plain = dict.fromkeys(["app", "device", "os", "country_code", "region_code", "referrer", "rules_version"], "none")
    rows = [
        {
            **shown, **plain, "downloaded_at": HEARD, "qualified_at": HEARD, "download_id": named(f"download {home}"),
            "consumer_key": home, "household_key": home, "basis": "bytes", "address_class": "household",
            "key_version": 1, "is_final": True, "run_id": RUN,
        }
        for home in STRANGERS
    ]  # fmt: skip
    add(warehouse, "downloads", *rows)
    add(
        warehouse,
        "attribution_events",
        signal("harbour", "alone", BOUGHT, order_id="T-99", household_key=101, value_minor=2000, currency="USD"),
    )


def rolled_up(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    roll_up(warehouse, [HARBOUR], DAY.day + timedelta(days=1))
    tables = compute_roi(warehouse.read, SUNDAY, [HARBOUR])
    stored(warehouse, tables, SUNDAY, [HARBOUR])
    return tables


def test_on_sundays_data_driven_models_look_at_all_journeys(harbour: Warehouse) -> None:
    markov = rolled_up(harbour)["model_totals"].filter(model="markov")
    assert markov["journeys"].unique().to_list() == [8]
    assert markov["all_conversions"].unique().to_list() == [6]
    assert markov["conversions"].sum() == pytest.approx(6)
    assert markov["is_fallback"].all()
    assert dict(markov.select("placement_id", "conversions").iter_rows()) == pytest.approx(
        {named("host-read").bytes: 4, named("inserted").bytes: 2}
    )


def test_other_days_have_no_rows_but_their_columns(harbour: Warehouse) -> None:
    totals = compute_roi(harbour.read, DAY, [HARBOUR])["model_totals"]
    for name, frame in {"model_totals": totals, **compute_week(harbour.read, DAY, [HARBOUR])}.items():
        assert frame.is_empty()
        stored(harbour, {name: frame}, DAY, [HARBOUR])


def test_too_few_conversions_are_shown_as_those_of_the_linear_model(harbour: Warehouse) -> None:
    """Six conversions, one campaign: every model gives it the same, and says which formula made it."""
    result = rolled_up(harbour)["campaign_roi"]
    assert result.filter(pl.col("is_fallback"))["model"].unique().sort().to_list() == ["counterfactual", "markov"]
    kpis = ["conversions", "revenue", "cpa", "aov", "roas", "spend", "reach"]
    shown = result.filter(pl.col("kpi").is_in(kpis)).sort("kpi")
    linear = shown.filter(model="linear").drop("model", "is_fallback")
    for model in ("markov", "counterfactual"):
        assert shown.filter(model=model).drop("model", "is_fallback").equals(linear)
    assert result.filter(model="markov", kpi="visitor_rate").is_empty()


def test_enough_conversions_are_fitted_and_every_model_gives_the_same_total(harbour: Warehouse) -> None:
    """Eight homes order 320 times; the first four heard the inserted ad too. All is one campaign's."""
    money = {"value_minor": 1001, "currency": "USD"}
    orders = [
        signal(
            "harbour", f"order {n}", BOUGHT, order_id=f"L-{n}", client_ip=HOMES[n % 8], user_agent="Browser/9", **money
        )
        for n in range(320)
    ]
    add(harbour, "attribution_events", *orders)
    tables = rolled_up(harbour)
    result = tables["campaign_roi"].filter(pl.col("kpi").is_in(["conversions", "revenue"]))
    assert not result["is_fallback"].any()
    assert result["model"].n_unique() == 7
    assert result.filter(kpi="conversions")["estimate"].to_list() == pytest.approx([326] * 7)
    assert result.filter(kpi="revenue")["amount_minor"].to_list() == [320 * 1001 + 12_100 - 1_000] * 7
    fitted = tables["model_totals"].filter(model="markov")
    assert fitted.select("all_conversions", "is_fallback").unique().rows() == [(326, False)]
    assert fitted["conversions"].sum() == pytest.approx(326)
    # Eight homes are little to learn from, however often they order.
    markov = result.filter(model="markov", kpi="conversions").row(0, named=True)
    assert markov["upper"] - markov["lower"] > 400
    money_sums = [check for check in CHECKS if check.name == "money_sums"]
    assert run_checks(harbour.read, SUNDAY, [HARBOUR], [], money_sums)["passed"].to_list() == [True]


def test_lift_compares_the_treated_with_listeners_of_the_same_show_and_week(harbour: Warehouse) -> None:
    add_strangers(harbour)
    rolled_up(harbour)
    tables = compute_lift(harbour.read, SUNDAY, [HARBOUR])
    stored(harbour, tables, SUNDAY, [HARBOUR])
    result = tables["lift_results"].row(0, named=True)
    assert (result["design"], result["is_causal"], result["is_shown"]) == ("matched", False, False)
    assert (result["households"], result["responders"]) == (8, 6)
    assert (result["base_households"], result["base_responders"]) == (6, 1)
    assert result["relative_lift"] == pytest.approx(6 / 8 / (1 / 6) - 1)
    assert result["incremental_minor"] == pytest.approx(12_100 - 1_000 - 8 * 2_000 / 6)
    assert (result["currency"], result["config_version"]) == ("USD", 1)


def test_a_report_reads_what_sundays_hold_of_its_own_tenant_only(harbour: Warehouse) -> None:
    add_strangers(harbour)
    rolled_up(harbour)
    stored(harbour, compute_week(harbour.read, SUNDAY, [HARBOUR]), SUNDAY, [HARBOUR])
    parameters = {"first": date(2026, 3, 16), "last": SUNDAY.day, "campaigns": [named("spring")]}
    for tenant, is_there in ((HARBOUR, True), (named("lighthouse"), False)):
        with harbour.as_tenant(tenant) as read:
            for statement in ("read_lift_result", "read_data_driven_results", "read_campaign_benchmarks"):
                rows = read(statement, **parameters, tenants=[HARBOUR])
                assert rows.is_empty() != is_there
                assert set(rows["day"]) <= {SUNDAY.day}


def test_a_holdout_by_lot_takes_the_place_of_matching(harbour: Warehouse) -> None:
    add_strangers(harbour)
    withheld = [{"tenant_id": HARBOUR, "campaign_id": named("spring"), "household_key": home} for home in (101, 102)]
    add(harbour, "campaign_holdouts", *withheld)
    rolled_up(harbour)
    result = compute_lift(harbour.read, SUNDAY, [HARBOUR])["lift_results"].row(0, named=True)
    assert (result["design"], result["is_causal"]) == ("holdout", True)
    assert (result["households"], result["base_households"], result["base_responders"]) == (4, 2, 1)


def test_a_campaign_alone_has_no_median_beside_it(harbour: Warehouse) -> None:
    rolled_up(harbour)
    tables = compute_benchmarks(harbour.read, SUNDAY, [HARBOUR])
    stored(harbour, tables, SUNDAY, [HARBOUR])
    result = tables["campaign_benchmarks"]
    assert set(result["campaign_id"]) == {named("spring").bytes}
    assert result["badge"].unique().to_list() == ["too_few"]
    assert result.filter(kpi="delivery_rate", model="linear")["estimate"].to_list() == [12 / 32]


def test_without_anybody_to_compare_with_there_is_no_lift(harbour: Warehouse) -> None:
    rolled_up(harbour)
    assert compute_lift(harbour.read, SUNDAY, [HARBOUR])["lift_results"].is_empty()


@pytest.mark.parametrize(
    "model",
    ["j_shaped", "last_paid_touch"],
)
def test_a_campaign_may_lead_with_a_model_of_its_own(harbour: Warehouse, model: str) -> None:
    """A change of model holds for all that was earned."""
    since = {"version": 2, "window_days": 14, "valid_from": datetime(2026, 3, 6, tzinfo=UTC), "default_model": model}
    add(harbour, "attribution_configs", {"tenant_id": HARBOUR, "campaign_id": named("spring"), **since})
    rolled_up(harbour)
    result = compute_roi(harbour.read, SUNDAY, [HARBOUR])["campaign_roi"].filter(model=model)
    by_kpi = {row["kpi"]: row for row in result.to_dicts()}
    assert by_kpi["conversions"]["estimate"] == pytest.approx(6)
    assert by_kpi["revenue"]["amount_minor"] == 11_100
    assert result.height == compute_roi(harbour.read, SUNDAY, [HARBOUR])["campaign_roi"].filter(model="linear").height
    assert result["config_version"].unique().to_list() == [2]
