"""A week whose report has every kind of number: shared credit, foreign money, refunds, visits, leads, bookings.

Here: facts beside those of the small network's week, as runs write them.
Not here: the reports that are made of them.

Kreuz's campaign leads with a model that is not stored, so its report is made from the stored paths.

Harbor's sponsor has a second campaign, Autumn, with a dynamic placement. Twelve purchases and eight visits and leads
are shared by both campaigns in uneven parts; some in euros, some refunded, two without a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from sql.warehouse import Warehouse
from tests.pipelines.small_network import FIRST, MONDAY, add, at, named

TENANT = named("harbor")
SPRING, AUTUMN = named("harbor", "campaign"), named("harbor", "autumn")
HOST_READ, MID_ROLL = named("harbor", "placement"), named("harbor", "mid-roll")
EPISODE, OTHER = named("harbor", "episode"), named("harbor", "other episode")
MODELS = ("first_touch", "last_touch", "linear", "time_decay", "position_based")

# Of Spring's first placement; the rest goes to Autumn's two episodes. No share of these is a round number of cents.
SHARES = (1.0, 0.5, 1 / 3, 2 / 3, 0.4, 1 / 7)
PURCHASES = 12


def add_campaign(warehouse: Warehouse) -> None:
    """Autumn, with a dynamic placement in the show, another episode of it, and a portfolio's subscription."""
    owner = {"tenant_id": TENANT}
    campaign = {
        **owner,
        "campaign_id": AUTUMN,
        "sponsor_id": named("harbor", "sponsor"),
        "name": "Autumn",
        "margin": 0.4,
    }
    span = {"starts_on": FIRST, "ends_on": date(2026, 3, 31), "goal_kind": "purchase", "currency": "USD"}
    add(warehouse, "campaigns", {**campaign, **span})
    order = {**owner, "campaign_id": AUTUMN, "insertion_order_id": named("harbor", "order 2")}
    add(warehouse, "insertion_orders", {**order, "number": "IO-2"})
    show = {"podcast_id": named("harbor", "show")}
    flight = {"flight_start": FIRST, "flight_end": date(2026, 3, 31), "booked_impressions": 700, "cost_minor": 99_999}
    kind = {"name": "Mid-roll", "kind": "dynamic", "position": "mid"}
    add(warehouse, "placements", {**order, **show, "placement_id": MID_ROLL, **kind, **flight})
    episode = {**owner, **show, "episode_id": OTHER, "guid": "2", "title": "High water", "duration_s": 1800.0}
    add(warehouse, "episodes", {**episode, "published_at": at(FIRST, 5)})
    rates = [(day, quote, rate) for day in range(9) for quote, rate in (("USD", "1.0837"), ("JPY", "161.3"))]
    add(
        warehouse,
        "fx_rates",
        *(
            {"day": FIRST + timedelta(days=day), "base": "EUR", "quote": quote, "rate": rate, "source": "ecb"}
            for day, quote, rate in rates
            if quote == "USD"
        ),
        *(
            {"day": FIRST + timedelta(days=day), "base": "JPY", "quote": "EUR", "rate": "0.0062", "source": "ecb"}
            for day in range(9)
        ),
    )
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("UPDATE campaigns SET margin = 0.4 WHERE tenant_id = %s", [TENANT])
        connection.execute(
            "INSERT INTO attribution_configs (tenant_id, campaign_id, version, default_model)"
            " VALUES (%s, %s, 1, 'j_shaped')",
            (named("kreuz"), named("kreuz", "campaign")),
        )
        connection.execute("UPDATE tenants SET k_delivery = 1 WHERE tenant_id = %s", [TENANT])
        connection.execute(
            "INSERT INTO report_subscriptions (tenant_id, subscription_id, sponsor_id, cadence, recipients)"
            " VALUES (%s, %s, %s, 'weekly', ARRAY['maud@kettle.example'])",
            (TENANT, named("harbor", "portfolio"), named("harbor", "sponsor")),
        )


def add_facts(warehouse: Warehouse) -> None:
    """Ads of Autumn before and in the week, and what both campaigns earned."""
    run = {"is_final": True, "run_id": UUID(int=7)}
    add(warehouse, "ad_exposures", *(_ad(number) | run for number in range(400)))
    conversions = [(number, "purchase") for number in range(PURCHASES)]
    conversions += [(number, kind) for number in range(20, 28) for kind in ("visit", "lead")]
    add(warehouse, "conversions", *(_conversion(*each) | run for each in conversions))
    add(warehouse, "attribution_credits", *(row | run for each in conversions for row in _credits(*each)))
    add(warehouse, "attribution_touches", *(row | run for each in conversions for row in _touches(*each)))
    add(warehouse, "conversion_adjustments", *(row | run for row in _refunds()))


