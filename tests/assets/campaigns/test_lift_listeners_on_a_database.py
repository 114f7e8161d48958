"""In which weeks a household could have been reached."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from assets.campaigns.weekly import compute_lift
from sql.values import Window
from tests.assets.campaigns.test_daily import (
    BOUGHT,
    HEARD,
    RUN,
    add,
    add_campaign,
    add_exposures,
    named,
)

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

HARBOUR = named("harbour")
STRANGER = 101


def add_downloads(warehouse: Warehouse, household: int, *moments: datetime) -> None:
    shown = {"tenant_id": HARBOUR, "podcast_id": named("tides"), "episode_id": named("ep-2")}
    plain = dict.fromkeys(["app", "device", "os", "country_code", "region_code", "referrer", "rules_version"], "none")
    rows = [
        {
            **shown, **plain, "day": at.date(), "downloaded_at": at, "qualified_at": at,
            "download_id": named(f"download {household} {at}"), "consumer_key": household, "household_key": household,
            "basis": "bytes", "address_class": "household", "key_version": 1, "is_final": True, "run_id": RUN,
        }
        for at in moments
    ]  # fmt: skip
    add(warehouse, "downloads", *rows)


def test_a_household_that_was_never_reached_stands_in_each_of_its_weeks(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    sunday, next_day, next_week = (HEARD + timedelta(days=days) for days in (-2, 1, 7))
    add_downloads(warehouse, STRANGER, sunday, HEARD, next_day, next_week, HEARD - timedelta(days=9))
    parameters = {"start": HEARD - timedelta(days=2, hours=8), "end": HEARD + timedelta(days=20)}
    reached = warehouse.read("read_lift_listeners", **parameters, tenants=[HARBOUR], campaigns=[named("spring")])
    someone = reached.filter(pl.col("exposed_at").is_not_null())["household_key"].min()
    assert isinstance(someone, int)
    add_downloads(warehouse, someone, sunday, HEARD, BOUGHT, next_week)
    result = warehouse.read("read_lift_listeners", **parameters, tenants=[HARBOUR], campaigns=[named("spring")])
    rows = result.select("household_key", "heard_at", "exposed_at").sort("heard_at", nulls_last=True)
    assert rows.filter(household_key=STRANGER)["heard_at"].to_list() == [sunday, HEARD, next_week]
    assert rows.filter(household_key=STRANGER)["exposed_at"].null_count() == 3
    assert rows.filter(household_key=someone).select("heard_at", "exposed_at").rows() == [(sunday, HEARD)]


def test_lift_counts_a_neighbour_of_two_weeks_once(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    later = HEARD + timedelta(days=7)
    owner = {"tenant_id": HARBOUR, "sponsor_id": named("kettle"), "podcast_id": named("tides")}
    ad = {"campaign_id": named("spring"), "placement_id": named("host-read"), "episode_id": named("ep-1")}
    keys = {"household_key": 4242, "consumer_key": 4243, "address_class": "household", "kind": "delivered"}
    result = {"exposure_id": named("late"), "occurred_at": later, "day": later.date(), "is_final": True, "run_id": RUN}
    add(warehouse, "ad_exposures", {**owner, **ad, **keys, **result})
    for home in range(STRANGER, STRANGER + 3):
        add_downloads(warehouse, home, HEARD, later)
    lift = compute_lift(warehouse.read, Window.of_day(date(2026, 3, 29)), [HARBOUR])["lift_results"].row(0, named=True)
    assert (lift["households"], lift["base_households"], lift["compared_share"]) == (9, 3, 1)
