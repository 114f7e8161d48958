"""Drafting: a report that is there already, as it would leave now.

Here: from a row of the archive to its draft, and making such a report by itself.
Not here: building (building.py), showing drafts (reports/rendering/preview.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from assets.reporting.building import BuiltReport, Draft, ReportBuilder
from assets.reporting.figures.periods import ReportPeriod, period_of
from assets.reporting.figures.subscriptions import Tenant
from sql.values import PermanentError

Row = Mapping[str, Any]


def draft_of(builder: ReportBuilder, row: Row) -> Draft:
    """The draft of a report that was begun. row: of find_reports or read_reports.

    Raises PermanentError where no campaign of it runs any more, or its subscription has gone.
    """
    tenant = _tenant(builder, row)
    draft = builder.draft(tenant, _period(tenant, row), UUID(bytes=row["subscription_id"]))
    if draft is None:
        raise PermanentError(
            f"No campaign of {row['sponsor']} ran from {row['period_start']} to {row['period_end']}: nothing to show"
        )
    return draft


def build_again(builder: ReportBuilder, row: Row) -> BuiltReport:
    """Build one report that was begun, as the morning's run does. row: of find_reports."""
    tenant = _tenant(builder, row)
    built = list(builder.build(tenant, _period(tenant, row), subscriptions=[UUID(bytes=row["subscription_id"])]))
    if not built:
        raise PermanentError(
            f"The subscription of report {UUID(bytes=row['report_id']).hex[:8]} is not active (any more): "
            "`earshot reports subscriptions list` shows them"
        )
    return built[0]


def _tenant(builder: ReportBuilder, row: Row) -> Tenant:
    tenants = builder.warehouse.read("read_tenants").filter(tenant_id=row["tenant_id"])
    return Tenant.of(tenants.row(0, named=True))


def _period(tenant: Tenant, row: Row) -> ReportPeriod:
    return period_of(row["cadence"], row["period_start"], row["period_end"], tenant.timezone)