def _ad(number: int) -> dict[str, object]:
    moment = at(FIRST, 1) + timedelta(minutes=23 * number)
    return {
        "tenant_id": TENANT,
        "occurred_at": moment,
        "exposure_id": named("ad", number),
        "day": moment.date(),
        "sponsor_id": named("harbor", "sponsor"),
        "campaign_id": AUTUMN,
        "placement_id": MID_ROLL,
        "podcast_id": named("harbor", "show"),
        "episode_id": EPISODE if number % 3 else OTHER,
        "kind": "click" if number % 50 == 49 else "delivered",
        "household_key": number % 37 if number % 11 else None,
        "consumer_key": number % 53,
        "address_class": "household" if number % 4 else "cellular",
    }


def _conversion(number: int, kind: str) -> dict[str, object]:
    moment = at(MONDAY, 3) + timedelta(hours=11 * (number % 14), minutes=number)
    currency = "EUR" if number % 3 == 1 else "USD"
    return {
        "tenant_id": TENANT,
        "converted_at": moment,
        "conversion_id": named(kind, number),
        "day": moment.date(),
        "sponsor_id": named("harbor", "sponsor"),
        "kind": kind,
        "order_id": f"{kind}-{number}",
        "value_minor": None if kind != "purchase" or number in (5, 9) else 1999 + 101 * number,
        "currency": None if kind != "purchase" or number in (5, 9) else currency,
        **{f"{signal}_signals": 0 for signal in ("server", "promo_code", "vanity_url", "utm", "survey")},
        "pixel_signals": 1,
        "household_key": number % 9,
        "address_class": "household" if number % 5 else "cellular",
        "listener_id": f"listener {number}" if number % 2 else None,
        "matched_by": "promo_code" if number % 6 == 0 else "household",
    }


def _credits(number: int, kind: str) -> Iterator[dict[str, object]]:
    conversion = _conversion(number, kind)
    key = {name: conversion[name] for name in ("tenant_id", "day", "conversion_id")}
    for place, model in enumerate(MODELS):
        own = SHARES[(number + place) % len(SHARES)]
        shares = ((SPRING, HOST_READ, EPISODE, own), (AUTUMN, MID_ROLL, EPISODE, (1 - own) * 0.3))
        for campaign, placement, episode, credit in (*shares, (AUTUMN, MID_ROLL, OTHER, (1 - own) * 0.7)):
            if credit > 0:
                what = {"campaign_id": campaign, "placement_id": placement, "episode_id": episode}
                yield {**key, **what, "model": model, "credit": credit, "config_version": 0}


def _touches(number: int, kind: str) -> Iterator[dict[str, object]]:
    conversion = _conversion(number, kind)
    key = {name: conversion[name] for name in ("tenant_id", "day", "conversion_id", "matched_by")}
    path = [(SPRING, HOST_READ, EPISODE), (AUTUMN, MID_ROLL, OTHER), (AUTUMN, MID_ROLL, EPISODE)]
    for place, (campaign, placement, episode) in enumerate((path * 2)[: number % 4 + 1]):
        what = {"campaign_id": campaign, "placement_id": placement, "episode_id": episode}
        touched = {"touch_no": place + 1, "touched_at": at(MONDAY, 1), "config_version": 0}
        yield {**key, **what, **touched}


def _refunds() -> Iterator[dict[str, object]]:
    """Two in the conversion's own currency, one in yen, and one that came after the report."""
    for number, currency, amount, day in (
        (2, "USD", 700, 1),
        (4, "EUR", 333, 2),
        (7, "JPY", 400, 2),
        (8, "USD", 50, 90),
    ):
        conversion = _conversion(number, "purchase")
        yield {
            "tenant_id": TENANT,
            "conversion_id": conversion["conversion_id"],
            "adjustment_id": named("refund", number),
            "day": conversion["day"],
            "occurred_at": at(FIRST + timedelta(days=day), 9),
            "kind": "refund",
            "value_minor": amount,
            "currency": currency,
        }
