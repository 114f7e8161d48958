"""Privacy assets: what is taken out of the raw rows in time.

Here: the wiring, and what an operator sees of it.
Not here: what goes and what stays (expiry.py).
"""

from datetime import UTC, datetime

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.resources import Measurement
from sql.values import Scope
from sql.warehouse import Warehouse


@asset(group_name="upkeep", kinds={"postgres"})
def expired_addresses(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """Raw addresses older than their tenant's address_days are replaced by the keys made of them (event_keys,
    attribution_event_keys); lines of that age that could not be stored are deleted."""
    from assets.privacy.expiry import expire_addresses

    rows: list[tuple[object, ...]] = []
    total = 0
    chosen = scope
    for gone in expire_addresses(warehouse, chosen, measurement.ranges, measurement.keyring, datetime.now(UTC)):
        replaced = gone.addresses + gone.signals
        context.log.info(f"{gone.slug}, {gone.day}: {replaced} addresses replaced by keys")
        rows.append((gone.slug, gone.day, f"{gone.addresses:,}", f"{gone.signals:,}"))
        total += replaced
    counted = ("of requests", "of attribution events")
    shown = table(("tenant", "day", *counted), rows, right=counted)
    return MaterializeResult(metadata={"addresses": MetadataValue.int(total), "table": MetadataValue.md(shown)})
