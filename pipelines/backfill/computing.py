"""Backfill: computing a range of days, for all tenants or for some, in this process.

Here: cutting a range into runs, running each through Dagster so that the UI keeps its history, progress, and runs of
what is stale. Not here: the command line (commands/backfill.py), where a stopped backfill goes on (resumption.py), the
daily clock (schedules.py), what is stale (freshness.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    ExecuteInProcessResult,
    ResourceDefinition,
)

from assets.resources import Progress
from assets.runs import Committed
from assets.steps import DAILY_ASSETS, LOOK_BACK_ASSETS, STEPS, VERDICT
from pipelines.backfill.requests import request_for
from pipelines.backfill.resumption import BEGAN_TAG, PLAN_TAG, TENANTS_TAG, find_unfinished
from pipelines.code_location import RESOURCES, define
from pipelines.first_day import first_day
from pipelines.health.freshness import FIRST_DAY, find_stale
from pipelines.processes.workers import own_tags, sign_of_life
from sql.raw.watermarks import put_back_if_free
from sql.values import DAY, EarshotError, Scope
from sql.warehouse import Warehouse

# As many days as one run of the daily job takes (assets.partitions.month_of_days).
DAYS_A_RUN = 31

# The assets that a job computes, in order: each of them and day is one step of the progress.
STEPS_OF = {"daily_rollups": (*DAILY_ASSETS, VERDICT), "look_back_rollups": LOOK_BACK_ASSETS}

# These assets fail after everything else was computed, naming the tenants that something failed for.
LAST_STEPS = {
    "show_tenant_checks",
    "weekly_sponsor_reports",
    "monthly_sponsor_reports",
    "final_sponsor_reports",
}

# A tenant without an exchange rate fails on every day of a range, for the same reason: one message holds few.
REASONS_SHOWN = 3


class BackfillError(EarshotError):
    """A run of the backfill failed; days that were finished stay finished."""


class TenantsFailedError(BackfillError):
    """Everything was done but for some tenants, whom it names."""


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What a backfill will do: these days, of these tenants (empty: all), by this job; steps: by these of its steps."""

    first: date
    last: date
    tenants: tuple[str, ...] = ()
    job: str = "daily_rollups"
    steps: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def assets(self) -> tuple[str, ...]:
        if not self.steps:
            return STEPS_OF[self.job]
        return tuple(name for step in STEPS if step.name in self.steps for name in step.names)

    @property
    def name(self) -> str:
        """What its runs are tagged with: the same for the same days, tenants and steps."""
        steps = f", {' and '.join(self.steps)}" if self.steps else ""
        return f"{self.job} from {self.first} to {self.last} for {', '.join(self.tenants) or 'all tenants'}{steps}"

    def runs(self) -> Iterator[tuple[date, date]]:
        """First and last day of each run."""
        first = self.first
        while first <= self.last:
            last = min(first + timedelta(days=DAYS_A_RUN - 1), self.last)
            yield first, last
            first = last + DAY


@dataclass(frozen=True, slots=True)
class RemainingWork:
    """What there is to do of a plan: for these tenants, since when, and how much a stopped backfill did of it before.

    total, done: in tenant-days, to which each asset that is done counts its share.
    """

    tenants: tuple[UUID, ...]
    began: datetime
    total: int
    done: float = 0.0

    @property
    def left(self) -> float:
        return self.total - self.done


def prepare(
    plan: BackfillPlan, warehouse: Warehouse, instance: DagsterInstance, *, restart: bool = False
) -> RemainingWork:
    """The work of a plan: what is left of the same backfill if it was stopped, else (or to restart) all of it.

    What was recorded while the database's clock was ahead is put right first: it would count as done since.
    Raises PermanentError for a tenant that is not there.
    """
    put_back_if_free(warehouse)
    chosen = Scope(tuple(warehouse.tenant_id(tenant) for tenant in plan.tenants))
    tenants = tuple(UUID(bytes=tenant) for tenant in warehouse.tenants(chosen)["tenant_id"])
    clock = warehouse.clock()
    total = plan.days * len(tenants)
    before = None if restart else find_unfinished(warehouse, instance, plan, tenants, clock)
    return (
        RemainingWork(tenants, before.began, total, before.tenant_days)
        if before
        else RemainingWork(tenants, clock, total)
    )


def backfill(
    plan: BackfillPlan,
    warehouse: Warehouse,
    instance: DagsterInstance,
    work: RemainingWork | None = None,
    progress: Callable[[str, float], object] | None = None,
) -> None:
    """Compute the plan's assets for its days, oldest run first. Raises BackfillError with the cause.

    work: what there is left to do (prepare), by default all of it. progress: called after each commit with the day and
    asset that was written, and how many tenant-days more are done.

    A run that failed for some tenants only does not stop the later runs; its error is raised at the end.
    """
    work = work or prepare(plan, warehouse, instance, restart=True)
    own_tags = {PLAN_TAG: plan.name, BEGAN_TAG: work.began.isoformat()}
    if not work.done and not plan.steps:
        # Only a run that computes everything of its days counts for the pace.
        own_tags[TENANTS_TAG] = str(len(work.tenants))

    def committed(assets: Sequence[str], day: date, tenants: Sequence[UUID]) -> None:
        if progress is not None:
            progress(f"{day} {assets[0]}", len(tenants) * len(assets) / len(plan.assets))

    failed: list[str] = []
    for first, last in plan.runs():
        tags = {
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
            **own_tags,
        }
        try:
            run_job(
                warehouse,
                instance,
                plan.job,
                tags=tags,
                assets=plan.assets if plan.steps else None,
                tenants=plan.tenants,
                skip_computed_since=work.began if work.done else None,
                committed=committed,
            )
        except TenantsFailedError as error:
            failed.append(str(error))
    if failed:
        raise TenantsFailedError(" ".join(failed))


