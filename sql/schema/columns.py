"""Columns: how much of the raw rows lies in columns, and whether TimescaleDB's jobs for it run.

Here: looking. Not here: switching it on and off (community.py), when this is done (assets/storage).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sql.schema.status import edition
from sql.tables import RAW
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Chunks:
    """A raw table: how many chunks it has, and how many of them lie in columns."""

    table: str
    chunks: int
    in_columns: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job of TimescaleDB for our tables. procedure: policy_compression, for one. status: of its last run."""

    procedure: str
    table: str
    status: str | None
    ended_at: datetime | None
    next_at: datetime | None

    @property
    def has_failed(self) -> bool:
        """Whether its last run failed."""
        return self.status == "Failed"


@dataclass(frozen=True, slots=True)
class Columns:
    """edition: of sql/schema/status.py. chunks, jobs: none on plain PostgreSQL; jobs on Community alone.
    dropped_after: days after which a job drops raw rows, without looking whether they are archived; None: none does."""

    edition: str
    chunks: tuple[Chunks, ...] = ()
    jobs: tuple[Job, ...] = ()
    dropped_after: int | None = None


def look_at_columns(warehouse: Warehouse) -> Columns:
    """What there is of columns and jobs in this database, in each edition."""
    with warehouse.transaction() as connection:
        found = edition(connection) or "plain"
        if found == "plain":
            return Columns(found)
        chunks = connection.execute(
            "SELECT hypertable_name::text, count(*), count(*) FILTER (WHERE is_compressed) "
            "FROM timescaledb_information.chunks WHERE hypertable_schema = 'public' AND hypertable_name = ANY(%s) "
            "GROUP BY 1 ORDER BY 1",
            [list(RAW)],
        ).fetchall()
        jobs = connection.execute(
            "SELECT jobs.proc_name::text, jobs.hypertable_name::text, stats.last_run_status::text, "
            "nullif(stats.last_successful_finish, '-infinity'), nullif(stats.next_start, '-infinity') "
            "FROM timescaledb_information.jobs AS jobs "
            "LEFT JOIN timescaledb_information.job_stats AS stats USING (job_id) "
            "WHERE jobs.owner::text = 'earshot_owner' ORDER BY 1, 2"
        ).fetchall()
        dropped = connection.execute("SELECT public.earshot_dropped_after()").fetchone()
    return Columns(
        found,
        tuple(Chunks(*row) for row in cast("list[tuple[str, int, int]]", chunks)),
        tuple(Job(*row) for row in cast("list[tuple[str, str, str | None, datetime | None, datetime | None]]", jobs)),
        cast("int | None", dropped[0]) if dropped else None,
    )
