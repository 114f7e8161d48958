"""Reporting assets: weekly, monthly and final sponsor reports, and the mails that carry them.

Here: the wiring, and what an operator sees of it.
Not here: how a report is built (building.py), how a mail leaves (reports/delivery).
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    MetadataValue,
    PartitionsDefinition,
    ResourceParam,
    asset,
)

from assets.markdown import table
from assets.partitions import (
    daily,
    describe_failures,
    describe_scope,
    fail_for_tenants,
    local_period,
    monthly,
    refuse_partial,
    weekly,
)
from assets.resources import Mailing, Measurement
from assets.steps import OWNERS, VERDICT
from sql.values import Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

    from assets.reporting.building import BuiltReport
    from assets.reporting.making import Tasks

FROM_DAYS = [AssetDep(name, partition_mapping=local_period) for name in ("campaign_roi", VERDICT)]


def report_asset(
    name: str, partitions: PartitionsDefinition, cadence: str, tasks_of: Callable[[date], "Tasks"], description: str
) -> AssetsDefinition:
    """The reports of one cadence, of every tenant; a tenant whose reports cannot be made fails the run by its name.

    tasks_of: what is to be built of the partition that begins on a day, per tenant.
    """

    @asset(
        name=name,
        group_name="reporting",
        owners=OWNERS["reporting"],
        deps=FROM_DAYS,
        partitions_def=partitions,
        kinds={"typst", "postgres"},
        description=description,
    )
    def sponsor_reports(
        context: AssetExecutionContext,
        warehouse: ResourceParam[Warehouse],
        measurement: ResourceParam[Measurement],
        mailing: ResourceParam[Mailing],
        scope: ResourceParam[Scope],
    ) -> Iterator[MaterializeResult[None]]:
        from assets.reporting.making import make_reports, report_builder
        from reports.archive import Provenance

        subject = [name]
        refuse_partial(scope, subject)
        first, log = context.partition_time_window.start.date(), context.log
        provenance = Provenance(UUID(context.run.run_id), mailing.code_version, warehouse.clock())
        made = make_reports(
            report_builder(warehouse, mailing, provenance),
            measurement,
            scope,
            tasks_of(first),
            subject=subject,
            first=first,
            log=log.info,
            log_error=log.error,
        )
        states = warehouse.read("count_reports", cadence=cadence, first=first)
        about = {"scope": MetadataValue.text(describe_scope(scope, warehouse.tenants(scope)))}
        shown = {"failures": describe_failures(made.failed)} if made.failed else {}
        yield MaterializeResult(metadata={**about, **_metadata(made.built, states), **shown})
        # Last, so that the run shows what it made for the others.
        fail_for_tenants("Reports could not be made as they should", made.failed)

    return sponsor_reports


def _week_tasks(first: date) -> "Tasks":
    from assets.reporting.figures.periods import week_of
    from assets.reporting.making import period_tasks

    return period_tasks(week_of, first)


def _month_tasks(first: date) -> "Tasks":
    from assets.reporting.figures.periods import month_of
    from assets.reporting.making import period_tasks

    return period_tasks(month_of, first)


def _ending_tasks(last: date) -> "Tasks":
    from assets.reporting.making import ending_tasks

    return ending_tasks(last)


_FROZEN = "frozen once its days are final and passed their checks."
weekly_sponsor_reports = report_asset(
    "weekly_sponsor_reports",
    weekly,
    "weekly",
    _week_tasks,
    f"Each sponsor's report on a tenant-local week, {_FROZEN}",
)
monthly_sponsor_reports = report_asset(
    "monthly_sponsor_reports",
    monthly,
    "monthly",
    _month_tasks,
    f"Each sponsor's report on a tenant-local month, portfolios of all campaigns included, {_FROZEN}",
)
final_sponsor_reports = report_asset(
    "final_sponsor_reports",
    daily,
    "end_of_campaign",
    _ending_tasks,
    f"The reports on the whole flight of each campaign that ended on this tenant-local day, {_FROZEN}",
)


@asset(
    group_name="reporting",
    owners=OWNERS["reporting"],
    deps=[weekly_sponsor_reports, monthly_sponsor_reports, final_sponsor_reports],
    kinds={"sendgrid", "postgres"},
)
def report_deliveries(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], mailing: ResourceParam[Mailing]
) -> MaterializeResult[None]:
    """The mails that were due, each sent at most once; what became of them, and the alerts about it."""
    from assets.reporting.mails import describe_mails
    from reports.delivery import Outbox, make_transport
    from reports.delivery.alerts import alert_owners, channels_of

    transport = make_transport(mailing.transport)
    outbox = Outbox(warehouse, mailing.transport.at_once)
    summary = outbox.run(transport, warehouse.clock(), progress=context.log.info)
    alerts = alert_owners(warehouse, channels_of(mailing.transport), warehouse.clock())
    for note in (*summary.notes, *([summary.paused] if summary.paused else []), *alerts.notes):
        context.log.warning(note)
    return MaterializeResult(
        metadata={
            "handled": summary.handled,
            "expired": summary.expired,
            "summary": str(summary),
            "alerts": str(alerts),
            "mails_of_the_last_day": MetadataValue.md(describe_mails(warehouse.read, warehouse.clock())),
            **{f"mails_{state}": count for state, count in summary.results.items()},
        }
    )


@asset(
    group_name="reporting",
    owners=OWNERS["reporting"],
    kinds={"sendgrid", "postgres"},
)
def provider_events(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], mailing: ResourceParam[Mailing]
) -> MaterializeResult[None]:
    """What the provider reports of mails: delivered, bounced, dropped. Each stored request is read once."""
    from reports.delivery.alerts import alert_owners, channels_of
    from reports.delivery.events import EventReader
    from reports.delivery.reconcile import PROOFS

    if not mailing.events.source:
        return MaterializeResult(metadata={"summary": "No source of provider events is set: EARSHOT_EVENTS."})
    read = EventReader(warehouse, mailing.events).run(warehouse.clock(), context.log.info)
    alerts = alert_owners(warehouse, channels_of(mailing.transport), warehouse.clock())
    for note in (*(f"{name} was set aside: {cause}" for name, cause in read.refused.items()), *alerts.notes):
        context.log.warning(note)
    return MaterializeResult(
        metadata={
            "requests": read.applied,
            "set_aside": len(read.refused),
            "bad_events": read.result.bad,
            "suppressed": read.result.suppressed,
            "summary": str(read),
            "alerts": str(alerts),
            **{f"events_{event}": count for event, count in read.result.applied.items() if event in PROOFS},
            **({"refused": MetadataValue.md(table(("request", "why"), read.refused.items()))} if read.refused else {}),
        }
    )


def _metadata(built: "list[BuiltReport]", states: "pl.DataFrame") -> dict[str, MetadataValue]:
    """The period's reports over all tenants, which the UI plots, and this run's share. states: of count_reports.

    A run is about the tenants for whom it is morning, so its own numbers would draw drops into the plots of all.
    """
    from assets.reporting.building import count_states

    headings = ("tenant", "sponsor", "campaign", "state", "mails", "reason")
    rows = ((b.tenant, b.sponsor, b.campaign, b.state, b.mails, b.reason) for b in built)
    return {
        "reports": MetadataValue.int(int(states["reports"].sum())),
        **{state: MetadataValue.int(count) for state, count in states.iter_rows()},
        "reports_of_this_run": MetadataValue.int(len(built)),
        "mails_of_this_run": MetadataValue.int(sum(report.mails for report in built)),
        **{f"{state}_in_this_run": MetadataValue.int(count) for state, count in count_states(built).items()},
        "table": MetadataValue.md(table(headings, rows, right=["mails"])),
    }
