"""Printed numbers of a report, each counted anew in plain SQL from the rows, for a campaign with late orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from sql.warehouse import Warehouse
from tests.assets.reporting.built.orders import (
    CAMPAIGN,
    EPISODE,
    OWNER,
    PLACEMENT,
    SHOW,
    SPONSOR,
    add,
    add_campaign,
    add_orders,
    add_week,
    build,
    named,
    refund,
    week,
)
from tests.sql.rows import RUN

PRE_ROLL, OTHER_SHOW, OTHER_EPISODE = named("pre-roll"), named("waves"), named("high water")
# The week that is reported on: two came before it.
NOW = 2


@pytest.fixture
def campaign(warehouse: Warehouse) -> Warehouse:
    """Three weeks, each with a report; a second show in the first of them alone; orders and a refund that come late."""
    add_campaign(warehouse)
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET k_delivery = 1")
        connection.execute("UPDATE episodes SET url = 'https://tides.example/low' WHERE episode_id = %s", (EPISODE,))
    add_second_show(warehouse)
    for number, orders in enumerate((9, 12, 21)):
        add_week(warehouse, number, ads=(20, 35, 27)[number])
        if number == 0:
            add_ads_elsewhere(warehouse, 14)
        add_orders(warehouse, week(number).first, range(100 * number, 100 * number + orders), 30_000 + 1_000 * number)
        if number < NOW:
            assert build(warehouse, number).state == "frozen"
    add_orders(warehouse, week(0).first + timedelta(days=2), range(1_000, 1_004), 50_000)
    refund(warehouse, week(0).first, 0, 12_345)
    add_touches(warehouse)
    assert build(warehouse, NOW).state == "frozen"
    return warehouse


def add_second_show(warehouse: Warehouse) -> None:
    add(warehouse, "podcasts", {**OWNER, "podcast_id": OTHER_SHOW, "slug": "waves", "title": "Waves"})
    episode = {**OWNER, "podcast_id": OTHER_SHOW, "episode_id": OTHER_EPISODE, "guid": "2", "title": "High water"}
    add(warehouse, "episodes", {**episode, "published_at": datetime(2026, 3, 2, 4, tzinfo=UTC), "duration_s": 900.0})
    placed = {**OWNER, "campaign_id": CAMPAIGN, "insertion_order_id": named("order"), "placement_id": PRE_ROLL}
    flight = {"flight_start": week(0).first, "flight_end": week(0).last, "booked_impressions": 500}
    kind = {"name": "Pre-roll", "kind": "dynamic", "position": "pre", "cost_minor": 333_333}
    add(warehouse, "placements", {**placed, "podcast_id": OTHER_SHOW, **flight, **kind})


def add_ads_elsewhere(warehouse: Warehouse, ads: int) -> None:
    shown: dict[str, object] = {**OWNER, "sponsor_id": SPONSOR, "campaign_id": CAMPAIGN, "placement_id": PRE_ROLL}
    shown |= {"podcast_id": OTHER_SHOW, "episode_id": OTHER_EPISODE, "kind": "delivered", "address_class": "household"}
    moment = datetime(2026, 3, 3, 8, tzinfo=UTC)
    add(
        warehouse,
        "ad_exposures",
        *(
            {
                **shown,
                "occurred_at": moment + timedelta(minutes=place),
                "exposure_id": named("elsewhere", place),
                "day": moment.date(),
                "household_key": place,
                "consumer_key": place,
                "is_final": True,
                "run_id": RUN,
            }
            for place in range(ads)
        ),
    )


def add_touches(warehouse: Warehouse) -> None:
    """The path of each order: its ad came so many days before it; who is a new customer is known of two in three.

    Every seventh order of the first weeks followed an ad of the second show, so its credit is that show's.
    """
    with warehouse.transaction() as connection:
        connection.execute(
            """
            INSERT INTO attribution_touches (
                tenant_id, day, conversion_id, touch_no, touched_at, campaign_id, placement_id, episode_id, matched_by,
                config_version, is_final, run_id
            )
            SELECT
                c.tenant_id, c.day, c.conversion_id, 1,
                c.converted_at - make_interval(hours => 5 + 7 * (c.order_id::integer %% 30)),
                %(campaign)s, %(placement)s, %(episode)s, 'household', 0, true, c.run_id
            FROM conversions AS c
            """,
            {"campaign": CAMPAIGN, "placement": PLACEMENT, "episode": EPISODE},
        )
        connection.execute(
            "UPDATE conversions SET is_new_customer = (order_id::integer % 2 = 0) WHERE order_id::integer % 3 <> 0"
        )
        moved = (PRE_ROLL, OTHER_EPISODE, week(1).first)
        for table in ("attribution_credits", "attribution_touches"):
            connection.execute(
                f"UPDATE {table} AS t SET placement_id = %s, episode_id = %s FROM conversions AS c"
                " WHERE t.conversion_id = c.conversion_id AND c.order_id::integer %% 7 = 3 AND c.day < %s",
                moved,
            )


def content_of(warehouse: Warehouse) -> dict[str, Any]:
    with warehouse.transaction() as connection:
        row = connection.execute(
            "SELECT content FROM reports WHERE period_start = %s AND state = 'frozen'", (week(NOW).first,)
        ).fetchone()
    assert row is not None
    return cast("dict[str, Any]", row[0])


# Everything is in UTC and in dollars.
# Spans begin with `first` and end before `last`.
ADS = "SELECT count(*) FROM ad_exposures WHERE kind = 'delivered' AND occurred_at >= {first} AND occurred_at < {last}"
CREDIT = (
    "SELECT {what} FROM attribution_credits AS a JOIN conversions AS c USING (conversion_id)"
    " WHERE a.model = 'linear' AND c.converted_at >= {first} AND c.converted_at < {last}{more}"
)
REVENUE = (
    "sum(c.value_minor * a.credit) - coalesce((SELECT sum(j.value_minor) FROM conversion_adjustments AS j"
    " JOIN conversions AS o USING (conversion_id) WHERE o.converted_at >= {first} AND o.converted_at < {last}), 0)"
)
SPEND = (
    "SELECT sum(round(p.cost_minor * least(ads, p.booked_impressions)::numeric / p.booked_impressions)) FROM ("
    "SELECT placement_id, count(*) AS ads FROM ad_exposures WHERE kind = 'delivered' AND occurred_at < {last}"
    " GROUP BY placement_id) AS d JOIN placements AS p USING (placement_id)"
)


class Sums:
    """What SQL gives for a span: numbers, as Python has them."""

    def __init__(self, warehouse: Warehouse, first: datetime, last: datetime) -> None:
        self.warehouse, self.span = warehouse, {"first": f"'{first.isoformat()}'", "last": f"'{last.isoformat()}'"}

    def value(self, query: str, **parts: str) -> Any:
        text = query.format(**parts, **self.span) if parts else query.format(**self.span)
        with self.warehouse.transaction() as connection:
            row = connection.execute(text.encode()).fetchone()
        assert row is not None
        return row[0]

    def credit(self, what: str = "sum(a.credit)", more: str = "") -> Any:
        return self.value(CREDIT, what=what.format(**self.span), more=more)


def dollars(minor: Any) -> str:
    return f"${float(minor) / 100:,.2f}"


def test_printed_numbers_are_those_that_sql_counts(campaign: Warehouse) -> None:
    content = content_of(campaign)
    start, first, last = week(0).window.start, week(NOW).window.start, week(NOW).window.end
    period, to_date = Sums(campaign, first, last), Sums(campaign, start, last)
    before = Sums(campaign, start, first)
    ads, orders, spend = to_date.value(ADS), to_date.credit(), to_date.value(SPEND)
    revenue = to_date.credit(REVENUE)
    spent_now = spend - before.value(SPEND)
    own = period.credit(more=" AND (SELECT touched_at FROM attribution_touches AS t"
                        f" WHERE t.conversion_id = c.conversion_id) >= '{first.isoformat()}'") or 0  # fmt: skip

    tiles = {tile["label"]: tile for tile in content["tiles"]}
    assert tiles["Ads delivered"]["value"] == str(period.value(ADS))
    assert tiles["Conversions"]["value"] == f"{period.credit():g}"
    assert (
        f"{own:g} from this period’s ads, {period.credit() - own:g} from earlier ads" in tiles["Conversions"]["detail"]
    )
    assert tiles["Return on ad spend (ROAS), to date"]["value"] == f"{revenue / float(spend):.2f}×"
    assert tiles["Cost per conversion (CPA), to date"]["value"] == dollars(float(spend) / orders)
    earlier = before.credit()
    assert (
        f"from {dollars(float(before.value(SPEND)) / earlier)} before"
        in tiles["Cost per conversion (CPA), to date"]["versus"]
    )

    (section,) = content["to_date"]
    said = {pair["term"]: pair["text"] for pair in section["pairs"]}
    booked = to_date.value("SELECT sum(booked_impressions) FROM placements")
    budget = to_date.value("SELECT sum(cost_minor) FROM placements")
    assert said["Ads delivered"] == f"{ads} of {booked:,} booked"
    assert said["Spend"] == f"{dollars(spend)} of a budget of {dollars(budget)}"
    assert said["Conversions"].startswith(f"{orders:g} (")
    assert said["Attributed revenue"].startswith(f"{dollars(revenue)} (")
    known = "count(c.is_new_customer)", "count(*) FILTER (WHERE c.is_new_customer)"
    of_all, new = (to_date.credit(what) for what in known)
    of_now, new_now = (period.credit(what) for what in known)
    share = f"{100 * new / of_all + 1e-9:.0f}%"
    assert said["New customers"] == (
        f"{new} of {of_all} conversions where it is known ({share}); in this period {new_now} of {of_now}"
    )
    assert said["Earlier days"].startswith(
        "Since the last report, 4 conversions and $1,876.55 of earlier days came in."
    )
    assert said["Adding up"] == (
        f"21 in the last report, 4 of earlier days since then and {period.credit():g} of this period make {orders:g} "
        "conversions."
    )

    (shows,) = content["shows"]
    by_show = {row["name"]: row["cells"] for row in shows["rows"]}
    tides, others = by_show["Tides"], by_show["Other shows"]
    of_tides = f" AND a.placement_id = '{PLACEMENT}'"
    assert tides[0] == str(to_date.value(f"{ADS} AND podcast_id = '{SHOW}'"))
    assert others[0] == str(to_date.value(f"{ADS} AND podcast_id = '{OTHER_SHOW}'"))
    assert tides[2] == f"{to_date.credit(more=of_tides):g}"
    assert others[2] == f"{orders - to_date.credit(more=of_tides):g}"
    assert int(tides[0]) + int(others[0]) == ads
    paid = [float(cells[1].replace("$", "").replace(",", "")) for cells in (tides, others)]
    assert dollars(100 * sum(paid)) == dollars(spend)

    delivery = {pair["term"]: pair["text"] for pair in content["delivery"]["pairs"]}
    reach = period.value(ADS.replace("count(*)", "count(DISTINCT household_key)", 1))
    assert delivery["Reach"] == f"{reach} households"
    assert delivery["Frequency"] == f"{period.value(ADS) / reach:.2f} ads per address"
    assert delivery["Spend"] == dollars(spent_now)
    assert delivery["Cost per thousand ads (eCPM)"] == dollars(float(spent_now) * 1000 / period.value(ADS))
    assert delivery["Attributed revenue"].startswith(dollars(period.credit(REVENUE)))
    (link,) = [link for pair in content["proof"]["pairs"] for link in pair["links"]]
    assert (link["text"], link["address"]) == ("Low water", period.value("SELECT url FROM episodes WHERE url <> ''"))
