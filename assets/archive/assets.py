"""Archive assets: raw rows that a tenant has kept long enough leave the tables for files.

Here: the wiring, and what an operator sees of it.
Not here: what is due, archived and dropped (keeping.py).
"""

from collections.abc import Iterator
from uuid import UUID

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.partitions import describe_failures, fail_for_tenants, refuse_campaigns, refuse_partial
from assets.resources import Archive, Measurement
from assets.steps import OWNERS
from sql.failures import FailureLog
from sql.values import Scope
from sql.warehouse import Warehouse


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres", "parquet"}, deps=["expired_addresses"])
def archived_rows(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
    archive: ResourceParam[Archive],
) -> Iterator[MaterializeResult[None]]:
    """Raw rows older than their tenant's raw_days lie as Parquet in the archive, were read back, and are dropped."""
    from assets.archive.keeping import Archiving, archive_rows
    from assets.importing.sources.places import Place

    refuse_campaigns(scope, ["archived_rows"])
    refuse_partial(scope, ["archived_rows"])
    failures = FailureLog(warehouse, "privacy", context.log.error, UUID(context.run.run_id), "raw rows not archived")
    tools = Archiving(Place(archive.location) if archive.location else None, measurement.ranges, measurement.keyring)
    found = list(archive_rows(warehouse, scope, tools, warehouse.clock(), failures))
    for each in found:
        if each.waits:
            context.log.warning(f"{each.slug}, {each.day} waits: {each.waits}")
    done = [each for each in found if not each.waits]
    rows = [
        (each.slug, each.day, f"{each.rows:,}", f"{each.bytes:,}", f"{each.dropped:,}", each.waits or each.place)
        for each in found
    ]
    counted = ("rows", "bytes", "dropped")
    yield MaterializeResult(
        metadata={
            "days": MetadataValue.int(len(done)),
            "waiting": MetadataValue.int(len(found) - len(done)),
            "rows": MetadataValue.int(sum(each.rows for each in done)),
            "bytes": MetadataValue.int(sum(each.bytes for each in done)),
            "dropped": MetadataValue.int(sum(each.dropped for each in done)),
            "table": MetadataValue.md(table(("tenant", "day", *counted, "where"), rows, right=counted)),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )
    fail_for_tenants("Raw rows that are due could not be archived, and stay", failures.found)
