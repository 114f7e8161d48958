"""Workers: runs whose process was killed, in real processes and on a history of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psycopg
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from pipelines.homes import dagster_home
from pipelines.processes.identity import Process, State, ran_already, this_process
from pipelines.processes.launching import WatchedRunLauncher
from pipelines.processes.run_history import History, describe, read_history
from pipelines.processes.run_tags import ALIVE_TAG, PROCESS_TAG
from pipelines.processes.workers import GRPC_TAG, fail_dead_runs, own_tags
from pipelines.settings import load_settings
from sql.embedded import Server
from tests.conftest import cloned_database

LIMITS = {"max_concurrent_runs": 2, "tag_concurrency_limits": [{"key": "dagster/backfill", "limit": 1}]}


@dg.op
def count_to_one() -> int:
    return 1


@dg.job
def counting() -> None:
    count_to_one()


@pytest.fixture(scope="module")
def history_url(server: Server) -> Iterator[str]:
    """An empty database for Dagster's history."""
    with cloned_database(server, "template0") as url:
        yield url.replace("postgresql://", "postgresql+psycopg2://")


@pytest.fixture(scope="module")
def instance(history_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    """Dagster as dagster.yaml describes it."""
    with pytest.MonkeyPatch.context() as patch:
        home = str(dagster_home(load_settings({"EARSHOT_HOME": str(tmp_path_factory.mktemp("home"))})))
        patch.setenv("DAGSTER_HOME", home)
        patch.setenv("DAGSTER_POSTGRES_URL", history_url)
        patch.setenv("EARSHOT_DAGSTER_FOLDER", home)
        with DagsterInstance.get() as found:
            yield found


@pytest.fixture(autouse=True)
def nothing_open(instance: DagsterInstance, history_url: str) -> Iterator[None]:
    """Each test begins without runs."""
    yield
    ask(history_url, "DELETE FROM runs")


@pytest.fixture(scope="module")
def killed() -> Process:
    """A process that was killed a moment ago."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = Process.of(child.pid)
        child.kill()
    assert found is not None
    return found


def ask(history_url: str, statement: str) -> None:
    """A statement to the history's database itself."""
    with psycopg.connect(history_url.replace("+psycopg2", "")) as connection:
        connection.execute(statement)


def queued(instance: DagsterInstance, history_url: str, **tags: str) -> DagsterRun:
    """A run that waits. Only a code server can make one; all else about it is as it would be."""
    run = open_run(instance, None, DagsterRunStatus.STARTED, None, **tags)
    ask(history_url, f"UPDATE runs SET status = 'QUEUED' WHERE run_id = '{run.run_id}'")
    return run


def open_run(
    instance: DagsterInstance,
    process: Process | None = None,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
    alive: timedelta | None = None,
    **tags: str,
) -> DagsterRun:
    """A run in that state that names this process, and gave a sign of life that long ago."""
    run = instance.create_run_for_job(
        counting, status=status, tags={name.replace("_", "/"): tags[name] for name in tags}
    )
    marks = {PROCESS_TAG: f"{run.run_id} {process}"} if process else {}
    if alive is not None:
        marks[ALIVE_TAG] = f"{run.run_id} {(datetime.now(UTC) - alive).isoformat()}"
    instance.add_run_tags(run.run_id, marks)
    return found(instance, run)


def found(instance: DagsterInstance, run: DagsterRun) -> DagsterRun:
    again = instance.get_run_by_id(run.run_id)
    assert again is not None
    return again


def health(instance: DagsterInstance, run: DagsterRun) -> WorkerStatus:
    """As the daemon's monitoring asks for it."""
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchedRunLauncher)
    assert launcher.supports_check_run_worker_health
    return launcher.check_run_worker_health(run).status


def test_a_run_in_this_process_is_alive(instance: DagsterInstance) -> None:
    run = open_run(instance, this_process())
    assert health(instance, run) is WorkerStatus.RUNNING
    assert fail_dead_runs(instance) == []


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.STARTING, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.STARTED, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED),
    ],
)
def test_a_run_whose_process_was_killed_is_ended(
    instance: DagsterInstance, killed: Process, status: DagsterRunStatus, ends: DagsterRunStatus
) -> None:
    run = open_run(instance, killed, status)
    assert health(instance, run) is WorkerStatus.NOT_FOUND
    (output,) = fail_dead_runs(instance)
    assert run.run_id[:8] in output
    assert f"Process {killed.pid} on " in output
    assert found(instance, run).status is ends
    assert fail_dead_runs(instance) == []


def test_a_number_that_another_process_has_by_now_is_not_taken_for_the_first(instance: DagsterInstance) -> None:
    me = this_process()
    for stranger in (replace(me, started=me.started + 1), replace(me, boot="before-the-power-cut")):
        assert stranger.state() is State.GONE
        assert health(instance, open_run(instance, stranger)) is WorkerStatus.NOT_FOUND


def test_a_process_elsewhere_is_judged_by_its_sign_of_life_alone(instance: DagsterInstance) -> None:
    for elsewhere in (replace(this_process(), host="other/1"), replace(this_process(), numbers="pid:[1]")):
        for run, expected in (
            (open_run(instance, elsewhere), WorkerStatus.RUNNING),
            (open_run(instance, elsewhere, alive=timedelta(minutes=1)), WorkerStatus.RUNNING),
            (open_run(instance, elsewhere, alive=timedelta(minutes=6)), WorkerStatus.NOT_FOUND),
        ):
            assert health(instance, run) is expected
    assert len(fail_dead_runs(instance)) == 2


