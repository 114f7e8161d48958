"""A day of playback from a real database into its four tables."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import polars as pl

from assets.listening.playback.day import compute_playback_day
from sql.warehouse import Warehouse
from tests.assets.listening.test_day import DAY, EIGHT, dimensions, load, name, request

TABLES = ["ad_plays", "consumption_spread", "episode_consumption", "retention_curves"]


def played(
    tenant: str, event: str, kind: str, seconds: float, at: int = 0, **change: Any
) -> tuple[str, dict[str, Any]]:
    """What Ada's player reports: so many seconds into the episode, so many minutes after she began."""
    reported = {"source": "client", "event_type": kind, "session_id": f"{tenant} ada", "position_seconds": seconds}
    empty = {"http_method": None, "http_status": None, "bytes_sent": None}
    return request(tenant, event, occurred_at=EIGHT + timedelta(minutes=at), **reported, **empty, **change)


def rows_of(tenant: str) -> list[tuple[str, dict[str, Any]]]:
    ad = {"event_data": json.dumps({"placement_id": str(name(f"{tenant} pre")), "percent": "100"})}
    return [
        *dimensions(tenant),
        played(tenant, "start", "listen_start", 0, heard_seconds=0),
        played(tenant, "ad", "ad_complete", 30, at=1, **ad),
        played(tenant, "end", "listen_complete", 3600, at=60, heard_seconds=3600),
    ]


def compute(warehouse: Warehouse, *tenants: str) -> dict[str, pl.DataFrame]:
    return compute_playback_day(warehouse.read, DAY, [name(tenant) for tenant in tenants])


def test_a_playback_to_the_end_is_in_every_table_of_its_tenant_alone(warehouse: Warehouse) -> None:
    load(warehouse, [*rows_of("quayside"), *rows_of("harbour")])

    tables = compute(warehouse, "quayside")
    both = compute(warehouse, "quayside", "harbour")

    assert sorted(tables) == TABLES
    for table, frame in tables.items():
        assert frame.height > 0, table
        assert set(frame["tenant_id"]) == {name("quayside").bytes}, table
        assert set(frame["episode_id"]) == {name("quayside episode").bytes}, table
        assert set(frame["day"]) == {DAY.day}, table
        assert both[table].filter(tenant_id=name("quayside").bytes).equals(frame), table
    assert tables["ad_plays"]["placement_id"].to_list() == [name("quayside pre").bytes]


def test_a_day_on_which_nobody_plays_has_the_same_tables_without_rows(warehouse: Warehouse) -> None:
    load(warehouse, dimensions("quayside"))

    assert {table: frame.height for table, frame in compute(warehouse, "quayside").items()} == dict.fromkeys(TABLES, 0)
