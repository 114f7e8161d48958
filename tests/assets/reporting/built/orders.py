"""A campaign on a database whose weeks are told by the real builder: ads, orders on time, orders that come late.

Here: rows as runs write them, and building the report of a week.
Not here: how orders become conversions (assets/attribution).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl

from assets.attribution.models import MODELS
from assets.reporting.building import BuiltReport, ReportBuilder
from assets.reporting.figures.periods import ReportPeriod, week_of
from assets.reporting.figures.subscriptions import Tenant
from reports.archive import Provenance
from sql.values import Window
from sql.warehouse import Warehouse
from tests.sql.rows import RUN, line

NAMES = UUID("9f0d8a2e-54f4-4f35-8c35-0a6c3f3b7c1d")
MONDAY = date(2026, 3, 2)
# The ledger lines that the days of these tests have.
TABLES = ("conversions", "ad_exposures")


def named(*names: object) -> UUID:
    return uuid5(NAMES, "/".join(map(str, names)))


TENANT, SPONSOR, CAMPAIGN, PLACEMENT, EPISODE, SHOW = (
    named(name) for name in ("harbor", "kettle", "spring", "host read", "low water", "tides")
)
WEEKLY = named("weekly")
OWNER = {"tenant_id": TENANT}


def add(warehouse: Warehouse, table: str, *rows: Mapping[str, object]) -> None:
    if not rows:
        return
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    texts = {name: [str(v) if isinstance(v, UUID) else v for v in values] for name, values in columns.items()}
    warehouse.insert(table, pl.DataFrame(texts, strict=False))


def week(number: int) -> ReportPeriod:
    """0 is the first week of the campaign."""
    return week_of(MONDAY + timedelta(weeks=number), "UTC")


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def add_campaign(warehouse: Warehouse) -> None:
    """Harbor with Kettle's campaign, a dynamic placement of 1,000 ads at 10,000.00, and a weekly subscription to it."""
    add(warehouse, "tenants", {**OWNER, "slug": "harbor", "name": "Harbor", "brand_name": "Harbor"})
    add(warehouse, "podcasts", {**OWNER, "podcast_id": SHOW, "slug": "tides", "title": "Tides"})
    episode = {**OWNER, "podcast_id": SHOW, "episode_id": EPISODE, "guid": "1", "title": "Low water"}
    add(warehouse, "episodes", {**episode, "published_at": at(MONDAY, 4), "duration_s": 1800.0})
    add(warehouse, "sponsors", {**OWNER, "sponsor_id": SPONSOR, "name": "Kettle"})
    span = {"starts_on": MONDAY, "ends_on": date(2026, 5, 31), "goal_kind": "purchase", "currency": "USD"}
    campaign = {**OWNER, "campaign_id": CAMPAIGN}
    add(warehouse, "campaigns", {**campaign, "sponsor_id": SPONSOR, "name": "Spring", **span})
    order = {**campaign, "insertion_order_id": named("order")}
    add(warehouse, "insertion_orders", {**order, "number": "IO-1"})
    flight = {"flight_start": MONDAY, "flight_end": date(2026, 5, 31), "booked_impressions": 1_000}
    kind = {"name": "Mid-roll", "kind": "dynamic", "position": "mid", "cost_minor": 1_000_000}
    add(warehouse, "placements", {**order, "placement_id": PLACEMENT, "podcast_id": SHOW, **flight, **kind})
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(
            "INSERT INTO report_subscriptions"
            " (tenant_id, subscription_id, sponsor_id, campaign_id, cadence, recipients)"
            " VALUES (%s, %s, %s, %s, 'weekly', ARRAY['maud@kettle.example'])",
            (TENANT, WEEKLY, SPONSOR, CAMPAIGN),
        )


