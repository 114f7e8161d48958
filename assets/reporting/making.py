"""Making: the reports of many tenants in one go, where one tenant's trouble stays that tenant's.

Here: going over tenants, the methodology that their reports name, and who could not be served.
Not here: one report (building.py), which periods there are (figures/periods.py), what the orchestrator shows
(assets.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import polars as pl

from assets.methods.publishing import publish_methodologies
from assets.reporting.building import BuiltReport, ReportBuilder
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Tenant
from assets.resources import Mailing, Measurement
from assets.steps import DAILY_ASSETS
from reports.archive import Provenance
from sql.failures import FailureLog, TenantFailure, is_isolatable
from sql.values import Reader, Scope
from sql.warehouse import Warehouse

Log = Callable[[str], object]
# A tenant's periods that are looked at, each with the subscriptions to keep to (None: all of the period's cadence).
Task = tuple[ReportPeriod, Sequence[UUID] | None]
Tasks = Callable[[Reader, Tenant], Iterable[Task]]


@dataclass(slots=True)
class Made:
    """What became of all reports, and the tenants for whom it could not be done."""

    built: list[BuiltReport] = field(default_factory=list)
    failed: list[TenantFailure] = field(default_factory=list)


def report_builder(warehouse: Warehouse, mailing: Mailing, provenance: Provenance) -> ReportBuilder:
    """The builder of reports under the settings in force."""
    return ReportBuilder(warehouse, DAILY_ASSETS, provenance, mailing.view_links, mailing.fonts_path)


def make_reports(
    builder: ReportBuilder,
    measurement: Measurement,
    scope: Scope,
    tasks: Tasks,
    *,
    subject: Sequence[str],
    first: date,
    log: Log,
    log_error: Log,
) -> Made:
    """Build what the tasks of each tenant of the scope name. subject and first: what failures are noted under.

    Reports name the methodology in force, so that one is kept first; a tenant for which it cannot be kept waits.
    """
    warehouse, run_id = builder.warehouse, builder.provenance.run_id
    unmeasured = FailureLog(warehouse, "methodology", log_error, run_id, "methodology not kept")
    measured = (measurement.rules, measurement.ranges, measurement.keyring)
    list(publish_methodologies(warehouse, scope, *measured, unmeasured, log))
    waits_for = {
        failure.tenant_id: f"Its methodology could not be kept: {failure.cause}" for failure in unmeasured.found
    }
    failures = FailureLog(warehouse, "reports", log_error, run_id, "reports not made")
    made, done = Made(), []
    for row in warehouse.tenants(scope).iter_rows(named=True):
        tenant = Tenant.of(row)
        trouble = None
        try:
            for report in _build(builder, tenant, tasks, scope.campaigns, waits_for.get(tenant.tenant_id, "")):
                log(f"{report.tenant}, {report.sponsor}, {report.campaign}: {report.state} {report.reason}")
                made.built.append(report)
                trouble = trouble or report.error
        except BaseException as error:
            if not is_isolatable(error):
                raise
            trouble = error
        if trouble is None:
            done.append(tenant.tenant_id)
        else:
            failures.add(tenant.tenant_id, trouble, subject, first)
    failures.clear(done, subject, first)
    made.failed = [*unmeasured.found, *failures.found]
    return made


def _build(
    builder: ReportBuilder, tenant: Tenant, tasks: Tasks, campaigns: Sequence[UUID], waits_for: str
) -> Iterator[BuiltReport]:
    """The reports that a tenant's tasks name, as they are built. waits_for: why they all wait; empty: none does."""
    with builder.warehouse.as_tenant(tenant.tenant_id) as read:
        wanted = list(tasks(read, tenant))
    for period, subscriptions in wanted:
        yield from builder.build(tenant, period, campaigns, waits_for, subscriptions)


def period_tasks(period_of: Callable[[date, str], ReportPeriod], first: date) -> Tasks:
    """All subscriptions of the week or month that begins on this day."""
    return lambda _read, tenant: [(period_of(first, tenant.timezone), None)]


def ending_tasks(last: date) -> Tasks:
    """The subscriptions to the ends of campaigns whose flight ended on this local day, each with its flight."""
    from assets.reporting.figures.periods import campaign_of

    def tasks(read: Reader, tenant: Tenant) -> Iterable[Task]:
        found = read("read_ended_campaigns", tenants=[tenant.tenant_id], first=last, last=last)
        for (starts_on,), rows in found.group_by(pl.col("starts_on"), maintain_order=True):
            assert isinstance(starts_on, date)  # noqa: S101
            chosen = [UUID(bytes=each) for each in rows["subscription_id"]]
            yield campaign_of(starts_on, last, tenant.timezone), chosen

    return tasks
