"""Schedules: when the pipeline runs by itself.

Here: the jobs and their clocks. All times are UTC; minutes lie off the hour so that runs do not start in step
with everybody else's.
Not here: what a job computes; reacting to data (sensors.py).

A day is provisional by 02:00 UTC of the next, and final once its tenants' lateness (48 h) has passed; the days in
between are computed again every night, in the same run. Reports are looked at every hour, and go out on the first
local morning on which their period is final.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    ResourceParam,
    RunRequest,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    schedule,
)

from assets.partitions import days_ago, partitions_from
from assets.resources import Mailing, day_tags, scope_tags
from assets.steps import DAILY_ASSETS, LOOK_BACK_ASSETS, RAW_ASSETS, VERDICT
from pipelines.chunks.job import chunked_rollups
from pipelines.first_day import loaded_first_day
from pipelines.settings import executor_setting
from sql.failures import FailureLog, bisect_failures
from sql.values import Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

# The first hour of a tenant's day at which a report may reach a sponsor's inbox.
MORNING_HOUR = 6

# Reports in these states are looked at again every morning; of those that wait for approval, the owner is reminded.
LOOKED_AT_AGAIN = ("held", "pending", "waiting")

# A campaign whose end somebody subscribed to, or that was entered, later than this gets its report by hand.
ENDED_WITHIN = timedelta(days=60)

daily_rollups = define_asset_job(
    "daily_rollups",
    AssetSelection.assets(*RAW_ASSETS, *DAILY_ASSETS, VERDICT) | AssetSelection.checks_for_assets(*DAILY_ASSETS),
    description="Everything that is computed for a UTC day, from raw requests to campaign returns and checks.",
)
look_back_rollups = define_asset_job(
    "look_back_rollups",
    AssetSelection.assets(*LOOK_BACK_ASSETS).without_checks(),
    description="Only what later days look back at: for history before the first day that is reported on.",
)
weekly_reports = define_asset_job(
    "weekly_reports",
    AssetSelection.assets("weekly_sponsor_reports"),
    description="Freezes the weekly sponsor reports whose data are final and passed their checks.",
)
monthly_reports = define_asset_job(
    "monthly_reports",
    AssetSelection.assets("monthly_sponsor_reports"),
    description="Freezes the monthly sponsor reports whose data are final and passed their checks.",
)
final_reports = define_asset_job(
    "final_reports",
    AssetSelection.assets("final_sponsor_reports"),
    description="Freezes the reports on the ends of campaigns whose data are final and passed their checks.",
)
delivery_worker = define_asset_job(
    "delivery_worker",
    AssetSelection.assets("report_deliveries"),
    description="Sends the mails that are due, each at most once.",
)
provider_event_reader = define_asset_job(
    "provider_event_reader",
    AssetSelection.assets("provider_events"),
    description="Reads what the provider reports of mails, and moves them to delivered, bounced or dropped.",
)
feed_reader = define_asset_job(
    "feed_reader",
    AssetSelection.assets("followed_feeds"),
    description="Keeps shows, episodes and files in step with the RSS feeds that were added.",
)
adopted_row_reader = define_asset_job(
    "adopted_row_reader",
    AssetSelection.assets("adopted_rows"),
    description="Brings over what is new in a platform's own tables, where these were adopted.",
)
JOBS = [
    daily_rollups,
    look_back_rollups,
    weekly_reports,
    monthly_reports,
    final_reports,
    delivery_worker,
    provider_event_reader,
    feed_reader,
    adopted_row_reader,
]


# Where days are divided over processes or machines, the night is too.
NIGHTLY = daily_rollups if executor_setting() == "in_process" else chunked_rollups


@schedule(
    job=NIGHTLY,
    cron_schedule="11 1 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every night at 01:11 UTC: yesterday for the first time (provisional by 02:00), and the two days "
    "before it again. The oldest becomes final: the 48 h after its end have passed. One run, oldest day first.",
)
def nightly_days(context: ScheduleEvaluationContext) -> RunRequest:
    """The three days that are open: the later ones look back at the earlier ones, so one run takes all, in order."""
    tonight = context.scheduled_execution_time.date().isoformat()
    first, last = (days_ago(days, context.scheduled_execution_time) for days in (3, 1))
    days = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    if NIGHTLY is daily_rollups:
        return RunRequest(run_key=f"nightly-{tonight}", tags={**days, **day_tags(days)})
    config = {"ops": {"divide_tenants": {"config": {"first": first, "last": last}}}}
    return RunRequest(run_key=f"nightly-{tonight}", run_config=config, tags=day_tags(days))


@schedule(
    job=weekly_reports,
    cron_schedule="17 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every hour: where it is six in the morning for a tenant, freezes the sponsor reports of the last full "
    "week, and looks again at weeks whose reports are held, or whose days have changed since.",
)
def weekly_report_mornings(
    context: ScheduleEvaluationContext, warehouse: ResourceParam[Warehouse]
) -> Iterator[RunRequest | SkipReason]:
    """The last full week, and weeks with held reports, in the hour in which it is morning for some tenant."""
    day = context.scheduled_execution_time.date() - timedelta(days=2)
    monday = day - timedelta(days=day.weekday() + 7)
    yield from _morning(context, warehouse, "weekly", [monday], _unfinished(warehouse, "weekly", day))


@schedule(
    job=monthly_reports,
    cron_schedule="23 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every hour: where it is six in the morning for a tenant, freezes the sponsor reports of the last full "
    "month, and looks again at months whose reports are held.",
)
def monthly_report_mornings(
    context: ScheduleEvaluationContext, warehouse: ResourceParam[Warehouse]
) -> Iterator[RunRequest | SkipReason]:
    """The last full month, and months with held reports, in the hour in which it is morning for some tenant."""
    day = context.scheduled_execution_time.date() - timedelta(days=2)
    last_of_previous = day.replace(day=1) - timedelta(days=1)
    first = last_of_previous.replace(day=1)
    yield from _morning(context, warehouse, "monthly", [first], _unfinished(warehouse, "monthly", day))


@schedule(
    job=final_reports,
    cron_schedule="29 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every hour: where it is six in the morning for a tenant, freezes the reports on campaigns that "
    "ended, and looks again at those that are held.",
)
def final_report_mornings(
    context: ScheduleEvaluationContext, warehouse: ResourceParam[Warehouse]
) -> Iterator[RunRequest | SkipReason]:
    """The days on which campaigns ended whose reports have not left, in the hour in which it is morning."""
    yesterday = context.scheduled_execution_time.date() - timedelta(days=1)
    ended = {"first": yesterday - ENDED_WITHIN, "last": yesterday}

    def open_ends(tenants: Sequence[UUID]) -> list[date]:
        found = warehouse.read("read_ended_campaigns", tenants=list(tenants), **ended)
        # Not begun, or looked at in vain.
        is_open = found["state"].is_null() | found["state"].is_in(LOOKED_AT_AGAIN)
        changed = _changed(warehouse, "end_of_campaign", yesterday, tenants)
        return [*found.filter(is_open)["ends_on"], *changed["period_end"]]

    yield from _morning(context, warehouse, "end_of_campaign", [], open_ends)


@schedule(
    job=delivery_worker,
    cron_schedule="3-59/10 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every ten minutes, if a mail or an alert is due: sends what is due, each at most once.",
)
def delivery_ticks(context: ScheduleEvaluationContext, warehouse: ResourceParam[Warehouse]) -> RunRequest | SkipReason:
    """Every ten minutes, if a mail or an alert is due."""
    from reports.delivery.alerts import count_due_alerts

    now = context.scheduled_execution_time
    due = int(warehouse.read("count_due_deliveries", now=now).item()) or count_due_alerts(warehouse.read, now)
    return RunRequest() if due else SkipReason("No mail is due.")


@schedule(
    job=provider_event_reader,
    cron_schedule="7-59/10 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every ten minutes, if EARSHOT_EVENTS is set: reads what the provider reports of mails, each once.",
)
def provider_event_ticks(mailing: ResourceParam[Mailing]) -> RunRequest | SkipReason:
    """Every ten minutes, if there is a source."""
    return RunRequest() if mailing.events.source else SkipReason("No source of provider events is set: EARSHOT_EVENTS.")


@schedule(
    job=feed_reader,
    cron_schedule="41 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every hour, if a feed was added: reads the feeds that are others than when they were last read.",
)
def feed_ticks(context: ScheduleEvaluationContext, warehouse: ResourceParam[Warehouse]) -> RunRequest | SkipReason:
    """Every hour, if a feed is due."""
    due = int(warehouse.read("count_due_feeds", now=context.scheduled_execution_time).item())
    return RunRequest() if due else SkipReason("No feed is due: earshot catalogue add-feed adds one.")


@schedule(
    job=adopted_row_reader,
    cron_schedule="9-59/10 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every ten minutes, where a platform's tables were adopted: brings over what is new in them.",
)
def adopted_row_ticks(warehouse: ResourceParam[Warehouse]) -> RunRequest | SkipReason:
    """Every ten minutes, if a platform's tables were adopted."""
    from sql.adopting.rows import adopted_tables

    return RunRequest() if adopted_tables(warehouse) else SkipReason("No tables were adopted: earshot db adopt.")


