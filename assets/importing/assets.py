"""Importing assets: what is new in the sources of every tenant, imported.

Here: the wiring, tenants whose source cannot be read, and what an operator sees of a run.
Not here: reading a source (sources/reading.py), when a run is wanted (pipelines/sensors.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.steps import OWNERS
from sql.failures import FailureLog, is_isolatable
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.importing.sources.configured import Source
    from assets.importing.sources.reading import SourceRead

HEADINGS = ("source", "objects", "lines", "stored", "already there", "rejected", "set aside", "newest", "lag, hours")


@asset(group_name="raw", owners=OWNERS["raw"], kinds={"timescale"})
def imported_logs(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]
) -> MaterializeResult[None]:
    """New and changed objects of every tenant's sources, each imported once; a bad one is set aside by itself."""
    from assets.importing.sources.configured import sources_of
    from assets.importing.sources.objects import importer
    from assets.importing.sources.reading import read_source

    tenants = [UUID(bytes=each) for each in warehouse.tenants(scope)["tenant_id"]]
    failures = FailureLog(warehouse, "importing", context.log.error, UUID(context.run.run_id), "not imported")
    read: list[SourceRead] = []
    for source in sources_of(warehouse, tenants):
        try:
            read.append(read_source(warehouse, source, importer(warehouse, "earshot"), context.log.info))
        except BaseException as error:
            if not is_isolatable(error):
                raise
            failures.add(source.tenant, error, [source.name])
            continue
        note_set_aside(warehouse, source, failures)
    return MaterializeResult(metadata=describe(read, failures))


def note_set_aside(warehouse: Warehouse, source: "Source", failures: FailureLog) -> None:
    """Objects that are set aside stay an open failure of the source, until none is."""
    found = warehouse.rows("read_import_objects", tenant=source.tenant, source=source.name, states=["quarantined"])
    if not found:
        failures.clear([source.tenant], [source.name])
        return
    newest = found[0]
    cause = PermanentError(
        f"{len(found)} object(s) of {source.title} are set aside, the last one {newest['object']}: {newest['reason']}. "
        f"`earshot sources check {source.title}` lists them, `earshot sources retry {source.title}` reads them again"
    )
    failures.add(source.tenant, cause, [source.name])


def describe(read: "Sequence[SourceRead]", failures: FailureLog) -> dict[str, MetadataValue]:
    """What the UI shows and plots of a run."""
    rows = [
        (
            each.source.title,
            each.imported,
            each.lines,
            each.stored,
            each.present,
            each.rejected,
            len(each.quarantined),
            f"{each.newest:%Y-%m-%d %H:%M} UTC" if each.newest else "",
            "" if each.lag_hours is None else each.lag_hours,
        )
        for each in read
        if each.imported or each.quarantined
    ]
    aside = [(each.source.title, name, why) for each in read for name, why in each.quarantined.items()]
    doubts = [(each.source.title, name, why) for each in read for name, why in each.doubts.items()]
    lags = [each.lag_hours for each in read if each.lag_hours is not None]
    about: dict[str, MetadataValue] = {
        "objects": MetadataValue.int(sum(each.imported for each in read)),
        "rows": MetadataValue.int(sum(each.stored for each in read)),
        "rejects": MetadataValue.int(sum(each.rejected for each in read)),
        "set_aside": MetadataValue.int(len(aside)),
        "table": MetadataValue.md(table(HEADINGS, rows, right=HEADINGS[1:7])),
    }
    if lags:
        about["longest_lag_hours"] = MetadataValue.float(max(lags))
    if aside:
        about["set_aside_because"] = MetadataValue.md(table(("source", "object", "why"), aside))
    if doubts:
        about["doubtful"] = MetadataValue.md(table(("source", "object", "what to look at"), doubts))
    if failures.found:
        about["failures"] = MetadataValue.md(
            table(("tenant", "source", "why"), ((f.tenant, ", ".join(f.subjects), f.cause) for f in failures.found))
        )
    return about
