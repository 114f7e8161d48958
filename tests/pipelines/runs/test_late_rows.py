"""The sensor of late rows, tick after tick: what a tick looks at, what it remembers, and when it waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRequest, build_sensor_context

from pipelines.backfill.computing import BackfillPlan, prepare, run_job
from pipelines.backfill.requests import LATE
from pipelines.definitions import defs
from pipelines.health.freshness import find_stale
from pipelines.schedules import daily_rollups
from pipelines.sensors import late_rows
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.running import compute, rows
from tests.pipelines.small_network import FIRST, MONDAY, add, download

WEDNESDAY = MONDAY + timedelta(days=2)

pytestmark = pytest.mark.usefixtures("home")


def tick(
    warehouse: Warehouse, history: DagsterInstance, cursor: str | None = None
) -> tuple[list[RunRequest], str, str]:
    """What the sensor asks for, the cursor that it leaves, and why it asks for nothing."""
    repository = defs.get_repository_def()
    context = build_sensor_context(
        history, cursor, repository_def=repository, sensor_name="late_rows", resources={"warehouse": warehouse}
    )
    tick = late_rows.evaluate_tick(context)
    return list(tick.run_requests or []), tick.cursor or "", tick.skip_message or ""


def come_in(warehouse: Warehouse, home_address: str, received_at: datetime) -> None:
    add(warehouse, "listener_events", download("kreuz", WEDNESDAY, home_address, received_at=received_at))


def test_a_tick_finds_what_was_received_since_the_one_before(week: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        requests, cursor, reason = tick(week, history)
        assert (requests, reason) == ([], "No table of any day is older than what it was made of.")
        come_in(week, "10.0.0.6", datetime.now(UTC))
        (request,), later, _ = tick(week, history, cursor)
        assert request.tags["dagster/asset_partition_range_start"] == WEDNESDAY.isoformat()
        # Until it is computed, it stays requested, and what a daemon runs once stays one run.
        (again,), _, _ = tick(week, history, later)
        assert again.run_key == request.run_key


def test_a_row_with_an_old_time_of_receipt_is_found_when_rows_are_counted(week: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        _, cursor, _ = tick(week, history)
        come_in(week, "10.0.0.6", datetime(2026, 3, 4, 8, tzinfo=UTC))
        requests, cursor, _ = tick(week, history, cursor)
        assert requests == []
        # In this test's time, that day lies further back than the daily count looks; the first tick of all counts all.
        requests, _, _ = tick(week, history)
        assert len(requests) == 1
        counted = json.loads(cursor)["counted"]
        assert counted == datetime.now(UTC).date().isoformat()


def test_while_a_run_is_at_work_on_late_rows_no_other_is_requested(week: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        come_in(week, "10.0.0.6", datetime.now(UTC))
        (request,), cursor, _ = tick(week, history)
        history.add_run(
            DagsterRun(
                job_name=daily_rollups.name,
                status=DagsterRunStatus.STARTED,
                tags={**request.tags, LATE: "another state of the ledger"},
            )
        )
        requests, _, reason = tick(week, history, cursor)
        assert requests == []
        assert reason.endswith("a run is at work on late rows.")


def test_a_cursor_that_a_clock_which_was_ahead_has_left_is_taken_for_none(week: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        _, cursor, _ = tick(week, history)
        ahead = {name: value.replace("20", "21", 1) for name, value in json.loads(cursor).items()}
        come_in(week, "10.0.0.6", datetime.now(UTC))
        (request,), cursor, _ = tick(week, history, json.dumps(ahead))
        assert request.tags["dagster/asset_partition_range_start"] == WEDNESDAY.isoformat()
        assert json.loads(cursor)["counted"] == datetime.now(UTC).date().isoformat()


def record_a_day_ahead(warehouse: Warehouse) -> None:
    """As if the database's clock had been a day ahead all the time."""
    with warehouse.transaction() as connection:
        for moment in (
            "rollup_ledger SET began_at",
            "rollup_ledger SET changed_at",
            "ingest_watermarks SET changed_at",
        ):
            column = moment.rpartition(" ")[2]
            connection.execute(f"UPDATE {moment} = {column} + interval '1 day'".encode())


def test_what_a_database_recorded_while_its_clock_was_ahead_hides_no_late_row(week: Warehouse) -> None:
    record_a_day_ahead(week)
    come_in(week, "10.0.0.6", datetime.now(UTC))
    with DagsterInstance.ephemeral() as history:
        (request,), _, _ = tick(week, history)
    assert request.tags["dagster/asset_partition_range_start"] == FIRST.isoformat()
    compute(week)
    assert find_stale(week) is None


@pytest.mark.parametrize("starts", ["backfill", "run of the UI"])
def test_a_run_puts_back_what_was_recorded_while_the_clock_was_ahead(week: Warehouse, starts: str) -> None:
    record_a_day_ahead(week)
    if starts == "backfill":
        compute(week, WEDNESDAY, WEDNESDAY)
    else:
        with passing_history() as history:
            run_job(week, history, "daily_rollups", partition_key=WEDNESDAY.isoformat())
    failed = rows(week, "SELECT check_name FROM check_results WHERE day = %s AND NOT passed", WEDNESDAY)
    assert failed == []
    with week.transaction() as connection:
        ahead = connection.execute("SELECT count(*) FROM rollup_ledger WHERE changed_at > now()").fetchone()
    assert ahead == (0,)


def test_a_backfill_begins_while_somebody_holds_the_ledger(week: Warehouse, database_url: str) -> None:
    record_a_day_ahead(week)
    with psycopg.connect(database_url) as holder, DagsterInstance.ephemeral() as history:
        holder.execute("SET ROLE earshot_owner")
        holder.execute("LOCK TABLE rollup_ledger IN SHARE MODE")
        assert prepare(BackfillPlan(WEDNESDAY, WEDNESDAY), week, history).total > 0


def test_a_cursor_of_an_earlier_version_is_taken_for_none(week: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        requests, cursor, _ = tick(week, history, "2026-03-20T00:00:00+00:00")
    assert requests == []
    assert set(json.loads(cursor)) == {"seen", "settled", "counted"}
