"""Metrics of the installation: versions, sizes of databases, replicas, disks.

Here: one function per group.
Not here: the orchestrator (orchestrator.py), what the names mean (registry.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import cast, get_args

from pipelines import runtime
from pipelines.doctor.database import replica_behind_s
from pipelines.doctor.machine import measure_rooms
from pipelines.metrics.samples import Sample, Scrape
from reports.delivery.alerts.problems import Kind

# replay_lag is NULL once a replica has replayed everything and nothing new is written.
_REPLICAS = """
SELECT
    coalesce(nullif(application_name, 'walreceiver'), host(client_addr), application_name),
    coalesce(extract(EPOCH FROM replay_lag), 0)::float,
    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float
FROM pg_stat_replication
WHERE NOT pg_is_in_recovery()
"""


def collect_info(scrape: Scrape) -> Iterator[Sample]:
    """What is installed."""
    with scrape.warehouse().transaction() as connection:
        row = connection.execute("SELECT earshot_edition()").fetchone()
    yield Sample("info", 1, (version("earshot"), str(row[0]) if row else "none"))


def collect_problems(scrape: Scrape) -> Iterator[Sample]:
    """What is open."""
    counts = Counter(row["kind"] for row in scrape.warehouse().rows("read_open_problems"))
    for kind in get_args(Kind):
        yield Sample("problems", counts[kind], (kind,))


def collect_sizes(scrape: Scrape) -> Iterator[Sample]:
    """How large the database and its series are."""
    for row in scrape.warehouse().rows("read_sizes"):
        if row["series"] is None:
            yield Sample("database_size_bytes", row["bytes"], ("warehouse",))
        else:
            yield Sample("series_size_bytes", row["bytes"], (row["series"],))
            yield Sample("series_chunks", row["chunks"], (row["series"],))
            yield Sample("series_largest_chunk_bytes", row["largest"], (row["series"],))


def collect_replicas(scrape: Scrape) -> Iterator[Sample]:
    """How far replicas are behind. The login sees statistics that the roles that it becomes do not."""
    url = runtime.database_url(scrape.settings)
    with scrape.looking(url) as connection:
        replicas = cast("list[tuple[str, float, float | None]]", connection.execute(_REPLICAS).fetchall())
    for replica, seconds, behind in replicas:
        yield Sample("replica_lag_seconds", seconds, (replica,))
        if behind is not None:
            yield Sample("replica_lag_bytes", behind, (replica,))
    if scrape.settings.database_read_url is not None:
        read_behind = replica_behind_s(scrape.settings)
        if read_behind is not None:
            yield Sample("replica_lag_seconds", read_behind, ("read",))


def collect_disks(scrape: Scrape) -> Iterator[Sample]:
    """Room on the disks."""
    for room in measure_rooms(scrape.settings):
        yield Sample("disk_free_bytes", room.free, (str(room.path),))
        yield Sample("disk_size_bytes", room.total, (str(room.path),))
