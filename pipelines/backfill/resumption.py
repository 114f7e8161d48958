"""Resumption: where a backfill that was stopped goes on, and how long one takes.

Here: the backfill that did not come to its end, by the orchestrator's history; what it finished, by the ledger; the
pace of earlier runs.
Not here: running anything (computing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from assets.run_scope import computed_since
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.backfill.computing import BackfillPlan

# The tags of a backfill's runs: which backfill they belong to, when it began, how many tenants it is for.
PLAN_TAG, BEGAN_TAG, TENANTS_TAG = "earshot/backfill", "earshot/backfill_began", "earshot/backfill_tenants"

# A backfill that was stopped longer ago begins anew: settings have changed since, more often than not.
RESUMED_WITHIN = timedelta(days=7)

# Runs that are looked at for the pace: enough to even out a slow one.
RUNS_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A backfill of the same days and tenants that was stopped: when it began, and the tenant-days it finished.

    A tenant-day counts by the share of its tables that are done.
    """

    began: datetime
    tenant_days: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How long earlier runs of a job took: seconds for a tenant's day, from so many runs."""

    seconds: float
    runs: int


def find_unfinished(
    warehouse: Warehouse, instance: DagsterInstance, plan: BackfillPlan, tenants: Sequence[UUID], clock: datetime
) -> Unfinished | None:
    """The last backfill by this plan, if it was stopped before its end; None where there is nothing to go on with."""
    records = instance.get_run_records(RunsFilter(tags={PLAN_TAG: plan.name}), limit=1)
    if not records:
        return None
    run = records[0].dagster_run
    is_last = run.tags.get("dagster/asset_partition_range_end") == plan.last.isoformat()
    began = datetime.fromisoformat(run.tags[BEGAN_TAG])
    if (run.status is DagsterRunStatus.SUCCESS and is_last) or clock - began > RESUMED_WITHIN:
        return None
    done = computed_since(warehouse.read, tenants, plan.first, plan.last, plan.assets, began).height
    # Where everything was computed, only checks failed: the same command computes all of it again.
    if not 0 < done < len(tenants) * plan.days * len(plan.assets):
        return None
    return Unfinished(began, done / len(plan.assets))


def pace_of(instance: DagsterInstance, job: str) -> Pace | None:
    """How long the last backfills by this job took; None where none is in the history."""
    runs_filter = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS])
    seconds = tenant_days = 0.0
    runs = 0
    for record in instance.get_run_records(runs_filter, limit=RUNS_LOOKED_AT):
        tags = record.dagster_run.tags
        first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
        if not (first and last and tags.get(TENANTS_TAG) and record.start_time and record.end_time):
            continue
        runs += 1
        seconds += record.end_time - record.start_time
        tenant_days += int(tags[TENANTS_TAG]) * ((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    return Pace(seconds / tenant_days, runs) if tenant_days else None
