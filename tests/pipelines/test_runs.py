"""Runs: whole days through Dagster on a real database, and what is left behind when something goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from dagster import AssetKey, DagsterInstance, RunRequest, SkipReason, build_sensor_context

from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, heal, run_job
from pipelines.definitions import defs
from pipelines.health.freshness import StaleDays, compare_counts, find_stale
from pipelines.sensors import attempts_so_far, late_rows, request_for
from sql.connecting import DatabaseUnavailableError
from sql.embedded import Server
from sql.tables import TIME_COLUMNS
from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.conftest import cloned_database
from tests.pipelines.running import compute, home_of_its_own, rows
from tests.pipelines.small_network import (
    DAYS,
    FIRST,
    HOMES,
    MONDAY,
    SUNDAY,
    TENANTS,
    add,
    at,
    download,
    named,
    purchase,
)

WEDNESDAY = MONDAY + timedelta(days=2)
THURSDAY = MONDAY + timedelta(days=3)
FRIDAY = MONDAY + timedelta(days=4)
EVERYTHING = (*DAILY_ASSETS, "tenant_checks")
LEDGER = "SELECT asset FROM rollup_ledger WHERE tenant_id = %s AND day = %s"


@pytest.fixture(scope="module", autouse=True)
def home(home_folder: Path) -> Iterator[Path]:
    """Keys and mails of these tests stay in a folder of their own."""
    with home_of_its_own(home_folder) as folder:
        yield folder


def report(warehouse: Warehouse) -> None:
    """The job that freezes the week's reports."""
    with DagsterInstance.ephemeral() as history:
        run_job(warehouse, history, "weekly_reports", partition_key=MONDAY.isoformat())


def content(warehouse: Warehouse) -> dict[str, list[tuple[str]]]:
    """Every row of every rollup as text, but for the run that wrote it."""
    row = "SELECT (to_jsonb(t) - 'run_id' - 'checked_at')::text FROM {} AS t ORDER BY 1"
    return {table: rows(warehouse, row.format(table)) for table in (*TIME_COLUMNS, "check_results")}


def states(warehouse: Warehouse) -> dict[str, str]:
    found = "SELECT slug, state FROM reports INNER JOIN tenants USING (tenant_id)"
    return dict(rows(warehouse, found))


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
    report(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}


