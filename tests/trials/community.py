"""What Community has besides, tried on a database that is computed: switched on, used, and switched off again.

Here: the steps, each of which must hold. Not here: the server (servers.py), the statements (sql/schema/community.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from benchmarks.fingerprint import Fingerprint, compare, fingerprint
from sql.schema.checking import check_schema
from sql.schema.community import Choice, use_community
from sql.warehouse import Warehouse
from tests.conftest import silent
from tests.trials.servers import Addresses

# Days with other counts than dispositions: none. Of every tenant and day that was computed.
_UNRECONCILED = """
    SELECT count(*) FROM (
        SELECT tenant_id, day, sum(requests) AS requests FROM request_dispositions GROUP BY tenant_id, day
    ) AS split
    WHERE requests <> coalesce((
        SELECT sum(events) FROM listener_events_daily AS counts
        WHERE counts.tenant_id = split.tenant_id AND starts_at = split.day::timestamp AT TIME ZONE 'UTC'
    ), 0)
"""


def try_community(addresses: Addresses, before: Fingerprint, recompute: Callable[[], str]) -> str:
    """What did not hold; nothing if all did. recompute: computes the last days again, and returns what went wrong."""
    with psycopg.connect(addresses.admin, autocommit=True) as admin:
        admin.execute("ALTER ROLE earshot_owner LOGIN")
        use_community(addresses.migrator, Choice(columns_after=1), silent)
        use_community(addresses.migrator, Choice(columns_after=1, dropped_after=3650), silent)
        jobs = _run_jobs(admin)
        packed = admin.execute("SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed").fetchone()
        trouble = [
            *(["no chunk lies in columns"] if packed == (0,) else []),
            *([f"{jobs} jobs instead of 6"] if jobs != 6 else []),
            *(each.what for each in check_schema(addresses.app)),
            *_unreconciled(admin),
        ]
        # Rows in columns are written to: what a late row, an expired address and an erasure do.
        with Warehouse(addresses.app).transaction() as connection:
            connection.execute("UPDATE listener_events SET user_agent = user_agent")
        trouble += [wrong] if (wrong := recompute()) else []
        trouble += [*compare(fingerprint(admin), before), *_unreconciled(admin)]
        use_community(addresses.migrator, None, silent)
        admin.execute("ALTER ROLE earshot_owner NOLOGIN")
        trouble += [*compare(fingerprint(admin), before), *(each.what for each in check_schema(addresses.app))]
    return "; ".join(trouble[:5])


def _run_jobs(admin: psycopg.Connection[tuple[object, ...]]) -> int:
    """Run each of our jobs to its end; returns how many there are. TimescaleDB may be at the same one already."""
    jobs = admin.execute(
        "SELECT job_id FROM timescaledb_information.jobs WHERE owner::text = 'earshot_owner'"
    ).fetchall()
    for (job,) in jobs:
        for attempt in range(20):
            try:
                admin.execute(f"CALL run_job({job})".encode())
            except psycopg.Error:
                if attempt == 19:
                    raise
                time.sleep(1)
            else:
                break
    return len(jobs)


def _unreconciled(admin: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = admin.execute(_UNRECONCILED).fetchone()
    return [] if found == (0,) else [f"{found} days whose counts and dispositions differ"]