def test_a_run_that_is_tried_again_is_not_judged_by_the_process_of_the_first(
    instance: DagsterInstance, killed: Process
) -> None:
    first = open_run(instance, killed)
    again = open_run(instance, earshot_process=first.tags[PROCESS_TAG])
    assert health(instance, again) is WorkerStatus.RUNNING


@pytest.mark.parametrize("where", [None, '{"socket": "/x", "host": "localhost"}', '{"port": 1, "host": "127.0.0.1"}'])
def test_a_launched_run_has_the_process_that_its_log_names(
    instance: DagsterInstance, killed: Process, where: str | None
) -> None:
    tags = {GRPC_TAG: where} if where else {}
    gone, here = open_run(instance), open_run(instance)
    for run, pid in ((gone, killed.pid), (here, os.getpid())):
        instance.add_run_tags(run.run_id, tags)
        instance.report_engine_event("Started process for run.", run, EngineEventData.in_process(pid))
    assert health(instance, found(instance, gone)) is WorkerStatus.NOT_FOUND
    assert health(instance, found(instance, here)) is WorkerStatus.RUNNING
    assert found(instance, here).tags[PROCESS_TAG] == f"{here.run_id} {this_process()}"
    assert len(fail_dead_runs(instance)) == 1


def test_a_run_of_a_code_server_elsewhere_is_not_looked_for_here(instance: DagsterInstance, killed: Process) -> None:
    run = open_run(instance)
    instance.add_run_tags(run.run_id, {GRPC_TAG: '{"port": 4000, "host": "code.internal"}'})
    instance.report_engine_event("Started process for run.", run, EngineEventData.in_process(killed.pid))
    assert health(instance, found(instance, run)) is WorkerStatus.RUNNING


def test_a_process_that_began_after_a_moment_did_not_run_then() -> None:
    assert ran_already(os.getpid(), time.time()) == this_process()
    assert ran_already(os.getpid(), time.time() - 1_000_000_000) is None


def test_a_run_that_never_started_is_ended_after_its_time(instance: DagsterInstance, killed: Process) -> None:
    open_run(instance, status=DagsterRunStatus.STARTING)
    assert fail_dead_runs(instance) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(instance.run_monitoring_settings, "start_timeout_seconds", 0)
        assert len(fail_dead_runs(instance)) == 1


def test_a_run_is_stopped_though_no_code_server_has_it(instance: DagsterInstance, killed: Process) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        run = open_run(instance, Process.of(child.pid))
        assert instance.run_launcher.terminate(run.run_id)
        assert found(instance, run).status is DagsterRunStatus.CANCELING
    assert child.returncode != 0
    run = open_run(instance, killed)
    assert instance.run_launcher.terminate(run.run_id)
    assert found(instance, run).status is DagsterRunStatus.CANCELED


def test_runs_in_this_process_name_it_from_the_beginning(instance: DagsterInstance) -> None:
    run_id = str(uuid4())
    counting.execute_in_process(instance=instance, run_id=run_id, tags=own_tags(run_id))
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.tags[PROCESS_TAG] == f"{run_id} {this_process()}"


def lines(history_url: str, daemon_seen: datetime | None, limits: dict[str, object] | None = None) -> str:
    history = read_history(history_url)
    return "\n".join(describe(History(history.runs, daemon_seen), limits or LIMITS, datetime.now(UTC)))


def test_status_names_runs_whose_process_is_gone_and_why_others_wait(
    instance: DagsterInstance, history_url: str, killed: Process
) -> None:
    now = datetime.now(UTC)
    gone, here = open_run(instance, killed), open_run(instance, this_process(), dagster_backfill="b")
    waits = queued(instance, history_url, dagster_backfill="b")
    output = lines(history_url, datetime.now(UTC))
    assert "Daemon: running (last sign of life 0 s ago), 3 run(s) open." in output
    assert f"Run {gone.run_id[:8]} of counting: its process {killed.pid} IS GONE" in output
    assert "the daemon ends it" in output
    assert f"Run {here.run_id[:8]} of counting: started since {now:%Y-%m-%d}" in output
    assert f"Run {waits.run_id[:8]} of counting: waits since {now:%Y-%m-%d}" in output
    assert "2 run(s) are at work, 2 may be (max_concurrent_runs in dagster.yaml)" in output
    fail_dead_runs(instance)
    assert "1 run(s) with the tag dagster/backfill are at work, 1 may be" in lines(history_url, now)
    assert "it is launched within seconds" in lines(history_url, now, {"max_concurrent_runs": 2})


def test_status_says_plainly_that_no_daemon_runs(instance: DagsterInstance, history_url: str, killed: Process) -> None:
    open_run(instance, killed)
    queued(instance, history_url)
    for seen, when in ((None, "never seen"), (datetime(2026, 3, 1, 4, tzinfo=UTC), "last seen 2026-03-01 04:00 UTC")):
        output = lines(history_url, seen)
        assert f"Daemon: NOT RUNNING ({when}). No schedule and no sensor runs" in output
        assert "the next command that computes ends it" in output
        assert "no daemon runs that could launch it" in output


def test_a_history_that_is_not_there_yet_is_empty(empty_database_url: str) -> None:
    assert read_history(empty_database_url) == History((), None)


def test_the_look_at_the_history_does_not_load_dagster() -> None:
    check = "import sys, pipelines.processes.run_history; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[3]).returncode == 0
