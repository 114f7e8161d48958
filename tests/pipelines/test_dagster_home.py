"""The checkout as Dagster's home: history on PostgreSQL, nothing sent out, nothing littered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from pipelines.homes import dagster_home
from pipelines.settings import load_settings
from sql.embedded import Server

ROOT = Path(__file__).parents[2]


@dg.op
def count_to_one() -> int:
    return 1


@dg.job
def counting() -> None:
    count_to_one()


@pytest.fixture
def instance(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = dagster_home(load_settings({"EARSHOT_HOME": str(tmp_path)}))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", server.dagster_url)
    monkeypatch.setenv("EARSHOT_DAGSTER_FOLDER", str(home))
    with dg.DagsterInstance.get() as found:
        yield found


def test_the_events_of_a_run_are_stored_on_postgresql(instance: dg.DagsterInstance, server: Server) -> None:
    run = counting.execute_in_process(instance=instance)
    with psycopg.connect(server.dagster_url.replace("+psycopg2", "")) as connection:
        stored = connection.execute(
            "SELECT count(*) FROM event_logs WHERE run_id = %s AND dagster_event_type = %s",
            (run.run_id, dg.DagsterEventType.RUN_SUCCESS.value),
        ).fetchone()
    assert stored == (1,)


def test_a_run_leaves_nothing_in_the_checkout(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    before = set(ROOT.iterdir())
    counting.execute_in_process(instance=instance)
    assert {path.name for path in set(ROOT.iterdir()) - before} <= {".hypothesis", ".pytest_cache"}
    assert Path(instance.storage_directory()).is_relative_to(tmp_path)


def test_telemetry_is_off_and_two_runs_share_the_machine(instance: dg.DagsterInstance) -> None:
    runs = instance.get_concurrency_config().run_queue_config
    assert not instance.telemetry_enabled
    assert runs is not None
    assert runs.max_concurrent_runs == 2


def test_the_workspace_names_the_definitions_from_this_folder() -> None:
    lines = [line.strip() for line in (ROOT / "workspace.yaml").read_text().splitlines()]
    assert "module_name: pipelines.definitions" in lines
    assert "working_directory: ." in lines
