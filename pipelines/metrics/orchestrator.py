"""Metrics of the orchestrator: the daemon, runs, how long they and their steps take, and what runs them.

Here: Dagster's own tables. An installation without a history has none of these metrics.
Not here: what the names mean (registry.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines import runtime
from pipelines.metrics.samples import Sample, Scrape
from pipelines.processes.automation import read_automation
from pipelines.processes.run_history import read_history
from sql.connections.limits import libpq_url
from sql.connections.watching import WatchedConnection

# Dagster's times are seconds of Unix time, or moments of UTC without a zone.
_RUNS = """
SELECT pipeline_name, status, count(*)
FROM runs
WHERE status IN ('QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED', 'CANCELING')
    OR end_time >= extract(EPOCH FROM now() - interval '1 day')
GROUP BY pipeline_name, status
"""
_LAST = """
SELECT DISTINCT ON (pipeline_name, status) pipeline_name, status, run_id, start_time, end_time
FROM runs
WHERE status IN ('SUCCESS', 'FAILURE') AND end_time IS NOT NULL
ORDER BY pipeline_name, status, id DESC
"""
_STEPS = """
SELECT
    run_id,
    step_key,
    extract(EPOCH FROM max(timestamp) FILTER (WHERE dagster_event_type = 'STEP_SUCCESS')
        - min(timestamp) FILTER (WHERE dagster_event_type = 'STEP_START'))::float
FROM event_logs
WHERE run_id = ANY(%s) AND dagster_event_type IN ('STEP_START', 'STEP_SUCCESS')
GROUP BY run_id, step_key
"""
_SIZE = "SELECT pg_database_size(current_database())"


def collect_runs(scrape: Scrape) -> Iterator[Sample]:
    """Runs by status, the last of each job, and how long its steps took."""
    url = runtime.history_url(scrape.settings)
    if url is None:
        return
    with scrape.looking(libpq_url(url)) as connection:
        yield from _samples_of_runs(connection)


def _samples_of_runs(connection: WatchedConnection) -> Iterator[Sample]:
    def query(text: str, *values: object) -> list[tuple[Any, ...]]:
        return connection.execute(text.encode(), values or None).fetchall()

    for job, status, count in query(_RUNS):
        yield Sample("runs", count, (job, status.lower()))
    jobs: dict[str, str] = {}
    for job, status, run_id, started, ended in query(_LAST):
        if status == "FAILURE":
            yield Sample("last_failure_timestamp_seconds", ended, (job,))
            continue
        yield Sample("last_success_timestamp_seconds", ended, (job,))
        if started is not None:
            jobs[run_id] = job
            yield Sample("run_duration_seconds", ended - started, (job,))
    for run_id, step, seconds in query(_STEPS, list(jobs)):
        if seconds is not None:
            yield Sample("step_duration_seconds", seconds, (jobs[run_id], step))
    yield Sample("database_size_bytes", query(_SIZE)[0][0], ("dagster",))


def collect_automation(scrape: Scrape) -> Iterator[Sample]:
    """The daemon, the queue, schedules and sensors."""
    url = runtime.history_url(scrape.settings)
    if url is None:
        return
    history = read_history(url, scrape.settings.limits)
    if history.daemon_seen is not None:
        yield Sample("daemon_heartbeat_timestamp_seconds", history.daemon_seen.timestamp())
    waiting = [(scrape.now - run.since).total_seconds() for run in history.runs if run.status == "QUEUED"]
    yield Sample("run_queue_age_seconds", max(waiting, default=0.0))
    automation = read_automation(url, scrape.settings.limits)
    yield Sample("stopped_schedules", len(automation.stopped))
    yield Sample("failing_schedules", len(automation.failed))
