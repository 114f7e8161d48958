"""The UI's Materialize: every selection that people make is taken, planned to its end, and ends green.

All selections are launched through GraphQL and followed through the daemon's turns, their runs created but not
executed; those that stand for the others are executed on the small network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, AssetSelection, DagsterRunStatus
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.storage.dagster_run import RunsFilter

from assets.partitions import daily
from assets.steps import RAW_ASSETS
from pipelines.backfill.computing import STEPS_OF
from pipelines.definitions import defs
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import content, home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, SUNDAY, add_tenant
from tests.pipelines.ui.operator_ui import Claiming, OperatorUi, Working, failures_of, operator_ui

GRAPH = defs.resolve_asset_graph()
EVERY = sorted(key.to_user_string() for key in GRAPH.get_all_asset_keys())
PARTITIONED = [name for name in EVERY if GRAPH.get(AssetKey(name)).is_partitioned]
UNPARTITIONED = [name for name in EVERY if name not in PARTITIONED]
DAILY = set(STEPS_OF["daily_rollups"])
REPORTING = {"weekly_sponsor_reports", "monthly_sponsor_reports", "final_sponsor_reports", "report_deliveries"}
Planner = tuple[OperatorUi, Claiming]

WEDNESDAY, THURSDAY = MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)
# Days just past, so that few follow to which a backfill extends itself: the runs are many enough.
LATELY = [date.fromisoformat(key) for key in daily.get_partition_keys()[-12:]]
SHAPES = {"a day": LATELY[8:9], "a range": LATELY[8:10], "days apart": [LATELY[7], LATELY[9]]}

# How far a raw row of a day reaches: a backfill of it with all that builds on it extends itself as far.
REACHES = {
    0: {*RAW_ASSETS, "request_dispositions", "downloads", "ad_exposures", "retention_curves", "placement_delivery"}
    | {"listener_metrics", "listener_dimension_metrics"},
    30: {"audience_periods", "audience_overlaps", "episode_age_downloads"},
    60: {"conversions", "attribution_credits", "campaign_reach", "campaign_roi", "model_totals", "lift_results"}
    | {"campaign_benchmarks", "tenant_checks"},
}


def names(selection: AssetSelection) -> set[str]:
    return {key.to_user_string() for key in selection.resolve(GRAPH)}


def downstream(name: str) -> set[str]:
    return names(AssetSelection.assets(name).downstream())


def keys_of(name: str, days: list[date]) -> list[str]:
    """The partitions of an asset in which these days lie."""
    definition = GRAPH.get(AssetKey(name)).partitions_def
    assert definition is not None
    keys = definition.get_partition_keys()
    return sorted({max(key for key in keys if key <= day.isoformat()) for day in days})


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    """The UI with runs that are created and claim what they would have done."""
    launcher = Claiming()
    with operator_ui(launcher, str(tmp_path_factory.mktemp("planned"))) as ui:
        yield ui, launcher


def followed(planner: Planner, assets: set[str], days: list[date]) -> set[str]:
    """The assets of the runs that a backfill came to, which has ended well."""
    ui, launcher = planner
    begun = len(launcher.runs)
    done = ui.backfill(assets, [day.isoformat() for day in days])
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    return {key.to_user_string() for run in launcher.runs[begun:] for key in run.asset_selection or ()}


@pytest.mark.parametrize("name", PARTITIONED)
def test_everything_downstream_of_an_asset_is_taken(planner: Planner, name: str) -> None:
    ui, _launcher = planner
    for days in SHAPES.values():
        assert set(ui.target(ui.launch(downstream(name), keys_of(name, days)))) == downstream(name) - set(UNPARTITIONED)


@pytest.mark.parametrize("name", [name for name in PARTITIONED if name not in REPORTING])
def test_everything_daily_downstream_of_an_asset_runs_to_its_end(planner: Planner, name: str) -> None:
    """Without the reports, one run for each week and month that the days touch."""
    assert followed(planner, downstream(name) - REPORTING, SHAPES["a day"]) == downstream(name) - REPORTING


def test_everything_downstream_of_ads_runs_to_its_end_with_reports_and_mails(planner: Planner) -> None:
    assert followed(planner, downstream("ad_exposures"), LATELY[:1]) == downstream("ad_exposures")


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_that_is_computed_daily_runs_to_its_end(planner: Planner, shape: str) -> None:
    assert followed(planner, DAILY, SHAPES[shape]) == DAILY


@pytest.mark.parametrize("group", ["raw", "listening", "attribution", "campaigns", "upkeep"])
def test_a_group_runs_to_its_end(planner: Planner, group: str) -> None:
    chosen = names(AssetSelection.groups(group)) - set(UNPARTITIONED)
    assert followed(planner, chosen, SHAPES["days apart"]) == chosen


@pytest.mark.parametrize("name", PARTITIONED)
def test_one_asset_of_a_step_runs_without_the_others(planner: Planner, name: str) -> None:
    ui, launcher = planner
    begun = len(launcher.runs)
    ui.run({name}, {"dagster/partition": keys_of(name, SHAPES["a day"])[0]})
    (run,) = launcher.runs[begun:]
    assert run.asset_selection == {AssetKey(name)}


@pytest.mark.parametrize("name", ["downloads", "campaign_benchmarks", "tenant_checks"])
def test_everything_upstream_of_an_asset_runs_to_its_end(planner: Planner, name: str) -> None:
    chosen = names(AssetSelection.assets(name).upstream())
    assert followed(planner, chosen, SHAPES["days apart"]) == chosen


@pytest.mark.parametrize("raw", RAW_ASSETS)
def test_a_backfill_extends_itself_to_all_days_that_look_back(planner: Planner, raw: str) -> None:
    ui, _launcher = planner
    target = ui.target(ui.launch(downstream(raw) - REPORTING, [WEDNESDAY.isoformat()]))
    for days, assets in REACHES.items():
        last = (WEDNESDAY + timedelta(days=days)).isoformat()
        for name in assets & set(target):
            assert (target[name][0], target[name][-1]) == (WEDNESDAY.isoformat(), last), name
    assert set(target) <= set().union(*REACHES.values())


@pytest.fixture
def address(server: Server, computed: str) -> Iterator[str]:
    """The address of a copy of the small network's computed week."""
    with cloned_database(server, computed) as url:
        yield url


