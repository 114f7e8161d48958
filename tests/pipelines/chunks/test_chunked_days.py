"""Days in chunks: the same rows as one process makes, shown in the asset graph, and said of whom they fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    ExecuteInProcessResult,
    ReexecutionOptions,
    ResourceDefinition,
    execute_job,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository

from assets.lineage import read_stale
from assets.steps import DAILY_ASSETS, RAW_ASSETS, VERDICT
from assets.upkeep.checks import CHECKS
from pipelines.code_location import RESOURCES, define
from sql.embedded import Server
from sql.raw.watermarks import record_watermarks
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import content, home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, named

ROOT = Path(__file__).parents[3]


class BrokenWarehouse(Warehouse):
    """Nothing that a day is made of can be read of one tenant."""

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        tenants = params.get("tenants")
        if isinstance(tenants, Sequence) and named("kreuz") in tenants and name != "read_tenant_failures":
            raise KeyError("of a row that nobody has thought of")
        return super().read(name, **params)


class BrokenRequests(Warehouse):
    """The requests of one tenant can be counted and not read."""

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        if name == "read_listener_events" and params["tenants"] == [named("kreuz")]:
            raise KeyError("of a row that nobody has thought of")
        return super().read(name, **params)


class ErasingWarehouse(Warehouse):
    """Somebody of one tenant is erased after some of its raw rows were read."""

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        found = super().read(name, **params)
        if name == "read_listener_events" and (params["tenants"], params["shard"]) == ([named("kreuz")], 1):
            erase(self)
        return found


class LateErasingWarehouse(Warehouse):
    """Somebody of one tenant is erased after all of its shards were kept."""

    is_erased = False

    def analyze_new(self) -> None:
        super().analyze_new()
        if not self.is_erased:
            self.is_erased = True
            erase(self)


class LateRows(Warehouse):
    """A request of one tenant's Monday comes in when its raw rows were read."""

    has_come = False

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        found = super().read(name, **params)
        if name == "read_ad_signals" and params["tenants"] == [named("kreuz")] and not self.has_come:
            self.has_come = True
            with self.transaction() as connection:
                connection.execute(
                    "INSERT INTO listener_events SELECT (jsonb_populate_record(events, jsonb_build_object("
                    "'event_id', gen_random_uuid(), 'received_at', clock_timestamp()))).* FROM listener_events "
                    "AS events WHERE tenant_id = %s AND occurred_at::date = %s LIMIT 1",
                    [named("kreuz"), MONDAY],
                )
        return found


def erase(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO erasures (tenant_id, erasure_id, erased_by, kind, counts, days, archived_days, archived_rows) "
            "VALUES (%s, gen_random_uuid(), 'Ada Vance', 'address', '{}', 1, 0, 0)",
            [named("kreuz")],
        )


