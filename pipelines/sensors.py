"""Sensors: what the pipeline does by itself when data arrive late.

Here: noticing days whose raw rows are newer than the rollups made from them.
Not here: the nightly clock (schedules.py).
"""

from datetime import UTC, datetime, timedelta

import polars as pl
from dagster import (
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from pipelines.schedules import daily_rollups
from sql.warehouse import Warehouse

# A row can commit after the watermark was read; the last hour is scanned again at every tick.
RESCAN = timedelta(hours=1)
# What one tick may ask for: a broken shipment must not queue a year of runs at once; the next tick goes on.
MOST_DAYS = 14


@sensor(job=daily_rollups, minimum_interval_seconds=600, default_status=DefaultSensorStatus.RUNNING)
def late_rows(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> SensorResult | SkipReason:
    """Days that were computed before some of their rows arrived, oldest first."""
    now = datetime.now(UTC)
    since = datetime.fromisoformat(context.cursor) - RESCAN if context.cursor else datetime(2000, 1, 1, tzinfo=UTC)
    stale = warehouse.read("read_stale_days", received_since=since).sort("day")
    days = stale["day"].unique().sort().to_list()
    if not days:
        context.update_cursor(now.isoformat())
        return SkipReason("No day has rows that are newer than its rollups.")
    requests = []
    for day in days[:MOST_DAYS]:
        newest = stale.filter(day=day).select(pl.col("received_at").max().dt.to_string("iso")).item()
        requests.append(RunRequest(run_key=f"late-{day}-{newest}", partition_key=day.isoformat()))
    cursor = now.isoformat() if len(days) <= MOST_DAYS else context.cursor
    return SensorResult(run_requests=requests, cursor=cursor)
