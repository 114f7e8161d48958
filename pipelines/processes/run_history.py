"""Run history: what the orchestrator is doing, read from its own tables.

Here: the runs that are open, whether a process works at them, why queued ones wait, and when the daemon was last seen.
Without Dagster, which takes seconds to load: `earshot status` should answer at once.
Not here: ending runs (workers.py), what the tenants have (sql/queries/read_status.sql).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from pipelines.processes.identity import Process, State
from pipelines.processes.run_tags import ALIVE_TAG, PROCESS_TAG, own_mark, state_of
from sql.connections.connecting import connect
from sql.connections.limits import Limits, libpq_url

# The daemon writes every 30 seconds.
DAEMON_SILENCE = timedelta(seconds=75)

# A run that could be launched is, within seconds.
LONG_WAIT = timedelta(minutes=5)

AT_WORK = ("STARTING", "STARTED", "CANCELING")

_OPEN_RUNS = """
SELECT r.run_id, r.pipeline_name, r.status, r.start_time, r.create_timestamp,
       COALESCE((SELECT jsonb_object_agg(t.key, t.value) FROM run_tags AS t WHERE t.run_id = r.run_id), '{}')
FROM runs AS r
WHERE r.status IN ('QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED', 'CANCELING')
ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that has not ended; since: when it started, or was requested."""

    run_id: str
    job: str
    status: str
    since: datetime
    tags: Mapping[str, str]

    @property
    def process(self) -> Process | None:
        mark = own_mark(self.run_id, self.tags.get(PROCESS_TAG))
        return Process.parse(mark) if mark else None

    @property
    def worker(self) -> State:
        return state_of(self.process, own_mark(self.run_id, self.tags.get(ALIVE_TAG)))


@dataclass(frozen=True, slots=True)
class History:
    """What is open, and when a daemon last gave a sign of life (None: never)."""

    runs: tuple[OpenRun, ...]
    daemon_seen: datetime | None

    def daemon_runs(self, now: datetime) -> bool:
        return self.daemon_seen is not None and now - self.daemon_seen < DAEMON_SILENCE


def read_history(url: str, limits: Limits = Limits()) -> History:  # noqa: B008  (an immutable value)
    """Open runs and the daemon's heartbeat; empty without Dagster's tables. url: as in DAGSTER_POSTGRES_URL."""
    with connect(libpq_url(url), limits) as connection:
        connection.autocommit = True
        runs = [
            OpenRun(run_id, job, status, _since(start, created), tags)
            for run_id, job, status, start, created, tags in _rows(connection, _OPEN_RUNS)
        ]
        ((seen,),) = _rows(connection, "SELECT max(timestamp) FROM daemon_heartbeats") or [(None,)]
    return History(tuple(runs), seen.replace(tzinfo=UTC) if seen else None)


def _rows(connection: psycopg.Connection[tuple[object, ...]], query: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(query).fetchall()
    except psycopg.errors.UndefinedTable:
        return []


def _since(start: float | None, created: datetime) -> datetime:
    return datetime.fromtimestamp(start, UTC) if start else created.replace(tzinfo=UTC)


def describe(history: History, limits: Mapping[str, Any], now: datetime) -> list[str]:
    """One line for the daemon, and one for each run that is open. limits: concurrency.runs of dagster.yaml."""
    return [_daemon(history, now), *(_line(run, history, limits, now) for run in history.runs)]


def _daemon(history: History, now: datetime) -> str:
    if history.daemon_seen is not None and history.daemon_runs(now):
        ago = max(int((now - history.daemon_seen).total_seconds()), 0)
        return f"Daemon: running (last sign of life {ago} s ago), {len(history.runs) or 'no'} run(s) open."
    seen = f"last seen {_moment(history.daemon_seen)}" if history.daemon_seen else "never seen"
    return (
        f"Daemon: NOT RUNNING ({seen}). No schedule and no sensor runs, nothing is computed by itself, and queued runs "
        "wait. `earshot ui` starts it."
    )


def _line(run: OpenRun, history: History, limits: Mapping[str, Any], now: datetime) -> str:
    who = f"Run {run.run_id[:8]} of {run.job}"
    since = f"since {_moment(run.since)} ({_span(now - run.since)})"
    if run.status == "QUEUED":
        return f"{who}: waits {since}: {why_waiting(run, history, limits, now)}"
    if run.worker is State.GONE:
        heals = "the daemon ends it" if history.daemon_runs(now) else "the next command that computes ends it"
        number = f" {run.process.pid}" if run.process else ""
        return f"{who}: its process{number} IS GONE, it is {run.status} {since}; {heals}."
    return f"{who}: {run.status.lower().replace('_', ' ')} {since}."


def why_waiting(run: OpenRun, history: History, limits: Mapping[str, Any], now: datetime) -> str:
    """Why a queued run is not at work."""
    if not history.daemon_runs(now):
        return "no daemon runs that could launch it."
    at_work = [other for other in history.runs if other.status in AT_WORK]
    most = limits.get("max_concurrent_runs")
    if isinstance(most, int) and 0 <= most <= len(at_work):
        return f"{len(at_work)} run(s) are at work, {most} may be (max_concurrent_runs in dagster.yaml)."
    for limit in limits.get("tag_concurrency_limits", ()):
        key, value = limit["key"], limit.get("value")
        same = [other for other in at_work if _has(other, key, value)]
        if _has(run, key, value) and len(same) >= limit["limit"]:
            return f"{len(same)} run(s) with the tag {key} are at work, {limit['limit']} may be (dagster.yaml)."
    if now - run.since > LONG_WAIT:
        return "it could have been launched long ago; the daemon's log says what is wrong."
    return "it is launched within seconds."


def _has(run: OpenRun, key: str, value: object) -> bool:
    return key in run.tags and (not isinstance(value, str) or run.tags[key] == value)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def _span(span: timedelta) -> str:
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
