"""Who counts as one answer: a household where the address stands for one, else each order by itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from assets.campaigns.daily import compute_roi
from sql.values import Window
from tests.assets.campaigns.test_daily import (
    BOUGHT,
    DAY,
    HEARD,
    HOMES,
    add,
    add_campaign,
    add_exposures,
    named,
    roll_up,
    signal,
)

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

# A cloud's network, from which a shop's server posts the orders of all its customers.
DATA_CENTRE = "34.80.0.5"
ORDERS = 6


def orders_by_code(client_ip: str) -> list[dict[str, object]]:
    paid = {"value_minor": 2000, "currency": "USD", "client_ip": client_ip, "user_agent": "shop/8"}
    by_code = {"signal": "server", "promo_code": "TIDES20", **paid}
    return [
        signal("harbour", f"buy {n}", BOUGHT + timedelta(seconds=n), order_id=f"S-{n}", **by_code)
        for n in range(ORDERS)
    ]


@pytest.mark.parametrize(("client_ip", "responders"), [(DATA_CENTRE, ORDERS), (HOMES[0], 1)])
def test_orders_that_a_shop_s_server_sends_are_as_many_responses(
    warehouse: Warehouse, client_ip: str, responders: int
) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    add(warehouse, "attribution_events", *orders_by_code(client_ip))
    results = roll_up(warehouse, [named("harbour")], DAY.day).filter(model="linear")
    result = {row["kpi"]: row for row in results.to_dicts()}
    assert result["conversions"]["estimate"] == pytest.approx(ORDERS)
    # One household at most is known to have converted: too few for a rate of those that were reached.
    reached = {ORDERS: 0, 1: 1}[responders]
    assert (result["conversion_rate"]["sample"], result["conversion_rate"]["badge"]) == (reached, "too_few")
    # The gamma interval of n equal answers is that of n: chi2inv(0.025, 2n) / 2n times the whole.
    share = {ORDERS: 0.367, 1: 0.0253}[responders]
    assert result["conversions"]["lower"] == pytest.approx(share * ORDERS, rel=0.01)


def test_what_learns_from_journeys_knows_households_only_behind_addresses_of_their_own(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    add(warehouse, "attribution_events", *orders_by_code(DATA_CENTRE))
    roll_up(warehouse, [named("harbour")], DAY.day)
    parameters = {"start": DAY.start, "end": DAY.end, "tenants": [named("harbour")], "sponsors": [named("kettle")]}
    conversions = warehouse.read("read_sponsor_conversions", **parameters)
    assert conversions.height == ORDERS
    assert conversions["household_key"].null_count() == ORDERS


def test_who_heard_at_home_and_bought_elsewhere_under_one_listener_id_is_no_lost_journey(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    at_home = {"listener_id": "mara", "household_key": 4242, "consumer_key": 4243, "address_class": "household"}
    ad = {"campaign_id": named("spring"), "placement_id": named("host-read"), "episode_id": named("ep-1")}
    owner = {"tenant_id": named("harbour"), "sponsor_id": named("kettle"), "podcast_id": named("tides")}
    result = {"exposure_id": named("at home"), "kind": "delivered", "is_final": True, "run_id": named("run")}
    when = {"occurred_at": HEARD, "day": HEARD.date()}
    add(warehouse, "ad_exposures", {**owner, **ad, **at_home, **result, **when})
    bought = signal("harbour", "buy", BOUGHT, order_id="S-1", value_minor=2000, currency="USD")
    add(warehouse, "attribution_events", {**bought, "listener_id": "mara"})
    roll_up(warehouse, [named("harbour")], DAY.day)
    sunday = Window.of_day(date(2026, 3, 22))
    totals = compute_roi(warehouse.read, sunday, [named("harbour")])["model_totals"]
    assert set(totals["all_conversions"]) == {1}
    assert set(totals["journeys"]) == {1 + len(HOMES)}