def heal(
    warehouse: Warehouse,
    instance: DagsterInstance,
    committed: Committed | None = None,
    only: Collection[UUID] | None = None,
    first: date = FIRST_DAY,
) -> int:
    """Compute what is stale by the ledger, and what that makes stale in turn; returns in how many runs.

    only: these tenants; None: all. first: earlier days are left as they are.

    Whoever calls has counted the rows (freshness.compare_counts), so that those are found too that came in without a
    fresh received_at. Raises BackfillError where a run leaves stale what it was to heal; before that, everything is
    healed that can be.
    """
    runs = 0
    before = None
    failure: BackfillError | None = None
    while (stale := find_stale(warehouse, only=only, first=first)) is not None:
        if before == stale.digest:
            raise failure or BackfillError(
                f"{stale.tables} table(s) from {stale.first} on stayed older than what they are made of; "
                "`earshot ui` shows what the run said of them."
            )
        before, failure = stale.digest, None
        tags = dict(request_for(stale).tags)
        tenants = [str(tenant) for tenant in stale.tenants]
        try:
            run_job(
                warehouse,
                instance,
                "daily_rollups",
                tags=tags,
                tenants=tenants,
                stale_only=True,
                committed=committed,
            )
        except TenantsFailedError as error:
            failure = error
        runs += 1
    if failure is not None:
        raise failure
    return runs


def _first_needed(tags: Mapping[str, str], partition_key: str | None) -> date:
    """The first day of the partitions that a run needs, which may name days before the first data."""
    requested = partition_key or tags.get("dagster/asset_partition_range_start")
    return min(first_day(), date.fromisoformat(requested)) if requested else first_day()


def run_job(
    warehouse: Warehouse,
    instance: DagsterInstance,
    job: str,
    *,
    tags: dict[str, str] | None = None,
    partition_key: str | None = None,
    assets: Sequence[str] | None = None,
    tenants: Sequence[str] = (),
    campaigns: Sequence[str] = (),
    stale_only: bool = False,
    skip_computed_since: datetime | None = None,
    committed: Committed | None = None,
) -> ExecuteInProcessResult:
    """One run of a job in this process, kept in the orchestrator's history. Raises BackfillError naming what failed.

    assets: those of the job that are computed; None: all. The checks of its days belong to the verdict on them.
    committed: called with the assets, the day and the tenants after each commit.
    """
    resources = {
        **RESOURCES,
        "warehouse": ResourceDefinition.hardcoded_resource(warehouse),
        "progress": ResourceDefinition.hardcoded_resource(Progress(committed) if committed else Progress()),
    }
    scope = {
        "tenants": list(tenants),
        "campaigns": list(campaigns),
        "stale_only": stale_only,
        "skip_computed_since": skip_computed_since.isoformat() if skip_computed_since else "",
    }
    run_id = str(uuid4())
    definition = define(resources, _first_needed(tags or {}, partition_key)).resolve_job_def(job)
    if assets is not None:
        checks = set(definition.asset_layer.asset_graph.asset_check_keys) if VERDICT in assets else set()
        definition = definition.get_subset(
            asset_selection={AssetKey(asset) for asset in assets}, asset_check_selection=checks
        )
    with sign_of_life(instance, run_id):
        result = definition.execute_in_process(
            instance=instance,
            run_id=run_id,
            partition_key=partition_key,
            tags={**(tags or {}), **own_tags(run_id)},
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "resources": {"scope": {"config": scope}},
            },
        )
    if not result.success:
        steps = {event.step_key for event in result.get_step_failure_events()}
        kind = TenantsFailedError if steps and steps <= LAST_STEPS else BackfillError
        raise kind(" ".join([_cause(result), *_logged_errors(instance, result.run_id)]))
    return result


def _logged_errors(instance: DagsterInstance, run_id: str) -> list[str]:
    """Why data could not be computed, from the errors that the run logged: each reason once, the first few."""
    messages = (entry.user_message for entry in instance.all_logs(run_id) if int(entry.level) >= logging.ERROR)
    reasons = list(dict.fromkeys(reason for reason in messages if ": not computed. " in reason))
    more = (
        [f"And {len(reasons) - REASONS_SHOWN} more; `earshot ui` shows them."] if len(reasons) > REASONS_SHOWN else []
    )
    return [f"{reason.rstrip('.')}." for reason in reasons[:REASONS_SHOWN]] + more


def _cause(result: ExecuteInProcessResult) -> str:
    """Why the run failed. Raises KeyboardInterrupt if a person stopped it."""
    for event in result.get_step_failure_events():
        data = event.step_failure_data
        if data.error and data.error.cls_name == DagsterExecutionInterruptedError.__name__:
            raise KeyboardInterrupt
        if data.user_failure_data and data.user_failure_data.description:
            return data.user_failure_data.description
        error = data.error.cause if data.error and data.error.cause else data.error
        if error:
            return f"{event.step_key}: {_plain(error.message)}"
    for event in result.all_events:
        if event.event_type is DagsterEventType.RESOURCE_INIT_FAILURE and event.engine_event_data.error:
            return _plain(event.engine_event_data.error.message)
    return f"Run {result.run_id} failed; `earshot ui` shows why."


def _plain(message: str) -> str:
    """The message without the name of our own error class, which Dagster puts before it."""
    return re.sub(r"^(?:sql|assets|reports|pipelines)\.[\w.]+: ", "", message.strip())
