"""Storage assets: room for the days to come, and what the orchestrator need not keep.

Here: the wiring, and what an operator sees of it.
Not here: what is made, and how (sql/schema/partitions.py), what lies in columns (sql/schema/columns.py), what goes of
the history (pipelines/processes/pruning.py).
"""

from datetime import UTC, datetime, timedelta

from dagster import AssetExecutionContext, Failure, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.resources import Archive, History
from assets.steps import OWNERS
from sql.raw.day_shards import remove_old_shards
from sql.schema.columns import look_at_columns
from sql.schema.partitions import make_partitions
from sql.warehouse import Warehouse

# No run of days in chunks takes so long.
SHARDS_LEFT_FOR = timedelta(days=2)


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def series_partitions(context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]) -> MaterializeResult[None]:
    """Without TimescaleDB: partitions of the days to come, and of those whose rows wait in the DEFAULT partition."""
    made = list(make_partitions(warehouse))
    waiting = [each for each in made if each.waits]
    for each in waiting:
        context.log.warning(f"{each.series} from {each.first_day} waits for the next night: {each.waits}")
    rows = [(each.series, each.first_day, f"{each.rows:,}", "waits" if each.waits else "made") for each in made]
    shown = table(("series", "from", "rows moved in", ""), rows, right=["rows moved in"])
    return MaterializeResult(
        metadata={
            "made": MetadataValue.int(len(made) - len(waiting)),
            "waiting": MetadataValue.int(len(waiting)),
            "rows_moved": MetadataValue.int(sum(each.rows for each in made)),
            "table": MetadataValue.md(shown),
        }
    )


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"timescale"})
def raw_columns(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], archive: ResourceParam[Archive]
) -> MaterializeResult[None]:
    """On TimescaleDB Community: how many chunks of raw rows lie in columns, and the jobs that pack them; the run fails
    where a job does. The other editions have no columns, and it says so."""
    found = look_at_columns(warehouse)
    words = {
        "community": "TimescaleDB Community: `earshot db community` switches columns on",
        "apache": "TimescaleDB, Apache edition: it has no columns",
        "plain": "PostgreSQL without TimescaleDB: it has no columns",
    }[found.edition]
    if found.edition == "community" and found.jobs:
        words = "TimescaleDB Community: jobs of its own pack raw rows into columns"
    context.log.info(words)
    chunks = [(each.table, each.chunks, each.in_columns) for each in found.chunks]
    jobs = [(each.procedure, each.table, each.status, each.ended_at, each.next_at) for each in found.jobs]
    failed = [f"{each.procedure} of {each.table}" for each in found.jobs if each.has_failed]
    metadata = {
        "edition": MetadataValue.text(words),
        "chunks": MetadataValue.int(sum(each.chunks for each in found.chunks)),
        "in_columns": MetadataValue.int(sum(each.in_columns for each in found.chunks)),
        "tables": MetadataValue.md(table(("table", "chunks", "in columns"), chunks, right=["chunks", "in columns"])),
        "jobs": MetadataValue.md(table(("job", "table", "last run", "ended", "next"), jobs)),
    }
    if failed:
        raise Failure(
            f"The last run of {', '.join(failed)} failed: the server's log says why. Often earshot_owner may not log "
            "in (docs/editions.md)",
            metadata=metadata,
            allow_retries=False,
        )
    if archive.location and found.dropped_after is not None:
        raise Failure(
            f"TimescaleDB drops raw rows after {found.dropped_after} days whether they are archived or not: "
            "`earshot db community` without --drop-after leaves it to the archive",
            metadata=metadata,
            allow_retries=False,
        )
    return MaterializeResult(metadata=metadata)


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def pruned_history(
    context: AssetExecutionContext, history: ResourceParam[History], warehouse: ResourceParam[Warehouse]
) -> MaterializeResult[None]:
    """Runs of Dagster that ended EARSHOT_HISTORY_DAYS ago are deleted, but for what says that a partition is there, and
    shards of days that runs left behind (day_shards)."""
    shards = remove_old_shards(warehouse, SHARDS_LEFT_FOR)
    runs, events = history.prune(datetime.now(UTC)) if history.days else (0, 0)
    context.log.info(f"{runs:,} runs and {events:,} events deleted; kept for {history.days or 'any number of'} days")
    return MaterializeResult(
        metadata={
            "runs": MetadataValue.int(runs),
            "events": MetadataValue.int(events),
            "days": MetadataValue.int(history.days),
            "day_shards": MetadataValue.int(shards),
        }
    )