@pytest.fixture
def week(address: str) -> Iterator[Warehouse]:
    with closing(Warehouse(address)) as warehouse:
        yield warehouse


@pytest.fixture
def working(address: str, home_folder: Path, tmp_path: Path) -> Iterator[OperatorUi]:
    """The UI over that week, with runs that are executed."""
    with home_of_its_own(home_folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", address)
        with operator_ui(Working(), str(tmp_path)) as ui:
            yield ui


def assert_green(ui: OperatorUi) -> None:
    runs = ui.history.get_runs(RunsFilter())
    assert [failures_of(ui.history, run) for run in runs if run.status is not DagsterRunStatus.SUCCESS] == []


def test_a_backfill_of_everything_daily_ends_green_and_leaves_days_alone_that_nobody_has_computed(
    working: OperatorUi, week: Warehouse
) -> None:
    before = content(week)
    done = working.backfill(DAILY | set(RAW_ASSETS), [WEDNESDAY.isoformat(), THURSDAY.isoformat()])
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    assert_green(working)
    assert content(week) == before
    written = "SELECT DISTINCT day FROM rollup_ledger WHERE asset = %s AND run_id = ANY(%s::uuid[]) ORDER BY day"
    runs = [run.run_id for run in working.history.get_runs()]
    days = [day for (day,) in rows(week, written, "campaign_roi", runs)]
    assert (days[0], days[-1]) == (WEDNESDAY, SUNDAY)
    record = working.history.fetch_materializations(AssetKey("listener_events"), limit=1).records[0]
    metadata = record.event_log_entry.dagster_event.step_materialization_data.materialization.metadata  # type: ignore[union-attr]
    assert {name: value.value for name, value in metadata.items()} == {
        "rows": 6,
        "tenants": 2,
        "newest_received_at": f"{THURSDAY} 09:00:00 UTC",
        "lag_hours": 1.0,
        "longest_lag_hours": 1.0,
    }


@pytest.mark.parametrize("group", ["listening", "campaigns"])
def test_a_group_as_a_single_run_ends_green(working: OperatorUi, week: Warehouse, group: str) -> None:
    before = content(week)
    tags = {
        "dagster/asset_partition_range_start": WEDNESDAY.isoformat(),
        "dagster/asset_partition_range_end": THURSDAY.isoformat(),
    }
    working.run(names(AssetSelection.groups(group)), tags)
    assert_green(working)
    assert content(week) == before


def test_one_table_of_a_step_writes_its_neighbours_too_and_reports_them(working: OperatorUi, week: Warehouse) -> None:
    run = working.run({"downloads"}, {"dagster/partition": WEDNESDAY.isoformat()})
    assert_green(working)
    written = "SELECT asset FROM rollup_ledger WHERE run_id = %s AND day = %s GROUP BY asset"
    tables = {asset for (asset,) in rows(week, written, run.run_id, WEDNESDAY)}
    assert {"downloads", "request_dispositions", "ad_exposures"} < tables
    # The run's own checks leave a line in the ledger as well; they are no table of the step.
    for name in tables - {"tenant_checks"}:
        found = working.history.get_latest_materialization_event(AssetKey(name))
        assert found is not None
        assert found.run_id == run.run_id


def test_the_backfill_of_the_jobs_own_page_ends_green(working: OperatorUi, week: Warehouse) -> None:
    before = content(week)
    done = working.backfill_job("daily_rollups", [WEDNESDAY.isoformat(), THURSDAY.isoformat()])
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    assert_green(working)
    assert content(week) == before
    (run,) = working.history.get_runs(RunsFilter())
    assert run.tags["earshot/day"] == f"{WEDNESDAY} to {THURSDAY}"
    written = "SELECT DISTINCT day FROM rollup_ledger WHERE asset = %s AND run_id = %s ORDER BY day"
    assert rows(week, written, "tenant_checks", run.run_id) == [(WEDNESDAY,), (THURSDAY,)]


@pytest.mark.parametrize("job", ["daily_rollups", "look_back_rollups", "weekly_reports", "monthly_reports"])
def test_the_backfill_of_every_jobs_own_page_runs_to_its_end(planner: Planner, job: str) -> None:
    ui, launcher = planner
    begun = len(launcher.runs)
    of = {"weekly_reports": "weekly_sponsor_reports", "monthly_reports": "monthly_sponsor_reports"}
    done = ui.backfill_job(job, keys_of(of.get(job, "downloads"), SHAPES["days apart"]))
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    assert {run.job_name for run in launcher.runs[begun:]} == {job}


def test_a_tenant_with_nothing_of_a_day_yet_is_left_alone_by_what_builds_on_it(
    working: OperatorUi, week: Warehouse
) -> None:
    add_tenant(week, "newcomer", "UTC", "USD")
    before = content(week)
    working.run(names(AssetSelection.groups("campaigns")) | {"tenant_checks"}, {"dagster/partition": f"{WEDNESDAY}"})
    assert_green(working)
    assert content(week) == before
    lines = "SELECT slug, count(*) FROM rollup_ledger INNER JOIN tenants USING (tenant_id) WHERE day = %s GROUP BY slug"
    assert {slug for slug, _ in rows(week, lines, WEDNESDAY)} == {"harbor", "kreuz"}


@pytest.mark.parametrize("back", [0, 2], ids=["a day", "a range"])
def test_days_to_come_are_refused_whoever_names_them(working: OperatorUi, week: Warehouse, back: int) -> None:
    before = content(week)
    last = LATELY[-1] + timedelta(days=2)
    first = last - timedelta(days=back)
    tags = {"dagster/asset_partition_range_start": f"{first}", "dagster/asset_partition_range_end": f"{last}"}
    run = working.run({"tenant_checks"}, tags)
    events = [entry.dagster_event for entry in working.history.all_logs(run.run_id) if entry.is_dagster_event]
    (failed,) = [event.step_failure_data.error for event in events if event is not None and event.is_step_failure]
    assert f"{last} is not over yet (UTC): nothing was computed." in str(failed and failed.cause)
    assert content(week) == before


def test_a_weeks_reports_with_their_mails_end_green(working: OperatorUi) -> None:
    done = working.backfill(downstream("weekly_sponsor_reports"), [MONDAY.isoformat()])
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    working.run(UNPARTITIONED, {})
    assert_green(working)
