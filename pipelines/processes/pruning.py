"""Pruning: what Dagster's history has of runs that ended long ago, so that its tables do not grow for ever.

Here: which events and runs go, in statements that each end soon.
Not here: ticks of schedules and sensors (dagster.yaml's retention), when this runs (pipelines/upkeep.py).

The newest materialization of each partition stays, and so does its run: by them the UI says what is there. So do runs
that are open, backfills, and every run of the last weeks, which resumption, sensors and alerts look back at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from sql.connections.connecting import connect
from sql.connections.limits import Limits, libpq_url
from sql.values import PermanentError

# What looks back at runs looks back a week at most (backfill/resumption.py), and people a month.
FEWEST_DAYS = 30

# Runs whose events go in one statement.
RUNS_AT_ONCE = 500

_OLD = """
SELECT run_id FROM runs
WHERE status IN ('SUCCESS', 'FAILURE', 'CANCELED')
    AND coalesce(end_time, extract(epoch FROM update_timestamp AT TIME ZONE 'UTC')) < %(before)s
ORDER BY id
"""
# Beside what is about no asset: what a later event of the same kind has replaced.
_EVENTS = """
DELETE FROM event_logs AS events
WHERE run_id = ANY(%(runs)s) AND (
    asset_key IS NULL
    OR EXISTS (
        SELECT FROM event_logs AS newer
        WHERE newer.asset_key = events.asset_key AND newer.id > events.id
            AND newer.partition IS NOT DISTINCT FROM events.partition
            AND newer.dagster_event_type = events.dagster_event_type
    )
)
"""
_RUNS = """
DELETE FROM runs
WHERE run_id = ANY(%(runs)s) AND NOT EXISTS (SELECT FROM event_logs WHERE event_logs.run_id = runs.run_id)
"""


def prune_history(url: str, days: int, now: datetime, limits: Limits = Limits()) -> tuple[int, int]:  # noqa: B008
    """Delete events and runs of runs that ended more than so many days ago; how many runs and events went.

    url: as in DAGSTER_POSTGRES_URL. It may be stopped at any moment. Without Dagster's tables there is nothing to do.
    Raises PermanentError for fewer than FEWEST_DAYS.
    """
    if days < FEWEST_DAYS:
        raise PermanentError(
            f"EARSHOT_HISTORY_DAYS is {days}; it must be at least {FEWEST_DAYS}, or 0 to keep everything"
        )
    before = (now - timedelta(days=days)).timestamp()
    runs = events = 0
    with connect(libpq_url(url), limits) as connection:
        connection.autocommit = True
        try:
            old = [str(run) for (run,) in connection.execute(_OLD, {"before": before}).fetchall()]
        except psycopg.errors.UndefinedTable:
            return 0, 0
        for start in range(0, len(old), RUNS_AT_ONCE):
            chosen = {"runs": old[start : start + RUNS_AT_ONCE]}
            events += connection.execute(_EVENTS, chosen).rowcount
            runs += connection.execute(_RUNS, chosen).rowcount
    return runs, events
