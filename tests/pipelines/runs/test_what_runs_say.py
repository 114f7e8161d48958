"""What runs say of themselves: materializations of what was written and of nothing else, numbers of the whole day,
whose run it was, and checks by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    ExecuteInProcessResult,
    ResourceDefinition,
)

from assets.lineage import EVER
from assets.raw.quality import QUALITIES
from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS
from pipelines.backfill.computing import BackfillError, heal, run_job
from pipelines.code_location import RESOURCES, define
from pipelines.health.freshness import compare_counts
from sql.warehouse import Warehouse
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY, SUNDAY, add, download, named, purchase

WEDNESDAY = MONDAY + timedelta(days=2)

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def history() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def materialized(history: DagsterInstance) -> dict[tuple[str, date], list[dict[str, Any]]]:
    """The metadata of every materialization, by asset and day."""
    found: dict[tuple[str, date], list[dict[str, Any]]] = {}
    for asset in (*DAILY_ASSETS, "tenant_checks"):
        for record in history.fetch_materializations(AssetKey(asset), limit=1000).records:
            event = record.asset_materialization
            assert event is not None
            key = (asset, date.fromisoformat(str(event.partition)))
            found.setdefault(key, []).append({name: value.value for name, value in event.metadata.items()})
    return found


def totals(warehouse: Warehouse) -> dict[tuple[str, date], tuple[int, int]]:
    """Rows and tenants of every asset and day, by the ledger."""
    by_ledger = rows(warehouse, "SELECT asset, day, sum(rows)::bigint, count(*) FROM rollup_ledger GROUP BY asset, day")
    return {(asset, day): (lines, tenants) for asset, day, lines, tenants in by_ledger}


def test_a_healing_run_claims_what_it_wrote_and_nothing_else(week: Warehouse, history: DagsterInstance) -> None:
    late = [download("harbor", WEDNESDAY, f"10.0.2.{n}", received_at=datetime.now(UTC)) for n in range(40)]
    add(week, "listener_events", *late)
    ((before,),) = rows(week, "SELECT clock_timestamp()")
    compare_counts(week)
    heal(week, history)
    written = rows(week, "SELECT DISTINCT asset, day FROM rollup_ledger WHERE finished_at > %s", before)
    claimed = materialized(history)
    assert set(claimed) == set(written)
    assert [day for asset, day in claimed if asset == "downloads"] == [WEDNESDAY]
    by_ledger = totals(week)
    for key, (event,) in claimed.items():
        assert (event["rows"], event["tenants"]) == by_ledger[key], key
        assert event["scope"] == "harbor; only what is stale"
    (downloads,) = claimed["downloads", WEDNESDAY]
    assert (downloads["rows"], downloads["rows_of_this_run"], downloads["tenants_of_this_run"]) == (46, 43, 1)
    (split,) = claimed["request_dispositions", WEDNESDAY]
    assert (split["raw_requests"], split["requests_counted"]) == (46, 46)


def test_a_run_of_one_tenant_draws_no_drop_into_the_plots_of_all(week: Warehouse, history: DagsterInstance) -> None:
    committed: list[tuple[str, date, UUID]] = []

    def note(assets: Sequence[str], day: date, tenants: Sequence[UUID]) -> None:
        committed.extend((asset, day, tenant) for asset in assets for tenant in tenants)

    key = SUNDAY.isoformat()
    result = run_job(week, history, "daily_rollups", partition_key=key, tenants=["harbor"], committed=note)
    assert sorted(committed) == sorted((asset, SUNDAY, named("harbor")) for asset in (*DAILY_ASSETS, "tenant_checks"))
    by_ledger = totals(week)
    claimed = materialized(history)
    assert {asset for asset, _ in claimed} == {*DAILY_ASSETS, "tenant_checks"}
    for asset_and_day, (event,) in claimed.items():
        assert (event["rows"], event["tenants"]) == by_ledger[asset_and_day]
        assert (event["scope"], event["tenants_of_this_run"]) == ("harbor", 1)
    (metrics,) = claimed["listener_metrics", SUNDAY]
    assert metrics["downloads"] == 6
    run = history.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.tags["earshot/tenant"], run.tags["earshot/day"]) == ("harbor", SUNDAY.isoformat())


def test_no_day_is_marked_as_computed_where_no_tenant_could_be(week: Warehouse, history: DagsterInstance) -> None:
    for slug in ("harbor", "kreuz"):
        add(week, "attribution_events", purchase(slug, WEDNESDAY, "order-francs", "CHF"))
    tags = {
        "dagster/asset_partition_range_start": WEDNESDAY.isoformat(),
        "dagster/asset_partition_range_end": (WEDNESDAY + timedelta(days=1)).isoformat(),
    }
    with pytest.raises(BackfillError, match="no rate CHF"):
        run_job(week, history, "daily_rollups", tags=tags)
    claimed = materialized(history)
    assert ("downloads", WEDNESDAY) in claimed
    assert ("campaign_roi", WEDNESDAY) not in claimed


def test_a_resumed_backfill_reports_of_finished_days_what_the_ledger_holds(
    week: Warehouse, history: DagsterInstance
) -> None:
    by_ledger = totals(week)
    run_job(week, history, "daily_rollups", partition_key=WEDNESDAY.isoformat(), skip_computed_since=EVER)
    claimed = materialized(history)
    assert {asset for asset, _ in claimed} == {*DAILY_ASSETS, "tenant_checks"}
    for key, (event,) in claimed.items():
        assert (event["rows"], event["tenants"], event["rows_of_this_run"]) == (*by_ledger[key], 0), key
        assert event["left_alone"] == "Left as it was: the backfill that this one goes on with had computed it."
    (split,) = claimed["request_dispositions", WEDNESDAY]
    assert split["raw_requests"] == 6


def by_hand(
    warehouse: Warehouse, history: DagsterInstance, checks: Sequence[str], day: date | None
) -> ExecuteInProcessResult:
    """Somebody presses "Execute" at checks, with or without a partition."""
    asset_of = {check.name: check.asset for check in CHECKS} | {each.name: each.table for each in QUALITIES}
    keys = {AssetCheckKey(AssetKey(asset_of[name]), name) for name in checks}
    resources = {**RESOURCES, "warehouse": ResourceDefinition.hardcoded_resource(warehouse)}
    job = define(resources).resolve_implicit_global_asset_job_def()
    return job.get_subset(asset_selection=set(), asset_check_selection=keys).execute_in_process(
        instance=history,
        tags={"dagster/partition": day.isoformat()} if day else {},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def report_of(result: ExecuteInProcessResult) -> str:
    """The sentences of failed checks, and of the step at last."""
    text = [evaluation.description or "" for evaluation in result.get_asset_check_evaluations()]
    for event in result.get_step_failure_events():
        failure = event.step_failure_data.user_failure_data
        text.append(str((failure and failure.description) or event.step_failure_data.error))
    return "\n".join(text)


def verdicts(warehouse: Warehouse, day: date) -> dict[tuple[str, str], bool]:
    found = "SELECT slug, check_name, passed FROM check_results INNER JOIN tenants USING (tenant_id) WHERE day = %s"
    return {(slug, name): passed for slug, name, passed in rows(warehouse, found, day)}


def test_bad_raw_rows_of_one_tenant_are_a_warning_about_that_tenant_and_fail_no_run(
    week: Warehouse, history: DagsterInstance
) -> None:
    with week.transaction() as connection:
        connection.execute(
            "UPDATE listener_events SET user_agent = NULL, platform = NULL WHERE tenant_id = %s "
            "AND (occurred_at AT TIME ZONE 'UTC')::date = %s",
            [named("harbor"), WEDNESDAY],
        )
    result = by_hand(week, history, ["listener_events_complete"], WEDNESDAY)
    [found] = result.get_asset_check_evaluations()
    assert result.success
    assert (found.passed, found.severity) == (False, AssetCheckSeverity.WARN)
    assert f"Not so: harbor {WEDNESDAY} (0 of " in (found.description or "")
    assert "kreuz" not in (found.description or "")
    shown = str(found.metadata["table"].value)
    assert f"| harbor | {WEDNESDAY} | not so | 0 of " in shown
    assert f"| kreuz | {WEDNESDAY} | as promised |" in shown


def test_a_check_by_hand_judges_the_requested_day_and_stores_its_verdict(
    week: Warehouse, history: DagsterInstance
) -> None:
    spoil = "UPDATE attribution_credits SET credit = {} * credit WHERE tenant_id = %s AND day = %s"
    with week.transaction() as connection:
        connection.execute(spoil.format("0.5").encode(), [named("harbor"), WEDNESDAY])
    result = by_hand(week, history, ["credits_sum"], WEDNESDAY)
    assert not result.success
    text = report_of(result)
    count = "SELECT count(DISTINCT (conversion_id, model)) FROM attribution_credits WHERE day = %s"
    ((cases,),) = rows(week, count, WEDNESDAY)
    assert f"harbor {WEDNESDAY}" in text
    assert f"{cases // 2} offence(s): conversion " in text
    assert text.count("under") >= 3
    assert "kreuz" not in text
    assert "held until they pass" in text
    assert "not kept" not in text
    verdict_of = verdicts(week, WEDNESDAY)
    assert {key for key, passed in verdict_of.items() if not passed} == {("harbor", "credits_sum")}
    assert {name for _, name in verdict_of} == {check.name for check in CHECKS}
    run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat())
    assert dict(rows(week, "SELECT slug, state FROM reports INNER JOIN tenants USING (tenant_id)")) == {
        "harbor": "held",
        "kreuz": "frozen",
    }
    with week.transaction() as connection:
        connection.execute(spoil.format("2").encode(), [named("harbor"), WEDNESDAY])
    assert by_hand(week, history, ["credits_sum"], WEDNESDAY).success
    assert all(verdicts(week, WEDNESDAY).values())


def test_a_check_of_a_day_without_a_verdict_says_that_nothing_waits_for_it(
    week: Warehouse, history: DagsterInstance
) -> None:
    week.forget(["tenant_checks"], SUNDAY, [named("harbor"), named("kreuz")])
    with week.transaction() as connection:
        connection.execute("DELETE FROM check_results WHERE day = %s", [SUNDAY])
        connection.execute("UPDATE request_dispositions SET requests = requests + 1 WHERE day = %s", [SUNDAY])
    result = by_hand(week, history, ["dispositions_sum"], SUNDAY)
    assert not result.success
    text = report_of(result)
    assert f"harbor {SUNDAY}" in text
    assert "This verdict is not kept" in text
    assert "held until" not in text
    assert verdicts(week, SUNDAY) == {}


def test_a_check_of_a_day_without_any_table_says_that_there_is_nothing_to_judge(
    week: Warehouse, history: DagsterInstance
) -> None:
    after = SUNDAY + timedelta(days=1)
    text = report_of(by_hand(week, history, ["ledger_covers"], after))
    assert text.count(f"Nobody has computed anything of {after}") == 1
    assert "held until" not in text
    assert verdicts(week, after) == {}


def test_a_check_without_a_day_judges_the_last_one_with_a_verdict(week: Warehouse, history: DagsterInstance) -> None:
    with week.transaction() as connection:
        connection.execute("UPDATE request_dispositions SET requests = requests + 1 WHERE day = %s", [SUNDAY])
    text = report_of(by_hand(week, history, ["dispositions_sum"], None))
    assert f"harbor {SUNDAY} (1 offence(s): 3 raw rows, 4 with a disposition)" in text
    assert f"kreuz {SUNDAY}" in text
    assert f"Judged was {SUNDAY}, the last day that anybody judged, because the run names none." in text


def started(history: DagsterInstance) -> int:
    (run,) = history.get_runs(limit=1)
    events = [entry.dagster_event for entry in history.all_logs(run.run_id) if entry.is_dagster_event]
    return sum(event is not None and event.event_type is DagsterEventType.STEP_START for event in events)


def test_an_unknown_tenant_fails_before_anything_runs(week: Warehouse, history: DagsterInstance) -> None:
    with pytest.raises(BackfillError, match=r"There is no tenant 'harbour'; did you mean harbor\?"):
        run_job(week, history, "daily_rollups", partition_key=SUNDAY.isoformat(), tenants=["harbour"])
    assert started(history) == 0


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-01", "2026-03-01T08:00", "0001-01-01T00:00+14:00"])
def test_a_moment_that_is_none_fails_before_anything_runs(
    week: Warehouse, history: DagsterInstance, moment: str
) -> None:
    config = {"resources": {"scope": {"config": {"skip_computed_since": moment}}}}
    resources = {**RESOURCES, "warehouse": ResourceDefinition.hardcoded_resource(week)}
    job = define(resources).resolve_job_def("daily_rollups")
    result = job.execute_in_process(
        instance=history, partition_key=SUNDAY.isoformat(), raise_on_error=False, run_config=config
    )
    failed = [str(event.event_specific_data) for event in result.all_events if event.is_failure]
    assert any(
        f"scope.skip_computed_since is '{moment}'. Write a moment with its time zone" in report_of
        for report_of in failed
    )
    assert started(history) == 0


@pytest.mark.parametrize(
    ("job", "key"),
    [("weekly_reports", MONDAY.isoformat()), ("monthly_reports", "2026-03-01"), ("nightly_upkeep", None)],
)
def test_what_is_made_whole_in_every_run_refuses_a_part_of_it(
    week: Warehouse, history: DagsterInstance, job: str, key: str | None
) -> None:
    with pytest.raises(BackfillError, match="made whole in every run") as failure:
        run_job(week, history, job, partition_key=key, stale_only=True)
    assert "scope.stale_only" in str(failure.value)
    assert rows(week, "SELECT count(*) FROM reports") == [(0,)]


@pytest.mark.parametrize("campaign", ["Spring", "11111111-1111-4111-8111-111111111111", "'; DROP TABLE x"])
def test_an_unknown_campaign_fails_before_anything_runs(
    week: Warehouse, history: DagsterInstance, campaign: str
) -> None:
    with pytest.raises(BackfillError, match="There is no campaign") as failure:
        run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat(), campaigns=[campaign])
    assert str(named("harbor", "campaign")) in str(failure.value)
    assert started(history) == 0


def test_rollups_refuse_single_campaigns_rather_than_ignore_them(week: Warehouse, history: DagsterInstance) -> None:
    before = rows(week, "SELECT count(DISTINCT run_id) FROM rollup_ledger")
    with pytest.raises(BackfillError, match="not for single campaigns"):
        run_job(
            week,
            history,
            "daily_rollups",
            partition_key=SUNDAY.isoformat(),
            campaigns=[str(named("harbor", "campaign"))],
        )
    assert rows(week, "SELECT count(DISTINCT run_id) FROM rollup_ledger") == before
    assert materialized(history) == {}


def reported(history: DagsterInstance) -> list[dict[str, Any]]:
    """The metadata of the weekly reports' materializations, the latest first."""
    found = history.fetch_materializations(AssetKey("weekly_sponsor_reports"), limit=10).records
    events = [record.asset_materialization for record in found]
    return [{name: value.value for name, value in event.metadata.items()} for event in events if event is not None]


def test_reports_are_made_for_the_campaigns_of_the_scope(week: Warehouse, history: DagsterInstance) -> None:
    campaign = str(named("kreuz", "campaign"))
    result = run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat(), campaigns=[campaign])
    assert rows(week, "SELECT tenant_id FROM reports") == [(named("kreuz"),)]
    run_job(week, history, "weekly_reports", partition_key=MONDAY.isoformat(), tenants=["harbor"])
    later, earlier = reported(history)
    assert (earlier["reports"], earlier["frozen"], earlier["scope"]) == (1, 1, f"all tenants; campaigns {campaign}")
    # A run is about the tenants for whom it is morning; what the UI plots is about all.
    assert (later["reports"], later["frozen"], later["scope"]) == (2, 2, "harbor")
    assert (later["reports_of_this_run"], later["mails_of_this_run"], later["frozen_in_this_run"]) == (1, 1, 1)
    run = history.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.tags["earshot/campaign"], run.tags["earshot/day"]) == (campaign, MONDAY.isoformat())