def run(warehouse: Warehouse, instance: DagsterInstance, home: Path, **config: object) -> ExecuteInProcessResult:
    """A run of the job for Monday, in this process."""
    resources = {**RESOURCES, "warehouse": ResourceDefinition.hardcoded_resource(warehouse)}
    days = {"first": str(MONDAY), **config}
    with home_of_its_own(home):
        return (
            define(resources, MONDAY)
            .resolve_job_def("chunked_rollups")
            .execute_in_process(
                instance=instance,
                run_id=str(uuid4()),
                raise_on_error=False,
                run_config={
                    "ops": {"divide_tenants": {"config": days}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
            )
        )


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def test_a_day_in_chunks_is_the_same_day_and_is_shown_in_the_graph(
    week: Warehouse, instance: DagsterInstance, home_folder: Path
) -> None:
    before = content(week)
    with week.transaction("earshot_owner") as connection:
        for table in ("downloads", "conversions", "campaign_roi", "check_results"):
            connection.execute(f"DELETE FROM {table} WHERE day = %s".encode(), [MONDAY])
    result = run(week, instance, home_folder)
    assert result.success
    assert content(week) == before
    made_by = rows(week, "SELECT DISTINCT run_id::text FROM rollup_ledger WHERE day = %s", MONDAY)
    assert made_by == [(result.run_id,)]
    shown = {
        (event.asset_key.to_user_string(), event.partition)
        for event in result.all_events
        if event.event_type is DagsterEventType.ASSET_MATERIALIZATION and event.asset_key
    }
    assert shown == {(asset, str(MONDAY)) for asset in (*RAW_ASSETS, *DAILY_ASSETS, VERDICT)}
    latest = instance.get_latest_materialization_event(AssetKey("downloads"))
    assert latest is not None
    assert latest.asset_materialization is not None
    metadata = latest.asset_materialization.metadata
    assert [metadata[name].value for name in ("rows", "tenants", "tenants_of_this_run", "scope")] == [
        6,
        2,
        2,
        "all tenants",
    ]
    judged = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in instance.all_logs(result.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    assert {(each.check_name, each.passed) for each in judged} == {(check.name, True) for check in CHECKS}


def test_a_tenant_that_cannot_be_computed_is_named_at_the_end_and_the_other_is_computed(
    server: Server, computed: str, instance: DagsterInstance, home_folder: Path
) -> None:
    with cloned_database(server, computed) as url, closing(BrokenWarehouse(url)) as broken:
        result = run(broken, instance, home_folder)
        query = "SELECT run_id::text FROM rollup_ledger WHERE day = %s AND tenant_id = %s AND asset = 'campaign_roi'"
        assert rows(broken, query, MONDAY, named("harbor")) == [(result.run_id,)]
    assert [event.step_key for event in result.get_step_failure_events()] == ["bring_together"]
    (failed,) = result.get_step_failure_events()
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert "kreuz" in str(failure.description)
    assert "harbor" not in str(failure.description)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"first": "2199-01-01"}, r"2199-01-01 is not over yet \(UTC\): nothing was computed"),
        ({"last": "2026-03-01"}, "The range ends before it begins: nothing was computed"),
        ({"first": "Monday"}, "'Monday' is no day; write it as 2026-01-31"),
        ({"chunks": 0}, "chunks is 0; it must be 1 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_computed(
    week: Warehouse, instance: DagsterInstance, home_folder: Path, config: dict[str, object], message: str
) -> None:
    result = run(week, instance, home_folder, **config)
    (failed,) = result.get_step_failure_events()
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert failed.step_key == "divide_tenants"
    assert re.search(message, str(failure.description))


def test_a_run_that_goes_on_after_a_failure_reads_what_the_first_one_divided_and_computed(
    server: Server, computed: str, home_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Dagster's daemon starts a run again whose process was killed: the steps that ended are not run again."""
    recon = ReconstructableRepository.for_module("pipelines.definitions", "defs", str(ROOT)).get_reconstructable_job(
        "chunked_rollups"
    )
    config = {"ops": {"divide_tenants": {"config": {"first": str(MONDAY)}}}}
    with (
        cloned_database(server, computed) as url,
        home_of_its_own(home_folder),
        DagsterInstance.local_temp() as instance,
        closing(Warehouse(url)) as warehouse,
    ):
        monkeypatch.setenv("DATABASE_URL", url)
        with warehouse.transaction("earshot_owner") as connection:
            connection.execute("ALTER TABLE check_results RENAME TO check_results_gone")
        first = execute_job(recon, instance, run_config=config, raise_on_error=False)
        assert not first.success
        with warehouse.transaction("earshot_owner") as connection:
            connection.execute("ALTER TABLE check_results_gone RENAME TO check_results")
        options = ReexecutionOptions.from_failure(first.run_id, instance)
        second = execute_job(recon, instance, run_config=config, reexecution_options=options, raise_on_error=False)
        assert second.success
        began = [event.step_key for event in second.all_events if event.is_step_start]
        assert "divide_tenants" not in began
        assert "bring_together" in began


def began(instance: DagsterInstance, result: ExecuteInProcessResult) -> dict[str, datetime]:
    """When each step began."""
    entries = instance.all_logs(result.run_id, of_type=DagsterEventType.STEP_START)
    return {str(entry.step_key): datetime.fromtimestamp(entry.timestamp, UTC) for entry in entries}


def test_a_day_that_is_measured_in_shards_is_the_same_day(
    week: Warehouse, instance: DagsterInstance, home_folder: Path
) -> None:
    before = content(week)
    with week.transaction("earshot_owner") as connection:
        for table in ("downloads", "ad_exposures", "listener_metrics", "request_dispositions"):
            connection.execute(f"DELETE FROM {table} WHERE day = %s".encode(), [MONDAY])
    result = run(week, instance, home_folder, rows_per_shard=1, chunks=3)
    assert result.success
    assert content(week) == before
    steps = began(instance, result)
    measured = sorted(steps[step] for step in steps if step.startswith("measure_shard"))
    assert len(measured) == 2 * 3
    assert [step for step in steps if step.startswith("compute_chunk")] == []
    assert not [entry for entry in instance.all_logs(result.run_id) if "measured as a whole" in entry.user_message]
    # What arrives while the shards are measured is newer than what they read.
    query = "SELECT DISTINCT began_at FROM rollup_ledger WHERE asset = 'downloads' AND day = %s"
    assert max(moment for (moment,) in rows(week, query, MONDAY)) < measured[0]
    assert rows(week, "SELECT count(*) FROM day_shards") == [(0,)]


def test_a_tenant_that_cannot_be_measured_in_shards_is_named_and_the_other_is_computed(
    server: Server, computed: str, instance: DagsterInstance, home_folder: Path
) -> None:
    with cloned_database(server, computed) as url, closing(BrokenRequests(url)) as broken:
        result = run(broken, instance, home_folder, rows_per_shard=1)
        query = "SELECT run_id::text FROM rollup_ledger WHERE day = %s AND tenant_id = %s AND asset = 'campaign_roi'"
        assert rows(broken, query, MONDAY, named("harbor")) == [(result.run_id,)]
    assert [event.step_key for event in result.get_step_failure_events()] == ["bring_together"]
    (failed,) = result.get_step_failure_events()
    assert "kreuz" in str(failed.step_failure_data)
    assert len([step for step in began(instance, result) if step.startswith("measure_shard")]) > 2


def test_shards_that_were_read_before_an_erasure_are_not_written(
    server: Server, computed: str, instance: DagsterInstance, home_folder: Path
) -> None:
    with cloned_database(server, computed) as url, closing(LateErasingWarehouse(url)) as warehouse:
        result = run(warehouse, instance, home_folder, rows_per_shard=1, chunks=2)
        query = "SELECT run_id::text FROM rollup_ledger WHERE day = %s AND tenant_id = %s AND asset = 'downloads'"
        assert rows(warehouse, query, MONDAY, named("harbor")) == [(result.run_id,)]
        assert rows(warehouse, query, MONDAY, named("kreuz")) == []
    (failed,) = result.get_step_failure_events()
    assert "A listener or a household was erased while it was computed" in str(failed.step_failure_data)


def test_a_day_of_which_a_shard_was_read_before_an_erasure_is_measured_as_a_whole(
    server: Server, computed: str, instance: DagsterInstance, home_folder: Path
) -> None:
    with cloned_database(server, computed) as url, closing(ErasingWarehouse(url)) as warehouse:
        before = content(warehouse)
        result = run(warehouse, instance, home_folder, rows_per_shard=1, chunks=2)
        assert result.success
        assert content(warehouse) == before
        [(began_at,)] = rows(
            warehouse,
            "SELECT began_at FROM rollup_ledger WHERE day = %s AND tenant_id = %s AND asset = 'downloads'",
            MONDAY,
            named("kreuz"),
        )
        assert began_at > max(at for step, at in began(instance, result).items() if step.startswith("measure_shard"))
    said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert len([words for words in said if "has 1 of 2 shards" in words]) == 1


@pytest.mark.parametrize("shards", [1, 2])
def test_a_request_that_comes_while_a_day_is_computed_fails_no_check_and_counts_the_next_time(
    server: Server, computed: str, instance: DagsterInstance, home_folder: Path, shards: int
) -> None:
    judged = "SELECT sum(requests)::int FROM request_dispositions WHERE day = %s AND tenant_id = %s"
    # Each tenant is in a chunk of its own, or in shards.
    config = {"chunks": 2, **({"rows_per_shard": 1} if shards > 1 else {})}
    with cloned_database(server, computed) as url, closing(LateRows(url)) as warehouse:
        before = rows(warehouse, judged, MONDAY, named("kreuz"))
        assert run(warehouse, instance, home_folder, **config).success
        assert warehouse.has_come
        assert rows(warehouse, judged, MONDAY, named("kreuz")) == before
        record_watermarks(warehouse, [(named("kreuz"), MONDAY)])
        stale = read_stale(warehouse.read, [named("kreuz")], MONDAY, MONDAY, ["request_dispositions"])
        assert stale["reason"].to_list() == ["older"]
        assert run(warehouse, instance, home_folder, **config).success
        assert rows(warehouse, judged, MONDAY, named("kreuz")) == [(before[0][0] + 1,)]
