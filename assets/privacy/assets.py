"""Privacy assets: what is taken out of the raw rows in time.

Here: the wiring, and what an operator sees of it.
Not here: what goes and what stays (expiry.py).
"""

from collections.abc import Iterator
from uuid import UUID

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.partitions import describe_failures, fail_for_tenants, refuse_campaigns, refuse_partial
from assets.resources import Measurement
from assets.steps import OWNERS
from sql.failures import FailureLog
from sql.values import Scope
from sql.warehouse import Warehouse


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def rotated_keys(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
) -> Iterator[MaterializeResult[None]]:
    """Stored keys of every tenant are of the newest version of its key ring, so that no listener is split by it."""
    from assets.privacy.rotation import rotate_keys

    refuse_campaigns(scope, ["rotated_keys"])
    refuse_partial(scope, ["rotated_keys"])
    failures = FailureLog(warehouse, "privacy", context.log.error, UUID(context.run.run_id), "keys not rotated")
    rows: list[tuple[object, ...]] = []
    total = 0
    for done in rotate_keys(warehouse, scope, measurement.keyring, "the nightly upkeep", failures):
        changed = sum(done.rows.values())
        context.log.info(f"{done.slug}: version {done.before} became {done.version}, in {changed:,} rows")
        rows.append((done.slug, done.before, done.version, f"{changed:,}"))
        total += changed
    counted = ("version before", "version", "rows")
    yield MaterializeResult(
        metadata={
            "tenants": MetadataValue.int(len(rows)),
            "rows": MetadataValue.int(total),
            "table": MetadataValue.md(table(("tenant", *counted), rows, right=counted)),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )
    fail_for_tenants("Keys could not be brought to the newest version of the ring", failures.found)


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def expired_addresses(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
) -> Iterator[MaterializeResult[None]]:
    """Raw addresses older than their tenant's address_days are replaced by the keys made of them (event_keys,
    attribution_event_keys); lines of that age that could not be stored are deleted."""
    from assets.privacy.expiry import expire_addresses

    rows: list[tuple[object, ...]] = []
    total = 0
    refuse_campaigns(scope, ["expired_addresses"])
    refuse_partial(scope, ["expired_addresses"])
    failures = FailureLog(warehouse, "privacy", context.log.error, UUID(context.run.run_id), "addresses not replaced")
    now = warehouse.clock()
    for gone in expire_addresses(warehouse, scope, measurement.ranges, measurement.keyring, now, failures):
        replaced = gone.addresses + gone.signals
        context.log.info(f"{gone.slug}, {gone.day}: {replaced} addresses replaced by keys")
        rows.append((gone.slug, gone.day, f"{gone.addresses:,}", f"{gone.signals:,}"))
        total += replaced
    counted = ("of requests", "of attribution events")
    shown = table(("tenant", "day", *counted), rows, right=counted)
    yield MaterializeResult(
        metadata={
            "addresses": MetadataValue.int(total),
            "table": MetadataValue.md(shown),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )
    fail_for_tenants("Addresses that are due could not be replaced by keys", failures.found)
