"""Method assets: each tenant's methodology, kept and shown.

Here: the wiring, and what an operator sees of it.
Not here: what a page says (methodology.py), keeping it (publishing.py).
"""

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.methods.publishing import publish_methodologies
from assets.resources import Measurement, ScopeResource
from sql.warehouse import Warehouse

# Pages shown in full in the UI; the versions of all are in the table.
MOST_PAGES = 20


@asset(group_name="upkeep", kinds={"postgres"})
def methodologies(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ScopeResource,
) -> MaterializeResult[None]:
    """How each tenant's numbers are made: a page from the configuration in force, kept whenever it changes."""
    chosen = scope.resolve(warehouse)
    found = list(publish_methodologies(warehouse, chosen, measurement.rules, measurement.ranges, measurement.keyring))
    for page in found:
        if page.is_new:
            context.log.info(f"{page.slug} measures by another methodology from now on: {page.methodology.version}")
    rows = [f"| {page.slug} | {page.methodology.version} | {'new' if page.is_new else 'as before'} |" for page in found]
    return MaterializeResult(
        metadata={
            "versions": MetadataValue.md(
                "\n".join(["| tenant | version | since the last run |", "|---|---|---|", *rows])
            ),
            "new": MetadataValue.int(sum(page.is_new for page in found)),
            **{f"page: {page.slug}": MetadataValue.md(page.methodology.markdown) for page in found[:MOST_PAGES]},
        }
    )
