"""A history of Dagster's own tables, with runs, ticks and a daemon in them, written by Dagster's own storages.

Here: a database for it, and putting rows in.
Not here: running anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
from dagster import DagsterRun, DagsterRunStatus
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage
from dagster_shared.error import SerializableErrorInfo


class DagsterHistory:
    """url: as in DAGSTER_POSTGRES_URL."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.url = database.replace("postgresql://", "postgresql+psycopg2://")
        self._runs = PostgresRunStorage.create_clean_storage(self.url)
        self._schedules = PostgresScheduleStorage.create_clean_storage(self.url)
        self._events = PostgresEventLogStorage.create_clean_storage(self.url)

    def close(self) -> None:
        for storage in (self._runs, self._schedules, self._events):
            storage.dispose()

    def beat(self, at: datetime) -> None:
        """The daemon gives a sign of life."""
        self._runs.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), "SENSOR", "a-daemon", []))

    def run(
        self,
        job: str,
        status: DagsterRunStatus,
        ended: datetime,
        tags: Mapping[str, str] | None = None,
        seconds: float = 60,
    ) -> str:
        """A run of the job that ended so. Returns its id."""
        run_id = str(uuid4())
        self._runs.add_run(DagsterRun(job_name=job, run_id=run_id, status=status, tags=dict(tags or {})))
        end = ended.timestamp()
        self.execute(
            "UPDATE runs SET start_time = %s, end_time = %s, create_timestamp = %s WHERE run_id = %s",
            *(end - seconds, end, ended.replace(tzinfo=None), run_id),
        )
        return run_id

    def stop(self, name: str) -> None:
        """A person stops a schedule in the UI."""
        data = ScheduleInstigatorData("11 1 * * *")
        state = InstigatorState(origin_of(name), InstigatorType.SCHEDULE, InstigatorStatus.STOPPED, data)
        self._schedules.add_instigator_state(state)

    def tick(self, name: str, status: TickStatus, at: datetime, message: str = "") -> None:
        """One look of a schedule."""
        error = SerializableErrorInfo(f"{message}\n", [], "ValueError") if message else None
        origin = origin_of(name)
        self._schedules.create_tick(
            TickData(
                instigator_origin_id=origin.get_id(),
                instigator_name=name,
                instigator_type=InstigatorType.SCHEDULE,
                status=status,
                timestamp=at.timestamp(),
                error=error,
                selector_id=origin.get_selector().get_id(),
            )
        )

    def execute(self, query: str, *values: Any) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(query.encode(), values)

    def clear(self) -> None:
        """Take every row out."""
        self.execute("TRUNCATE runs, run_tags, daemon_heartbeats, instigators, jobs, job_ticks, event_logs CASCADE")


def origin_of(name: str) -> RemoteInstigatorOrigin:
    """Where a schedule or sensor of that name comes from."""
    target = LoadableTargetOrigin(executable_path="python", module_name="pipelines.definitions")
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, "earshot")
    return RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)


@contextmanager
def history_in(database: str) -> Iterator[DagsterHistory]:
    """Dagster's tables in this database."""
    history = DagsterHistory(database)
    yield history
    history.close()