def _unfinished(warehouse: Warehouse, cadence: str, today: date) -> Callable[[Sequence[UUID]], list[date]]:
    """Gives the first days of periods of some tenants whose reports are looked at again.

    They are held or pending, or the days that they were made of have changed since, so that a correction may be due.
    """

    def look(tenants: Sequence[UUID]) -> list[date]:
        held = warehouse.read("read_reports", states=list(LOOKED_AT_AGAIN), tenants=list(tenants))
        changed = _changed(warehouse, cadence, today, tenants)
        return [*held.filter(cadence=cadence)["period_start"], *changed["period_start"]]

    return look


def _changed(warehouse: Warehouse, cadence: str, today: date, tenants: Sequence[UUID]) -> "pl.DataFrame":
    """The periods whose reports were made of days that have changed: of read_changed_reports."""
    from assets.reporting.correcting import LOOKED_AT_FOR, TABLES

    since = today - LOOKED_AT_FOR
    return warehouse.read(
        "read_changed_reports", tenants=list(tenants), cadence=cadence, since=since, tables=list(TABLES)
    )


def _morning(
    context: ScheduleEvaluationContext,
    warehouse: Warehouse,
    cadence: str,
    newest: Sequence[date],
    look: Callable[[Sequence[UUID]], list[date]],
) -> Iterator[RunRequest | SkipReason]:
    now = context.scheduled_execution_time
    tenants = warehouse.tenants(Scope())
    failures = FailureLog(warehouse, "schedule", context.log.error, not_done="no report of it is looked at")
    subject = [f"{'final' if cadence == 'end_of_campaign' else cadence}_report_mornings"]
    ids = {slug: UUID(bytes=tenant) for tenant, slug in tenants.select("tenant_id", "slug").iter_rows()}

    def fail(tenant: UUID, error: BaseException) -> None:
        failures.add(tenant, error, subject)

    waking = morning_tenants(tenants, now, lambda slug, error: fail(ids[slug], error))
    firsts = {*newest, *chain.from_iterable(bisect_failures([ids[slug] for slug in waking], look, fail))}
    failures.clear([tenant for tenant in ids.values() if tenant not in failures.tenants], subject)
    if not waking:
        yield SkipReason("It is not the first hour of the morning for any tenant.")
        return
    # A partition that is not there fails the whole clock, and with it everybody's reports.
    cut = partitions_from(loaded_first_day(), now.date())
    partitions = {"weekly": cut.weekly, "monthly": cut.monthly, "end_of_campaign": cut.daily}
    begins = partitions[cadence].start.date()
    if early := [first for first in sorted(firsts) if first < begins]:
        context.log.warning(
            f"Held reports of {', '.join(map(str, early))} are not looked at: the partitions of this process begin on "
            f"{begins}. Reload the code location (Deployment, Reload), or set EARSHOT_FIRST_DAY={early[0]}."
        )
    if not firsts:
        yield SkipReason("No campaign has ended whose report is still to be made.")
    for first in sorted(firsts - set(early)):
        yield RunRequest(
            run_key=f"{cadence}-{first}-{now.isoformat()}",
            partition_key=first.isoformat(),
            run_config={"resources": {"scope": {"config": {"tenants": waking}}}},
            tags={"earshot/day": first.isoformat(), **scope_tags(waking)},
        )


def morning_tenants(
    tenants: "pl.DataFrame",
    now: datetime,
    failed: Callable[[str, BaseException], object] = lambda _slug, _error: None,
) -> list[str]:
    """Slugs of the tenants for whom the local clock shows the first hour of the morning.

    failed: called with the slug of each whose time zone cannot be read.
    """

    def is_waking(some: Sequence[tuple[str, str]]) -> list[str]:
        return [slug for slug, zone in some if now.astimezone(ZoneInfo(zone)).hour == MORNING_HOUR]

    clocks = list(tenants.select("slug", "timezone").iter_rows())
    found = bisect_failures(clocks, is_waking, lambda clock, error: failed(clock[0], error))
    return sorted(chain.from_iterable(found))


SCHEDULES = [
    nightly_days,
    weekly_report_mornings,
    monthly_report_mornings,
    final_report_mornings,
    delivery_ticks,
    provider_event_ticks,
    feed_ticks,
    adopted_row_ticks,
]
