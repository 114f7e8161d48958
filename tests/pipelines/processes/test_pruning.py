"""What Dagster's history has of old runs goes, but for what says that a partition is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from dagster import DagsterRunStatus

from pipelines.processes.pruning import prune_history
from sql.values import PermanentError
from tests.pipelines.dagster_history import DagsterHistory

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OLD, RECENT = NOW - timedelta(days=91), NOW - timedelta(days=89)


def note(history: DagsterHistory, run: str, asset: str | None = None, partition: str | None = None) -> None:
    kind = "ASSET_MATERIALIZATION" if asset else "STEP_START"
    history.execute(
        "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, asset_key, partition) "
        "VALUES (%s, '{}', %s, now(), %s, %s)",
        *(run, kind, asset, partition),
    )


def left(history: DagsterHistory, table: str) -> list[str]:
    with psycopg.connect(history.database) as connection:
        return [
            str(run) for (run,) in connection.execute(f"SELECT run_id FROM {table} ORDER BY id".encode()).fetchall()
        ]


@pytest.fixture(autouse=True)
def _empty(history: DagsterHistory) -> None:
    history.clear()


def test_old_runs_go_with_their_events_and_recent_and_open_ones_stay(history: DagsterHistory) -> None:
    old = history.run("night", DagsterRunStatus.FAILURE, OLD, {"a": "tag"})
    recent = history.run("night", DagsterRunStatus.SUCCESS, RECENT)
    open_run = history.run("night", DagsterRunStatus.STARTED, OLD)
    for run in (old, old, recent, open_run):
        note(history, run)

    assert prune_history(history.url, 90, NOW) == (1, 2)

    assert left(history, "runs") == [recent, open_run]
    assert left(history, "event_logs") == [recent, open_run]
    assert left(history, "run_tags") == []
    assert prune_history(history.url, 90, NOW) == (0, 0)


def test_the_newest_materialization_of_a_partition_stays_with_its_run(history: DagsterHistory) -> None:
    first, second, other = (history.run("night", DagsterRunStatus.SUCCESS, OLD) for _ in range(3))
    for run, day in ((first, "2026-08-01"), (second, "2026-08-01"), (other, "2026-08-02")):
        note(history, run)
        note(history, run, '["downloads"]', day)

    assert prune_history(history.url, 90, NOW) == (1, 4)

    assert left(history, "event_logs") == [second, other]
    assert left(history, "runs") == [second, other]


def test_a_time_that_others_look_back_over_is_refused(history: DagsterHistory) -> None:
    with pytest.raises(PermanentError, match="at least 30, or 0"):
        prune_history(history.url, 29, NOW)