def add_week(warehouse: Warehouse, number: int, ads: int = 20) -> None:
    """The week's days in the ledger, final and judged, with ads on its Monday."""
    days = list(week(number).window.days())
    for day in days:
        lines = [line(table, TENANT, 1, day) for table in TABLES]
        warehouse.replace([], Window.of_day(day), [TENANT], lines)
    judged = {"check_name": "credits_sum", "passed": True, "detail": "", "run_id": str(RUN)}
    add(warehouse, "check_results", *({**OWNER, "day": day, **judged} for day in days))
    shown: dict[str, object] = {
        **OWNER,
        "sponsor_id": SPONSOR,
        "campaign_id": CAMPAIGN,
        "placement_id": PLACEMENT,
        "podcast_id": SHOW,
    }
    shown |= {"episode_id": EPISODE, "kind": "delivered", "address_class": "household", "is_final": True, "run_id": RUN}
    rows = [
        {
            **shown,
            "occurred_at": at(days[0]) + timedelta(minutes=place),
            "exposure_id": named("ad", number, place),
            "day": days[0],
            "household_key": 100 * number + place,
            "consumer_key": 100 * number + place,
        }
        for place in range(ads)
    ]
    add(warehouse, "ad_exposures", *rows)


def add_orders(warehouse: Warehouse, day: date, numbers: Iterable[int], value_minor: int = 50_000) -> None:
    """Orders of a day, each credited to the placement alone, as the day's run writes them; its ledger line is newer."""
    bought = list(numbers)
    run: dict[str, object] = {"day": day, "is_final": True, "run_id": RUN}
    signals = {f"{signal}_signals": 0 for signal in ("pixel", "promo_code", "vanity_url", "utm", "survey")}
    conversion = {**OWNER, "converted_at": at(day), "sponsor_id": SPONSOR, "kind": "purchase", "currency": "USD", **run}
    conversion |= {"value_minor": value_minor, "server_signals": 1, **signals, "address_class": "household"}
    add(
        warehouse,
        "conversions",
        *(
            {
                **conversion,
                "conversion_id": named("order", number),
                "order_id": str(number),
                "household_key": number,
                "matched_by": "household",
            }
            for number in bought
        ),
    )
    credit = {**OWNER, "campaign_id": CAMPAIGN, "placement_id": PLACEMENT, "episode_id": EPISODE, "credit": 1.0, **run}
    credits_ = [
        {**credit, "config_version": 0, "model": model, "conversion_id": named("order", number)}
        for number in bought
        for model in MODELS
    ]
    add(warehouse, "attribution_credits", *credits_)
    touch(warehouse, day)


def refund(warehouse: Warehouse, day: date, number: int, value_minor: int) -> None:
    """The order of a day gives back an amount; the day's ledger line is newer."""
    row: dict[str, object] = {
        **OWNER,
        "conversion_id": named("order", number),
        "adjustment_id": named("refund", number),
        "day": day,
    }
    row |= {"occurred_at": at(day, 20), "kind": "refund", "value_minor": value_minor, "currency": "USD"}
    add(warehouse, "conversion_adjustments", {**row, "is_final": True, "run_id": RUN})
    touch(warehouse, day)


def touch(warehouse: Warehouse, day: date, moment: datetime | None = None) -> None:
    """The day's conversions were computed anew at the moment, by default just now, and became others."""
    with warehouse.transaction() as connection:
        connection.execute(
            "UPDATE rollup_ledger SET changed_at = coalesce(%s, clock_timestamp())"
            " WHERE tenant_id = %s AND day = %s AND asset = 'conversions'",
            (moment, TENANT, day),
        )


def tenant_of(warehouse: Warehouse) -> Tenant:
    rows = warehouse.read("read_tenants").filter(tenant_id=TENANT.bytes)
    return Tenant.of(rows.row(0, named=True))


def builder(warehouse: Warehouse, number: int, clock: datetime | None = None) -> ReportBuilder:
    """What builds the report of a week, by default on the third day after it."""
    return ReportBuilder(
        warehouse, TABLES, Provenance(RUN, "1.0", clock or week(number).window.end + timedelta(days=3))
    )


def build(warehouse: Warehouse, number: int, clock: datetime | None = None) -> BuiltReport:
    """The report of a week."""
    (built,) = builder(warehouse, number, clock).build(tenant_of(warehouse), week(number))
    return built
