"""Sensors: what the pipeline does by itself when data arrive late.

Here: noticing days whose raw rows, or whose input made from them, are newer than they are; asking for what is stale,
and asking again when it failed.
Not here: what is stale and why (freshness.py, assets/lineage.py), the nightly clock (schedules.py).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from pipelines.backfill.early_days import early_days
from pipelines.backfill.requests import LATE, request_for
from pipelines.first_day import loaded_first_day, save_first_day
from pipelines.health.freshness import (
    FIRST_DAY,
    NOT_LOOKED_AT,
    SUBJECT,
    StaleDays,
    compare_counts,
    find_stale,
    record_arrivals,
)
from pipelines.schedules import daily_rollups
from pipelines.settings import load_settings
from sql.connections.readers import end_overdue_readers
from sql.failures import FailureLog, cause_of, is_isolatable
from sql.warehouse import Warehouse

# A row can commit after its tick; the last hour is scanned again at every one.
RESCAN = timedelta(hours=1)

# Once a day, rows are counted: those are found too that came in with an old received_at. Longer than the longest
# lateness that a tenant may set (30 days).
COMPARED = timedelta(days=35)

# A run that failed is requested again after one hour, then two, four, ... and once a day from then on.
LONGEST_WAIT = timedelta(days=1)

# A run that was killed may look as if it were at work for ever.
LONGEST_RUN = timedelta(hours=6)

EVER = datetime(2000, 1, 1, tzinfo=UTC)
AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
BROKEN = (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)


@sensor(
    job=daily_rollups,
    minimum_interval_seconds=600,
    default_status=DefaultSensorStatus.RUNNING,
    description="Every ten minutes: finds tables of days that are older than what they were made of, because rows came "
    "in late or a day before them changed, and computes these again, and no others, until none is left.",
)
def late_rows(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> SensorResult | SkipReason:
    """Tables of days that are older than what they were made of: late rows, or a day before them that changed.

    One run computes what is stale, oldest day first, and what that makes stale in turn, until nothing is. Until then
    the cursor stays: a run that fails is requested again, with growing pauses. A tenant that it fails for to look is
    named, and the others are looked at.
    """
    failures = FailureLog(warehouse, "sensor", context.log.error, not_done=NOT_LOOKED_AT)
    for ended in end_overdue_readers(warehouse):
        context.log.warning(ended)
    now = warehouse.clock()
    seen, fresh_until, counted = _read_cursor(context.cursor, now)
    tenants = warehouse.tenants()
    ids = [UUID(bytes=tenant) for tenant in tenants["tenant_id"]]
    record_arrivals(warehouse, seen - RESCAN if seen > EVER else EVER, failures)
    if counted < now.date().isoformat():
        _look_for_first_day(context, warehouse)
        compare_counts(warehouse, (now - COMPARED).date() if seen > EVER else FIRST_DAY, failures)
    # What came in while a tenant could not be looked at is found by counting, once it can be again.
    compare_counts(warehouse, FIRST_DAY, failures, _troubled_before(warehouse, ids) - failures.tenants)
    stale = find_stale(warehouse, fresh_until - RESCAN if fresh_until > EVER else EVER, failures)
    failures.clear([tenant for tenant in ids if tenant not in failures.tenants], [SUBJECT])
    cursor = {"seen": now.isoformat(), "counted": now.date().isoformat()}
    if stale is None:
        is_complete = not failures.found
        context.update_cursor(json.dumps({**cursor, "settled": (now if is_complete else fresh_until).isoformat()}))
        return SkipReason(
            "No table of any day is older than what it was made of."
            if is_complete
            else f"Nothing is stale of the tenants that could be looked at; {len(failures.tenants)} could not be."
        )
    context.update_cursor(json.dumps({**cursor, "settled": fresh_until.isoformat()}))
    attempts, waits = attempts_so_far(context.instance, stale, now)
    if waits:
        return SkipReason(f"{stale.tables} table(s) are stale since {stale.first}; {waits}")
    begins = loaded_first_day()
    if stale.first < begins:
        reason = (
            f"Days from {stale.first} on are stale, and the partitions of this process begin on {begins}: the job "
            f"{early_days.name} computes them. An open UI shows them after Deployment, Reload."
        )
        if stale.last < begins:
            return SkipReason(reason)
        context.log.warning(reason)
        stale = replace(stale, first=begins)
    slugs = [slug for tenant, slug in zip(ids, tenants["slug"], strict=True) if tenant in stale.tenants]
    return SensorResult(run_requests=[request_for(stale, attempts, slugs)])


@sensor(
    # By its name: Dagster warns of a beta where a sensor holds a job of ops itself.
    job_name=early_days.name,
    minimum_interval_seconds=600,
    default_status=DefaultSensorStatus.RUNNING,
    description="Every ten minutes: has days computed that an import brought, and that are older than all that there "
    "were when this process began.",
)
def early_rows(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> RunRequest | SkipReason:
    """A run of its own for stale days before the partitions of this process: it loads them anew."""
    begins = loaded_first_day()
    failures = FailureLog(warehouse, "sensor", context.log.error, not_done=NOT_LOOKED_AT)
    stale = find_stale(warehouse, failures=failures, last=begins - timedelta(days=1))
    if stale is None:
        return SkipReason(f"Nothing is stale of days before {begins}.")
    attempts, waits = attempts_so_far(context.instance, stale, warehouse.clock())
    if waits:
        return SkipReason(f"{stale.tables} table(s) are stale since {stale.first}; {waits}")
    _look_for_first_day(context, warehouse)
    return RunRequest(run_key=f"early-{stale.first}-{stale.digest}-{attempts}")


def _look_for_first_day(context: SensorEvaluationContext, warehouse: Warehouse) -> None:
    """A day that cannot be read must not keep late rows from being found."""
    try:
        save_first_day(load_settings(), warehouse)
    except Exception as error:
        if not is_isolatable(error):
            raise
        context.log.error(f"The first day that has data could not be found; it stays as it was. {cause_of(error)}")


def attempts_so_far(instance: DagsterInstance, stale: StaleDays, now: datetime) -> tuple[int, str]:
    """How often this run was requested, and why it is too early to request it (again); empty: it is not."""
    recent = now - LONGEST_RUN
    at_work = instance.get_runs(RunsFilter(job_name=daily_rollups.name, statuses=AT_WORK, created_after=recent))
    if any(LATE in run.tags for run in at_work):
        return 0, "a run is at work on late rows."
    requested = instance.get_run_records(RunsFilter(job_name=daily_rollups.name, tags={LATE: stale.digest}))
    ended = [record.create_timestamp for record in requested if record.dagster_run.status in BROKEN]
    if ended:
        again = max(ended) + min(timedelta(hours=1) * 2 ** min(len(ended) - 1, 5), LONGEST_WAIT)
        if now < again:
            return len(requested), f"{len(ended)} run(s) failed at them, the next is due at {again:%Y-%m-%d %H:%M} UTC."
    return len(requested), ""


def _troubled_before(warehouse: Warehouse, tenants: Sequence[UUID]) -> set[UUID]:
    """The tenants that could not be looked at on an earlier tick."""
    open_failures = warehouse.read("read_tenant_failures", tenants=list(tenants)).filter(
        stage="sensor", subject=SUBJECT
    )
    return {UUID(bytes=tenant) for tenant in open_failures["tenant_id"]}


def _read_cursor(cursor: str | None, now: datetime) -> tuple[datetime, datetime, str]:
    """Until when rows were looked at, until when nothing was stale, and on which day rows were last counted.

    A cursor that a clock which was ahead has left is none: what came since would not be found until then.
    """
    if not cursor or not cursor.startswith("{"):
        return EVER, EVER, ""
    saved = json.loads(cursor)
    seen, settled = datetime.fromisoformat(saved["seen"]), datetime.fromisoformat(saved["settled"])
    return (EVER, EVER, "") if max(seen, settled) > now else (seen, settled, saved["counted"])
