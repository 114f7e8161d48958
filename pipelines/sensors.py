"""Sensors: what the pipeline does by itself when data arrive late.

Here: noticing days whose raw rows are newer than the rollups made from them, and asking for what depends on them.
Not here: the nightly clock (schedules.py).
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

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


@sensor(job=daily_rollups, minimum_interval_seconds=600, default_status=DefaultSensorStatus.RUNNING)
def late_rows(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> SensorResult | SkipReason:
    """Days that were computed before some of their rows arrived, of the tenants whose rows they are.

    Later days look back at a day's ads, and campaigns add up since their start: from the first day with late rows on,
    everything is computed again, in one run and in order. A day of which only an order has heard more is run alone.
    """
    now = datetime.now(UTC)
    since = datetime.fromisoformat(context.cursor) - RESCAN if context.cursor else datetime(2000, 1, 1, tzinfo=UTC)
    stale = warehouse.read("read_stale_days", received_since=since).sort("day", "tenant_id")
    if stale.is_empty():
        context.update_cursor(now.isoformat())
        return SkipReason("No day has rows that are newer than its rollups.")
    return SensorResult(run_requests=requests_for(stale), cursor=now.isoformat())


def requests_for(stale: pl.DataFrame) -> list[RunRequest]:
    """The runs that make these days good again. stale: of read_stale_days, in order of day and tenant."""
    own = stale.filter("is_own")
    first = own["day"].min()
    requests = []
    if isinstance(first, date):
        later = stale.filter(pl.col("day") >= first)
        last = later["computed_until"].max()
        assert isinstance(last, date)  # noqa: S101
        requests.append(_request(first, last, later))
    alone = stale if first is None else stale.filter(pl.col("day") < first)
    for (day,), rows in alone.group_by(["day"], maintain_order=True):
        assert isinstance(day, date)  # noqa: S101
        requests.append(_request(day, day, rows))
    return requests


def _request(first: date, last: date, stale: pl.DataFrame) -> RunRequest:
    """The same rows always ask for the same run, so that asking twice runs it once."""
    newest = stale.select(pl.col("received_at").max().dt.to_string("iso")).item()
    tenants = sorted({str(UUID(bytes=tenant)) for tenant in stale["tenant_id"]})
    return RunRequest(
        run_key=f"late-{first}-{last}-{newest}",
        tags={
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
        },
        run_config={"resources": {"scope": {"config": {"tenants": tenants}}}},
    )
