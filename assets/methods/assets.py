"""Method assets: each tenant's methodology, kept and shown.

Here: the wiring, and what an operator sees of it.
Not here: what a page contains (methodology.py), keeping it (publishing.py).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    asset,
    asset_check,
    get_dagster_logger,
)

from assets.markdown import table
from assets.partitions import describe_failures, refuse_campaigns, refuse_partial
from assets.resources import Measurement
from assets.steps import OWNERS
from sql.failures import FailureLog, TenantFailure, bisect_failures
from sql.values import Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

# Pages shown in full in the UI; the versions of all are in the table.
MOST_PAGES = 20


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def methodologies(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """How each tenant's numbers are made: a page from the configuration in force, kept whenever it changes."""
    from assets.methods.publishing import publish_methodologies

    refuse_campaigns(scope, ["methodologies"])
    refuse_partial(scope, ["methodologies"])
    failures = FailureLog(warehouse, "methodology", context.log.error, UUID(context.run.run_id), "not kept")
    measured = (measurement.rules, measurement.ranges, measurement.keyring)
    found = list(publish_methodologies(warehouse, scope, *measured, failures, context.log.info))
    rows = [(page.slug, page.methodology.version, "new" if page.is_new else "as before") for page in found]
    return MaterializeResult(
        metadata={
            "versions": MetadataValue.md(table(("tenant", "version", "since the last run"), rows)),
            "new": MetadataValue.int(sum(page.is_new for page in found)),
            **{f"page: {page.slug}": MetadataValue.md(page.methodology.markdown) for page in found[:MOST_PAGES]},
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        },
    )


@asset_check(asset="methodologies", name="check_inclusions_valid")
def check_inclusions_valid(warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]) -> AssetCheckResult:
    """Every shared address on an inclusion list was validated within 90 days; older entries no longer count."""
    from assets.methods.inclusions import lapsing_inclusions

    tenants = warehouse.tenants(scope)
    today = datetime.now(UTC).date()
    failures = FailureLog(warehouse, "check", get_dagster_logger().error, not_done="its inclusion list not looked at")

    def look(ids: Sequence[UUID]) -> "tuple[Sequence[UUID], int, pl.DataFrame]":
        entries = warehouse.read("read_ip_inclusions", tenants=list(ids))
        return ids, entries.height, lapsing_inclusions(entries, today)

    ids = [UUID(bytes=each) for each in tenants["tenant_id"]]
    subject = ["check_inclusions_valid"]
    parts = list(bisect_failures(ids, look, lambda tenant, error: failures.add(tenant, error, subject)))
    failures.clear([tenant for done, _, _ in parts for tenant in done], subject)
    return _judge_inclusions(
        [found for _, _, found in parts],
        sum(entries for _, entries, _ in parts),
        tenants,
        failures.found,
    )


def _judge_inclusions(
    parts: "Sequence[pl.DataFrame]", entries: int, tenants: "pl.DataFrame", failures: Sequence[TenantFailure]
) -> AssetCheckResult:
    """parts: of lapsing_inclusions, for the tenants that could be looked at."""
    slugs = dict(tenants.select("tenant_id", "slug").iter_rows())
    columns = ("counts_through", "tenant_id", "network", "reason", "days_left")
    found = sorted(
        (through, slugs[tenant], network, reason, left)
        for part in parts
        for through, tenant, network, reason, left in part.select(columns).iter_rows()
    )
    lapsed = [entry for entry in found if entry[-1] < 0]
    rows = [
        (slug, network, reason, through, "no" if left < 0 else "yes") for through, slug, network, reason, left in found
    ]
    headings = ("tenant", "network", "reason", "counts through", "still counts")
    sentences = [_describe_lapsed(lapsed)] if lapsed else []
    sentences += [f"{failure.where}: the list could not be looked at. {failure.cause}" for failure in failures]
    return AssetCheckResult(
        passed=not sentences,
        severity=AssetCheckSeverity.WARN,
        description=" ".join(sentences) or "No entry of an inclusion list has lapsed.",
        metadata={
            "lapsed": MetadataValue.int(len(lapsed)),
            "lapsing_soon": MetadataValue.int(len(found) - len(lapsed)),
            "entries": MetadataValue.int(entries),
            "table": MetadataValue.md(table(headings, rows)),
        },
    )


def _describe_lapsed(lapsed: Sequence[tuple[date, str, str, str, int]]) -> str:
    """lapsed: until when it counted, slug, network, reason, days left; the oldest first."""
    named = ", ".join(f"{network} of {slug} since {through}" for through, slug, network, _, _ in lapsed[:3])
    more = f" and {len(lapsed) - 3} more" if len(lapsed) > 3 else ""
    return (
        f"{len(lapsed)} entry(s) have lapsed and no longer count: {named}{more}. Look at the network again, then set "
        "ip_inclusions.validated_at, or delete the entry."
    )
