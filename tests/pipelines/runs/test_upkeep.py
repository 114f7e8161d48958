"""The nightly upkeep through Dagster on a real database, and what a backfill finds after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dagster import AssetKey

from assets.archive.restoring import restore_days
from assets.erasure.erasing import erase, keys_of_address
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, heal, run_job
from pipelines.runtime import keyring
from pipelines.settings import load_settings
from sql.tables import TIME_COLUMNS
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.small_network import HOMES, MONDAY, build_network, named

# What raw rows become; the raw rows themselves lose their addresses, and their keys come.
ROLLUPS = sorted(
    set(TIME_COLUMNS)
    - {"listener_events", "attribution_events", "event_keys", "attribution_event_keys", "check_results"}
)


@pytest.fixture
def week(warehouse: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """The small network, with keys and rules in a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "EARSHOT_KEYRING", "EARSHOT_RULES"):
            patch.delenv(name, raising=False)
        patch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
        build_network(warehouse)
        yield warehouse
        warehouse.close()


def compute(warehouse: Warehouse, day: date = MONDAY) -> None:
    with passing_history() as history:
        backfill(BackfillPlan(day, day, ()), warehouse, history)


def rows(warehouse: Warehouse, query: str, *params: object) -> list[tuple[Any, ...]]:
    with warehouse.transaction("earshot_owner") as connection:
        done = connection.execute(query.encode(), params)
        return done.fetchall() if done.description else []


def rollups(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    every = "SELECT (to_jsonb(t) - 'run_id')::text FROM {} AS t ORDER BY 1"
    return {table: rows(warehouse, every.format(table)) for table in ROLLUPS}


def test_a_night_publishes_the_methodology_expires_addresses_and_warns_of_lapsed_entries(week: Warehouse) -> None:
    rows(week, "UPDATE tenants SET address_days = 90 WHERE slug = 'harbor'")
    rows(
        week,
        "INSERT INTO ip_inclusions VALUES (%s, '192.0.2.0/24', 'office', now() - interval '100 days')",
        named("harbor"),
    )
    compute(week)
    before = rollups(week)

    with passing_history() as history:
        result = run_job(week, history, "nightly_upkeep")

    assert result.asset_materializations_for_node("methodologies")[0].metadata["new"].value == 2
    assert result.asset_materializations_for_node("pruned_history")[0].metadata["days"].value == 90
    [check] = result.get_asset_check_evaluations()
    assert (check.asset_key, check.passed) == (AssetKey("methodologies"), False)
    left = rows(week, "SELECT slug, count(client_ip) FROM listener_events JOIN tenants USING (tenant_id) GROUP BY 1")
    assert dict(left)["harbor"] == 0
    assert dict(left)["kreuz"] > 0
    compute(week)
    assert rollups(week) == before


def test_a_day_whose_raw_rows_are_gone_keeps_its_numbers_and_its_ledger_line(week: Warehouse) -> None:
    compute(week)
    before = rollups(week)
    line = "SELECT tenant_id, run_id FROM rollup_ledger WHERE asset = 'request_dispositions' ORDER BY 1"
    lines = dict(rows(week, line))
    rows(week, "DELETE FROM listener_events WHERE tenant_id = %s AND occurred_at::date = %s", named("harbor"), MONDAY)

    with pytest.raises(BackfillError, match=r"harbor 2026-03-02 dispositions_sum"):
        compute(week)

    assert rollups(week) == before
    again = dict(rows(week, line))
    assert again[named("harbor")] == lines[named("harbor")]
    assert again[named("kreuz")] != lines[named("kreuz")]


def test_a_day_in_the_archive_keeps_its_numbers_and_is_computed_alike_from_it(week: Warehouse, tmp_path: Path) -> None:
    compute(week)
    before = rollups(week)
    rows(week, "UPDATE tenants SET raw_days = 63 WHERE slug = 'harbor'")
    with passing_history() as history, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_ARCHIVE", str(tmp_path / "cold"))
        result = run_job(week, history, "nightly_upkeep")
    said = result.asset_materializations_for_node("archived_rows")[0].metadata
    assert (said["days"].value, said["dropped"].value) == (1, said["rows"].value)
    harbor = named("harbor")
    there = "SELECT count(*) FROM listener_events WHERE tenant_id = %s AND occurred_at::date = %s"
    assert rows(week, there, harbor, MONDAY) == [(0,)]

    with pytest.raises(BackfillError, match=r"2026-03-02 lie in the archive"):
        compute(week)
    assert rollups(week) == before

    list(restore_days(week, harbor, MONDAY, MONDAY))
    for table in ("request_dispositions", "downloads", "listener_metrics", "ad_exposures"):
        rows(week, f"DELETE FROM {table} WHERE tenant_id = %s", harbor)
    assert rollups(week) != before
    compute(week)
    assert rollups(week) == before


def test_what_is_computed_of_an_erased_household_is_healed_as_if_it_had_never_been(week: Warehouse) -> None:
    compute(week)
    harbor, ring = named("harbor"), keyring(load_settings())
    [household] = keys_of_address(HOMES[0], harbor, ring)
    sketches = "SELECT count(*), sum(households) FROM campaign_reach WHERE tenant_id = %s AND level = 'campaign'"
    reached = rows(week, sketches, harbor)

    done = erase(week, harbor, ring, "Ada", address=HOMES[0])
    with passing_history() as history:
        heal(week, history)

    assert done.before["downloads"] > 0
    assert rows(week, sketches, harbor) == [(reached[0][0], reached[0][1] - 1)]
    for table in ("downloads", "ad_exposures", "conversions"):
        theirs = f"SELECT count(*) FROM {table} WHERE tenant_id = %s AND household_key = %s"
        assert rows(week, theirs, harbor, household) == [(0,)]
    healed = rollups(week)
    compute(week)
    assert rollups(week) == healed


def test_raw_rows_that_were_removed_on_purpose_can_be_let_go_of(week: Warehouse) -> None:
    compute(week)
    rows(week, "DELETE FROM listener_events WHERE tenant_id = %s AND occurred_at::date = %s", named("harbor"), MONDAY)
    rows(week, "DELETE FROM request_dispositions WHERE tenant_id = %s AND day = %s", named("harbor"), MONDAY)

    compute(week)

    left = week.read("read_judged_requests", first=MONDAY, last=MONDAY, tenants=[named("harbor"), named("kreuz")])
    assert left.filter(pl.col("tenant_id") == named("harbor").bytes).is_empty()
    assert left.height == 1
