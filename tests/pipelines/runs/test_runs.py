"""Runs: whole days through Dagster on a real database, in any order, and again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS
from sql.embedded import Server
from sql.tables import TIME_COLUMNS
from sql.warehouse import Warehouse
from tests.pipelines.running import compute, content, freeze_reports, rows, states
from tests.pipelines.small_network import (
    DAYS,
    HOMES,
    MONDAY,
    SUNDAY,
    TENANTS,
    add,
    download,
    named,
    purchase,
)

WEDNESDAY = MONDAY + timedelta(days=2)
THURSDAY = MONDAY + timedelta(days=3)
EVERYTHING = (*DAILY_ASSETS, "tenant_checks")

pytestmark = pytest.mark.usefixtures("home")


def test_every_tenant_has_a_ledger_line_for_every_day_of_every_table(week: Warehouse) -> None:
    lines = rows(week, "SELECT tenant_id, day, asset, status FROM rollup_ledger")
    wanted = {(named(slug), day, asset, "final") for slug in TENANTS for day in DAYS for asset in EVERYTHING}
    assert set(lines) == wanted


def test_every_check_of_every_day_passes(week: Warehouse) -> None:
    results = rows(week, "SELECT tenant_id, day, check_name, passed FROM check_results")
    assert set(results) == {
        (named(slug), day, check.name, True) for slug in TENANTS for day in DAYS for check in CHECKS
    }


def test_the_numbers_are_those_that_were_put_in(week: Warehouse) -> None:
    """Three downloads with an ad a day; two sales of 20.00, all of them the one placement's."""
    query = "SELECT amount_minor, estimate FROM campaign_roi WHERE day = %s AND kpi = %s AND model = 'linear'"
    assert rows(week, query, SUNDAY, "revenue") == [(4000, 4000.0)] * 2
    assert [estimate for _, estimate in rows(week, query, SUNDAY, "conversions")] == [2.0, 2.0]
    assert [estimate for _, estimate in rows(week, query, SUNDAY, "impressions")] == [24.0, 24.0]
    assert [estimate for _, estimate in rows(week, query, SUNDAY, "reach")] == [3.0, 3.0]
    assert rows(week, query, SUNDAY, "spend") == [(9000, 9000.0)] * 2


def test_a_second_run_changes_nothing(week: Warehouse) -> None:
    before = content(week)
    compute(week)
    assert content(week) == before


def test_days_one_by_one_in_any_order_give_what_the_range_gave(week: Warehouse) -> None:
    before = content(week)
    for day in (SUNDAY, WEDNESDAY, THURSDAY):
        compute(week, day, day)
    assert content(week) == before


def test_a_backfill_of_one_tenant_leaves_the_others_alone(week: Warehouse) -> None:
    run_of = "SELECT DISTINCT tenant_id, run_id FROM rollup_ledger WHERE day = %s"
    before = dict(rows(week, run_of, SUNDAY))
    compute(week, SUNDAY, tenants=["harbor"])
    after = dict(rows(week, run_of, SUNDAY))
    assert after[named("kreuz")] == before[named("kreuz")]
    assert after[named("harbor")] != before[named("harbor")]


def test_a_day_without_any_row_is_a_day_like_the_others(week: Warehouse) -> None:
    quiet = SUNDAY + timedelta(days=1)
    compute(week, quiet, quiet)
    lines = rows(
        week, "SELECT asset, rows FROM rollup_ledger WHERE day = %s AND tenant_id = %s", quiet, named("harbor")
    )
    assert {asset for asset, _ in lines} == set(EVERYTHING)
    assert dict(lines)["downloads"] == 0
    assert all(passed for (passed,) in rows(week, "SELECT passed FROM check_results WHERE day = %s", quiet))


def test_malformed_rows_and_files_of_unknown_size_are_counted_and_stop_nothing(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE media_assets SET file_bytes = NULL WHERE tenant_id = %s", (named("harbor"),))
    bad = download("harbor", WEDNESDAY, "10.0.0.9", range_start=500, range_end=100)
    unplaced = download("harbor", WEDNESDAY, "10.0.0.8", episode_id=named("no such episode"), asset_id=None)
    add(week, "listener_events", bad)
    add(week, "listener_events", unplaced)
    compute(week, WEDNESDAY, WEDNESDAY)
    split = "SELECT disposition, requests FROM request_dispositions WHERE tenant_id = %s AND day = %s"
    found = dict(rows(week, split, named("harbor"), WEDNESDAY))
    assert found == {"counted": 3, "malformed": 1, "unknown_asset": 1}
    assert rows(
        week, "SELECT DISTINCT basis FROM downloads WHERE tenant_id = %s AND day = %s", named("harbor"), WEDNESDAY
    ) == [("assumed_size",)]


def test_a_campaign_without_a_price_has_no_spend_rather_than_none_spent(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE placements SET cost_minor = NULL WHERE tenant_id = %s", (named("harbor"),))
    compute(week, SUNDAY, SUNDAY)
    query = (
        "SELECT kpi, amount_minor, badge FROM campaign_roi"
        " WHERE tenant_id = %s AND day = %s AND model = 'linear' AND kpi IN ('spend', 'roas') ORDER BY kpi"
    )
    assert rows(week, query, named("harbor"), SUNDAY) == [("roas", None, "not_known"), ("spend", None, "not_known")]
    freeze_reports(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}


def test_another_tenants_rows_change_nothing(week: Warehouse, server: Server) -> None:
    mine = "SELECT (to_jsonb(t) - 'run_id' - 'checked_at')::text FROM {} AS t WHERE tenant_id = %s ORDER BY 1"
    before = [rows(week, mine.format(table), named("harbor")) for table in TIME_COLUMNS]
    add(week, "listener_events", *(download("kreuz", WEDNESDAY, f"10.0.1.{n}") for n in range(40)))
    add(week, "attribution_events", purchase("kreuz", WEDNESDAY, "order-more", "EUR", client_ip=HOMES[1]))
    compute(week, WEDNESDAY)
    assert [rows(week, mine.format(table), named("harbor")) for table in TIME_COLUMNS] == before
