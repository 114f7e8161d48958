"""The checkout as Dagster's home: history on PostgreSQL, nothing sent out, nothing littered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from pipelines.homes import dagster_home, read_orchestrator_settings
from pipelines.processes.launching import WatchedRunLauncher
from pipelines.runtime import orchestrator_instance
from pipelines.settings import load_settings
from sql.embedded import Server
from sql.values import PermanentError

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


def project(folder: Path, settings: str | None) -> Path:
    """A folder as the project's, with this dagster.yaml (None: none)."""
    folder.mkdir()
    (folder / "workspace.yaml").write_text("load_from: []\n")
    if settings is not None:
        (folder / "dagster.yaml").write_text(settings)
    return folder


def home_of(folder: Path) -> Path:
    return dagster_home(load_settings({"EARSHOT_HOME": str(folder / "home")}))


@pytest.mark.parametrize(
    ("settings", "expected_text"),
    [
        ("storage: {postgres: {postgres_url: {env: DAGSTER_POSTGRES_URL}}\n", "are no YAML"),
        ("storage:\n\tpostgres: x\n", "are no YAML"),
        ("", "name no storage"),
        ("[]", "name no storage"),
        ("telemetry: {enabled: false}\n", "name no storage"),
        ("storage:\n", "name no storage"),
    ],
)
def test_settings_that_would_lead_to_sqlite_are_an_error_that_names_the_file(
    settings: str, expected_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project(tmp_path / "project", settings))
    with pytest.raises(PermanentError, match=expected_text) as failure:
        home_of(tmp_path)
    assert f"{tmp_path}/home/dagster/dagster.yaml -> {tmp_path}/project/dagster.yaml" in str(failure.value)
    assert "Nothing was started" in str(failure.value)


def test_settings_that_were_moved_away_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "project", (ROOT / "dagster.yaml").read_text())
    monkeypatch.chdir(folder)
    home = home_of(tmp_path)
    (folder / "dagster.yaml").unlink()
    with pytest.raises(PermanentError, match=r"cannot be read.*No such file"):
        read_orchestrator_settings(home)
    (folder / "dagster.yaml").mkdir()
    with pytest.raises(PermanentError, match=r"cannot be read.*Is a directory"):
        read_orchestrator_settings(home)


def test_settings_that_this_user_may_not_read_are_an_error(temporary_home: Callable[[], Path]) -> None:
    folder = project(temporary_home(), (ROOT / "dagster.yaml").read_text())
    for place, mode in ((folder / "dagster.yaml", 0), (folder, 0)):
        folder.chmod(0o755)
        place.chmod(mode)
        with ordinary_user(), pytest.raises(PermanentError, match=r"cannot be read.*Permission denied"):
            read_orchestrator_settings(folder)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Files that are for nobody are for root all the same."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_setting_that_dagster_does_not_know_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    settings = (ROOT / "dagster.yaml").read_text()
    monkeypatch.chdir(project(tmp_path / "project", settings.replace("run_monitoring:", "run_monitorin:")))
    monkeypatch.setenv("DAGSTER_HOME", str(home_of(tmp_path)))
    with pytest.raises(PermanentError, match=r"Dagster refuses .*dagster.yaml.*run_monitorin"), orchestrator_instance():
        pass


def test_runs_are_looked_after_as_the_comments_say(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, WatchedRunLauncher)
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_poll_interval_seconds == 15
    assert instance.run_monitoring_start_timeout_seconds == instance.run_monitoring_cancel_timeout_seconds == 300
    assert instance.run_monitoring_max_runtime_seconds == 2 * 24 * 3600
    assert instance.run_retries_max_retries == 2