def test_a_run_that_cannot_begin_says_what_is_missing(
    week: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EARSHOT_KEYRING", str(tmp_path / "nowhere.json"))
    with pytest.raises(BackfillError) as failure:
        compute(week, SUNDAY)
    assert str(failure.value).startswith("no key ring at")
    assert "EARSHOT_KEYRING" in str(failure.value)


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
    report(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "held"}
    ((reason,),) = rows(week, "SELECT held_reason FROM reports WHERE state = 'held'")
    assert WEDNESDAY.isoformat() in reason
    assert "earshot backfill" in reason
    add_rate(week)
    compute(week, WEDNESDAY, tenants=["kreuz"])
    report(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}
    query = "SELECT amount_minor FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = 'revenue' AND model = %s"
    assert rows(week, query, named("kreuz"), SUNDAY, "linear") == [(4000 + 2100,)]


def test_reports_are_frozen_and_mailed_once_whatever_runs_again(week: Warehouse, home: Path) -> None:
    everything = "SELECT content_hash, as_of, run_id FROM reports ORDER BY report_id"
    report(week)
    frozen = rows(week, everything)
    compute(week, SUNDAY)
    report(week)
    assert rows(week, everything) == frozen
    with DagsterInstance.ephemeral() as history:
        for _ in range(2):
            run_job(week, history, "delivery_worker")
    assert rows(week, "SELECT state, count(*) FROM report_deliveries GROUP BY state") == [("accepted", 2)]
    assert rows(week, "SELECT count(*) FROM delivery_attempts") == [(2,)]


def test_a_report_speaks_its_tenants_language_unless_its_subscription_says_otherwise(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET locale = 'de_DE'")
        connection.execute("UPDATE report_subscriptions SET locale = 'en_US' WHERE tenant_id = %s", (named("harbor"),))
    report(week)
    bodies = "SELECT slug, convert_from(body, 'UTF8') FROM report_artefacts INNER JOIN tenants USING (tenant_id)"
    texts = dict(rows(week, f"{bodies} WHERE report_artefacts.name = 'report.txt'"))
    for slug, figures in (("harbor", ("Aired Mar 1, 2026", "9:00")), ("kreuz", ("Erschienen 01.03.2026", "10:00"))):
        assert all(figure in texts[slug] for figure in figures)


def test_a_name_that_no_font_can_print_holds_up_no_report(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE sponsors SET name = 'ᚠᚢᚦ' WHERE tenant_id = %s", (named("harbor"),))
    report(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}


def test_a_report_without_recipients_is_stored_and_listed_as_such(
    week: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE report_subscriptions SET recipients = '{}' WHERE tenant_id = %s", (named("harbor"),))
    report(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}
    assert "has no recipients: add some to its subscription" in caplog.text
    assert rows(week, "SELECT count(*) FROM report_deliveries") == [(1,)]


def test_a_week_that_was_not_computed_is_held_and_says_which_days(week: Warehouse) -> None:
    week.forget(DAILY_ASSETS, THURSDAY, [named("harbor")])
    report(week)
    assert states(week) == {"harbor": "held", "kreuz": "frozen"}
    ((reason,),) = rows(week, "SELECT held_reason FROM reports WHERE state = 'held'")
    assert f"{THURSDAY}: not computed yet" in reason


def test_another_tenants_rows_change_nothing(week: Warehouse, server: Server) -> None:
    mine = "SELECT (to_jsonb(t) - 'run_id' - 'checked_at')::text FROM {} AS t WHERE tenant_id = %s ORDER BY 1"
    before = [rows(week, mine.format(table), named("harbor")) for table in TIME_COLUMNS]
    add(week, "listener_events", *(download("kreuz", WEDNESDAY, f"10.0.1.{n}") for n in range(40)))
    add(week, "attribution_events", purchase("kreuz", WEDNESDAY, "order-more", "EUR", client_ip=HOMES[1]))
    compute(week, WEDNESDAY)
    assert [rows(week, mine.format(table), named("harbor")) for table in TIME_COLUMNS] == before


def late_runs(warehouse: Warehouse, history: DagsterInstance | None = None) -> Sequence[RunRequest]:
    """What the sensor asks for, seen as the daemon sees it."""
    with history or DagsterInstance.ephemeral() as instance:
        repository = defs.get_repository_def()
        context = build_sensor_context(
            instance, resources={"warehouse": warehouse}, repository_def=repository, sensor_name="late_rows"
        )
        return late_rows.evaluate_tick(context).run_requests or []


def range_of(request: RunRequest) -> tuple[str, str, list[str]]:
    """First and last day, and the tenants."""
    days = [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    return days[0], days[1], request.run_config["resources"]["scope"]["config"]["tenants"]


def run_late(warehouse: Warehouse, request: RunRequest) -> None:
    with DagsterInstance.ephemeral() as history:
        tenants = range_of(request)[2]
        run_job(warehouse, history, "daily_rollups", tags=dict(request.tags), tenants=tenants, stale_only=True)


def written(warehouse: Warehouse, since: object) -> dict[str, set[date]]:
    """The days of each asset that were written after that moment."""
    found = rows(warehouse, "SELECT asset, day FROM rollup_ledger WHERE finished_at > %s", since)
    return {asset: {day for name, day in found if name == asset} for asset, _ in found}


def clock(warehouse: Warehouse) -> object:
    return rows(warehouse, "SELECT clock_timestamp()")[0][0]


def test_where_nothing_is_late_nothing_is_requested(week: Warehouse) -> None:
    context = build_sensor_context(resources={"warehouse": week})
    assert isinstance(late_rows(context), SkipReason)


def test_a_late_row_reopens_its_day_and_the_days_that_build_on_it(week: Warehouse) -> None:
    add(week, "listener_events", download("kreuz", WEDNESDAY, "10.0.0.4", received_at=at(SUNDAY, 23)))
    add(week, "attribution_events", purchase("kreuz", FRIDAY, "order-2", "EUR", client_ip="10.0.0.4"))
    (request,) = late_runs(week)
    assert range_of(request) == (WEDNESDAY.isoformat(), SUNDAY.isoformat(), [str(named("kreuz"))])
    run_late(week, request)
    assert late_runs(week) == []
    healed = content(week)
    compute(week)
    assert content(week) == healed
    query = "SELECT estimate FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = %s AND model = 'linear'"
    assert rows(week, query, named("kreuz"), SUNDAY, "impressions") == [(25.0,)]
    assert rows(week, query, named("kreuz"), SUNDAY, "conversions") == [(3.0,)]


def test_a_refund_reopens_the_day_of_its_order_alone(week: Warehouse) -> None:
    tuesday = SUNDAY + timedelta(days=2)
    refund = purchase("harbor", tuesday, f"order-{WEDNESDAY}", "USD", kind="refund", value_minor=500)
    add(week, "attribution_events", {**refund, "event_id": named("refund")})
    (request,) = late_runs(week)
    assert range_of(request) == (WEDNESDAY.isoformat(), SUNDAY.isoformat(), [str(named("harbor"))])
    before = clock(week)
    run_late(week, request)
    # Results are cumulative, so they are made again from the order's day on; nothing else is.
    again = {"campaign_roi", "model_totals", "lift_results", "campaign_benchmarks", "tenant_checks"}
    assert {asset: days for asset, days in written(week, before).items() if asset not in again} == {
        "conversions": {WEDNESDAY},
        "attribution_credits": {WEDNESDAY},
    }
    assert late_runs(week) == []
    compute(week, tuesday, tuesday)
    query = "SELECT amount_minor FROM campaign_roi WHERE tenant_id = %s AND day = %s AND kpi = 'revenue' AND model = %s"
    assert rows(week, query, named("harbor"), SUNDAY, "linear") == [(4000,)]
    assert rows(week, query, named("harbor"), tuesday, "linear") == [(3500,)]


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


def find_late(warehouse: Warehouse) -> StaleDays:
    compare_counts(warehouse)
    stale = find_stale(warehouse)
    assert stale is not None
    return stale
