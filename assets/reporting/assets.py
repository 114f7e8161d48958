"""Reporting assets: weekly and monthly sponsor reports, and the mails that carry them.

Here: the wiring, and what an operator sees of it.
Not here: how a report is built (building.py), how a mail leaves (reports/delivery).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import AssetDep, AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.partitions import local_period, monthly, weekly
from assets.resources import Mailing, Measurement
from assets.upkeep.assets import DAILY_ASSETS
from sql.values import Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.reporting.building import Built
    from assets.reporting.periods import ReportPeriod

FROM_DAYS = [
    AssetDep("campaign_roi", partition_mapping=local_period),
    AssetDep("tenant_checks", partition_mapping=local_period),
]


@asset(group_name="reporting", deps=FROM_DAYS, partitions_def=weekly, kinds={"typst", "postgres"})
def weekly_sponsor_reports(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    mailing: ResourceParam[Mailing],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """Each sponsor's report on a tenant-local week, frozen once its days are final and passed their checks."""
    from assets.reporting.periods import week_of

    return _report(context, warehouse, measurement, mailing, scope, week_of)


@asset(group_name="reporting", deps=FROM_DAYS, partitions_def=monthly, kinds={"typst", "postgres"})
def monthly_sponsor_reports(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    mailing: ResourceParam[Mailing],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """Each sponsor's report on a tenant-local month, frozen once its days are final and passed their checks."""
    from assets.reporting.periods import month_of

    return _report(context, warehouse, measurement, mailing, scope, month_of)


@asset(
    group_name="reporting", deps=["weekly_sponsor_reports", "monthly_sponsor_reports"], kinds={"sendgrid", "postgres"}
)
def report_deliveries(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], mailing: ResourceParam[Mailing]
) -> MaterializeResult[None]:
    """The mails that were due, each sent at most once; what became of them."""
    from reports.delivery import Outbox, make_transport

    summary = Outbox(warehouse).run(make_transport(mailing.transport), datetime.now(UTC), progress=context.log.info)
    for note in (*summary.notes, *([summary.paused] if summary.paused else [])):
        context.log.warning(note)
    return MaterializeResult(
        metadata={
            "handled": summary.handled,
            "expired": summary.expired,
            "summary": str(summary),
            **{f"mails_{state}": count for state, count in summary.results.items()},
        }
    )


def _report(
    context: AssetExecutionContext,
    warehouse: Warehouse,
    measurement: Measurement,
    mailing: Mailing,
    scope: ResourceParam[Scope],
    period_of: Callable[[date, str], "ReportPeriod"],
) -> MaterializeResult[None]:
    from assets.methods.publishing import publish_methodologies
    from assets.reporting.building import Workshop, build_reports
    from reports.archive import Made

    first = context.partition_time_window.start.date()
    made = Made(UUID(context.run.run_id), mailing.code_version, datetime.now(UTC))
    shop = Workshop(warehouse, DAILY_ASSETS, made, mailing.view_base_url, mailing.fonts_path)
    chosen = scope
    # Reports name the methodology in force, so that one is kept first.
    for page in publish_methodologies(warehouse, chosen, measurement.rules, measurement.ranges, measurement.keyring):
        if page.is_new:
            context.log.info(f"{page.slug} measures by another methodology from now on: {page.methodology.version}")
    built: list[Built] = []
    for tenant in warehouse.tenants(chosen).iter_rows(named=True):
        for report in build_reports(shop, tenant, period_of(first, tenant["timezone"]), chosen.campaigns):
            context.log.info(f"{report.tenant}, {report.sponsor}, {report.campaign}: {report.state} {report.reason}")
            built.append(report)
    return MaterializeResult(metadata=_told(built))


def _told(built: "list[Built]") -> dict[str, MetadataValue]:
    from assets.reporting.building import count_states

    headings = ("tenant", "sponsor", "campaign", "state", "mails", "reason")
    rows = ((b.tenant, b.sponsor, b.campaign, b.state, b.mails, b.reason) for b in built)
    return {
        "reports": MetadataValue.int(len(built)),
        "mails": MetadataValue.int(sum(report.mails for report in built)),
        "table": MetadataValue.md(table(headings, rows, right=["mails"])),
        **{state: MetadataValue.int(count) for state, count in count_states(built).items()},
    }
