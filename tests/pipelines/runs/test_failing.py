"""Failing: what is left behind when a run cannot begin, a day fails, or a tenant's money cannot be converted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from dagster import AssetKey, DagsterInstance

from assets.steps import DAILY_ASSETS
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, heal, run_job
from pipelines.backfill.requests import request_for
from pipelines.health.freshness import StaleDays, compare_counts, find_stale
from pipelines.sensors import attempts_so_far
from sql.connections.connecting import DatabaseUnavailableError
from sql.embedded import Server
from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.conftest import cloned_database
from tests.pipelines.running import compute, content, freeze_reports, rows, states, written
from tests.pipelines.small_network import (
    DAYS,
    FIRST,
    MONDAY,
    SUNDAY,
    add,
    named,
    purchase,
)

WEDNESDAY = MONDAY + timedelta(days=2)
THURSDAY = MONDAY + timedelta(days=3)
EVERYTHING = (*DAILY_ASSETS, "tenant_checks")
LEDGER = "SELECT asset FROM rollup_ledger WHERE tenant_id = %s AND day = %s"

pytestmark = pytest.mark.usefixtures("home")


class FlakyWarehouse(Warehouse):
    """A database that goes away when the downloads of one day are to be written."""

    bad_day: date | None = None

    def replace(
        self, writes: Sequence[Write], window: Window, tenants: Sequence[UUID], ledger: Sequence[LedgerLine] = ()
    ) -> dict[str, int]:
        if window.day == self.bad_day and any(write.table == "downloads" for write in writes):
            raise DatabaseUnavailableError("Working as earshot_etl failed: the server closed the connection.")
        return super().replace(writes, window, tenants, ledger)


def test_a_day_that_fails_leaves_the_days_before_it_green(server: Server, computed: str) -> None:
    with cloned_database(server, computed) as url, DagsterInstance.ephemeral() as history:
        warehouse = FlakyWarehouse(url)
        warehouse.bad_day = WEDNESDAY
        before = content(warehouse)
        with pytest.raises(
            BackfillError, match=r"^listening_day: Working as earshot_etl failed: the server closed the connection"
        ):
            backfill(BackfillPlan(FIRST, THURSDAY), warehouse, history)
        assert history.get_materialized_partitions(AssetKey("downloads")) == {
            day.isoformat() for day in DAYS if day < WEDNESDAY
        }
        assert content(warehouse) == before
        warehouse.close()


def test_a_run_that_cannot_begin_says_what_is_missing(
    week: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EARSHOT_KEYRING", str(tmp_path / "nowhere.json"))
    with pytest.raises(BackfillError) as failure:
        compute(week, SUNDAY)
    assert str(failure.value).startswith("no key ring at")
    assert "EARSHOT_KEYRING" in str(failure.value)


def add_francs(warehouse: Warehouse) -> None:
    """Somebody pays Kreuz's sponsor in francs, and nobody has said what a franc was worth on that day."""
    add(warehouse, "attribution_events", purchase("kreuz", WEDNESDAY, "order-francs", "CHF"))


def add_rate(warehouse: Warehouse) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("INSERT INTO fx_rates VALUES (%s, 'CHF', 'EUR', 1.05, 'a bank')", (WEDNESDAY,))


def test_a_tenant_whose_money_cannot_be_converted_stops_nobody_else(week: Warehouse) -> None:
    add_francs(week)
    kept = "SELECT run_id FROM rollup_ledger WHERE tenant_id = %s AND day = %s AND asset = 'campaign_roi'"
    before = rows(week, kept, named("harbor"), WEDNESDAY)
    with pytest.raises(BackfillError) as failure:
        compute(week, WEDNESDAY, THURSDAY)
    output = str(failure.value)
    assert f"kreuz {WEDNESDAY} ledger_covers" in output
    assert "no rate CHF/EUR of that day: add it to fx_rates" in output
    assert "harbor" not in output
    assert rows(week, kept, named("harbor"), WEDNESDAY) != before
    failed = "SELECT DISTINCT tenant_id, check_name FROM check_results WHERE NOT passed"
    assert rows(week, failed) == [(named("kreuz"), "ledger_covers")]
    others = {asset for (asset,) in rows(week, LEDGER, named("kreuz"), WEDNESDAY)}
    assert set(EVERYTHING) - others == {"campaign_roi", "model_totals"}


def test_reports_of_a_bad_tenant_are_held_and_go_out_once_it_is_healed(week: Warehouse) -> None:
    add_francs(week)
    with pytest.raises(BackfillError):
        compute(week, WEDNESDAY)
    freeze_reports(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "held"}
    ((reason,),) = rows(week, "SELECT held_reason FROM reports WHERE state = 'held'")
    assert WEDNESDAY.isoformat() in reason
    assert "earshot backfill" in reason
    add_rate(week)
    compute(week, WEDNESDAY, tenants=["kreuz"])
    freeze_reports(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}
    query = "SELECT amount_minor FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = 'revenue' AND model = %s"
    assert rows(week, query, named("kreuz"), SUNDAY, "linear") == [(4000 + 2100,)]


def find_late(warehouse: Warehouse) -> StaleDays:
    compare_counts(warehouse)
    stale = find_stale(warehouse)
    assert stale is not None
    return stale


def test_a_late_run_that_failed_is_requested_again_after_a_pause(week: Warehouse) -> None:
    """Francs without a rate: the run fails, and is due again after an hour, and after two more once that fails too."""
    add_francs(week)
    with DagsterInstance.ephemeral() as history:
        stale = find_late(week)
        stale_request = request_for(stale)
        tenants = [str(each) for each in stale.tenants]
        with pytest.raises(BackfillError, match="ledger_covers"):
            run_job(week, history, "daily_rollups", tags=dict(stale_request.tags), tenants=tenants, stale_only=True)
        left = find_late(week)
        failed_at = datetime.now(UTC)
        with pytest.raises(BackfillError, match="ledger_covers"):
            run_job(week, history, "daily_rollups", tags=dict(request_for(left).tags), tenants=tenants, stale_only=True)
        assert set(written(week, failed_at)) <= {"tenant_checks"}
        assert find_late(week) == left
        number, reason = attempts_so_far(history, left, datetime.now(UTC))
        assert (number, "1 run(s) failed at them" in reason) == (1, True)
        assert attempts_so_far(history, left, datetime.now(UTC) + timedelta(minutes=61)) == (1, "")
        assert request_for(left, 1).run_key != request_for(left, 0).run_key
        add_rate(week)
        compare_counts(week)
        heal(week, history)
    assert find_stale(week) is None
    assert rows(week, "SELECT count(*) FROM check_results WHERE NOT passed") == [(0,)]
