"""The age curve of a show from the rollup is that from the downloads themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sql.values import Window
from tests.assets.campaigns.test_daily import RUN, add, named

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

TENANT, SHOW = named("harbour"), named("tides")
DAY = Window.of_day(date(2026, 6, 1))
# When episodes came out, in days before the end of the day; and the hours after which each was downloaded.
RELEASED = {"too old": 125, "old": 119, "ripe": 31, "young": 29}
HOURS = (0, 1, 23, 24, 24 * 7, 24 * 29 + 23, 24 * 30, 24 * 31)


def test_both_curves_are_the_same(warehouse: Warehouse) -> None:
    owner = {"tenant_id": TENANT}
    add(warehouse, "tenants", {**owner, "slug": "harbour", "name": "h", "brand_name": "h", "timezone": "UTC"})
    add(warehouse, "podcasts", {**owner, "podcast_id": SHOW, "slug": "tides", "title": "Tides"})
    shown = {**owner, "podcast_id": SHOW}
    released = {name: DAY.end - timedelta(days=days) for name, days in RELEASED.items()}
    add(
        warehouse,
        "episodes",
        *({**shown, "episode_id": named(n), "guid": n, "title": n, "published_at": at} for n, at in released.items()),
    )
    exposures = [(name, at + timedelta(hours=hour), hour) for name, at in released.items() for hour in HOURS]
    exposures = [each for each in exposures if each[1] < DAY.end]
    plain = dict.fromkeys(["app", "device", "os", "country_code", "region_code", "referrer", "rules_version"], "none")
    written = {"is_final": True, "run_id": RUN}
    add(warehouse, "downloads", *(download(name, at, hour, shown, plain, written) for name, at, hour in exposures))
    pacing = [
        {**shown, "day": at.date(), "episode_id": named(name), "hour": hour, "downloads": 1, **written}
        for name, at, hour in exposures
    ]
    add(warehouse, "episode_pacing", *pacing)
    parameters = {"before": DAY.end, "tenants": [TENANT], "podcasts": [SHOW]}
    facts = warehouse.read("read_age_curves", **parameters).sort("age_days")
    rollup = warehouse.read("read_paced_curves", **parameters, last=DAY.day).sort("age_days")
    assert facts.rows() == rollup.rows()
    assert dict(facts.select("age_days", "downloads").iter_rows()) == {0: 6, 1: 2, 7: 2, 29: 2}


def download(
    name: str,
    at: datetime,
    hour: int,
    shown: Mapping[str, object],
    plain: Mapping[str, str],
    written: Mapping[str, object],
) -> dict[str, object]:
    keys = {"download_id": named(f"{name} {hour}"), "consumer_key": hour, "household_key": hour, "key_version": 1}
    when = {"downloaded_at": at.astimezone(UTC), "qualified_at": at, "day": at.date()}
    kind = {"episode_id": named(name), "basis": "bytes", "address_class": "household"}
    return {**shown, **plain, **written, **keys, **when, **kind}
