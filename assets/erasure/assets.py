"""Erasure assets: requests of erasure that wait are carried out.

Here: the wiring, and what an operator sees of it: counts, and never whom.
Not here: the requests (requesting.py), erasing (erasing.py).
"""

from collections import Counter
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


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres", "parquet"})
def erased_listeners(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
    archive: ResourceParam[Archive],
) -> Iterator[MaterializeResult[None]]:
    """Listeners and households that were left to be erased (`earshot privacy erase --later`) are in no table and no
    archived file; their days are stale, and computed again without them."""
    from assets.erasure.requesting import carry_out
    from assets.importing.sources.places import Place

    refuse_campaigns(scope, ["erased_listeners"])
    refuse_partial(scope, ["erased_listeners"])
    failures = FailureLog(warehouse, "privacy", context.log.error, UUID(context.run.run_id), "listeners not erased")
    root = Place(archive.location) if archive.location else None
    requests: Counter[str] = Counter()
    before: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    days = archived_days = archived_rows = 0
    for done in carry_out(warehouse, scope, measurement.keyring, root, failures):
        erasure = done.erasure
        context.log.info(f"{done.slug}: request {done.request.hex[:8]} is done, {len(erasure.days):,} day(s) are stale")
        requests[done.slug] += 1
        before.update({(done.slug, name): count for name, count in erasure.before.items()})
        after.update({(done.slug, name): count for name, count in erasure.after.items()})
        days += len(erasure.days)
        archived_days += erasure.archived_days
        archived_rows += erasure.archived_rows
    counted = ("requests", "rows before", "rows after")
    rows = [
        (slug, name, requests[slug], f"{count:,}", f"{after[slug, name]:,}")
        for (slug, name), count in before.items()
        if count
    ]
    yield MaterializeResult(
        metadata={
            "requests": MetadataValue.int(requests.total()),
            "rows_before": MetadataValue.int(before.total()),
            "rows_after": MetadataValue.int(after.total()),
            "days": MetadataValue.int(days),
            "archived_days": MetadataValue.int(archived_days),
            "archived_rows": MetadataValue.int(archived_rows),
            "table": MetadataValue.md(table(("tenant", "table", *counted), rows, right=counted)),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )
    fail_for_tenants("Requests of erasure could not be carried out, and wait", failures.found)
