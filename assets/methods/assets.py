"""Method assets: each tenant's methodology, kept and shown.

Here: the wiring, and what an operator sees of it.
Not here: what a page says (methodology.py), keeping it (publishing.py).
"""

from datetime import UTC, datetime
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
)

from assets.markdown import table
from assets.resources import Measurement
from sql.values import Scope
from sql.warehouse import Warehouse

# Pages shown in full in the UI; the versions of all are in the table.
MOST_PAGES = 20


@asset(group_name="upkeep", kinds={"postgres"})
def methodologies(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """How each tenant's numbers are made: a page from the configuration in force, kept whenever it changes."""
    from assets.methods.publishing import publish_methodologies

    chosen = scope
    found = list(publish_methodologies(warehouse, chosen, measurement.rules, measurement.ranges, measurement.keyring))
    for page in found:
        if page.is_new:
            context.log.info(f"{page.slug} measures by another methodology from now on: {page.methodology.version}")
    rows = [(page.slug, page.methodology.version, "new" if page.is_new else "as before") for page in found]
    return MaterializeResult(
        metadata={
            "versions": MetadataValue.md(table(("tenant", "version", "since the last run"), rows)),
            "new": MetadataValue.int(sum(page.is_new for page in found)),
            **{f"page: {page.slug}": MetadataValue.md(page.methodology.markdown) for page in found[:MOST_PAGES]},
        }
    )


@asset_check(asset="methodologies", name="check_inclusions_valid")
def check_inclusions_valid(warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]) -> AssetCheckResult:
    """Every shared address on an inclusion list was validated within 90 days; older entries no longer count."""
    from assets.methods.inclusions import lapsing_inclusions

    tenants = warehouse.tenants(scope)
    entries = warehouse.read("read_ip_inclusions", tenants=[UUID(bytes=each) for each in tenants["tenant_id"]])
    found = lapsing_inclusions(entries, datetime.now(UTC).date()).join(
        tenants.select("tenant_id", "slug"), on="tenant_id", validate="m:1"
    )
    lapsed = found.filter(found["days_left"] < 0)
    rows = [
        (slug, network, reason, through, "no" if left < 0 else "yes")
        for slug, network, reason, through, left in found.sort("counts_through", "slug", "network")
        .select("slug", "network", "reason", "counts_through", "days_left")
        .iter_rows()
    ]
    headings = ("tenant", "network", "reason", "counts through", "still counts")
    return AssetCheckResult(
        passed=lapsed.is_empty(),
        severity=AssetCheckSeverity.WARN,
        description=(
            "No entry of an inclusion list has lapsed."
            if lapsed.is_empty()
            else f"{lapsed.height} entry(s) have lapsed and no longer count: look at the network again, then set "
            "ip_inclusions.validated_at, or delete the entry."
        ),
        metadata={
            "lapsed": MetadataValue.int(lapsed.height),
            "lapsing_soon": MetadataValue.int(found.height - lapsed.height),
            "entries": MetadataValue.int(entries.height),
            "table": MetadataValue.md(table(headings, rows)),
        },
    )
