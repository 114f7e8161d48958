"""Storage assets: room for the days to come, and what the orchestrator need not keep.

Here: the wiring, and what an operator sees of it.
Not here: what is made, and how (sql/schema/partitions.py), what goes of the history
(pipelines/processes/pruning.py).
"""

from datetime import UTC, datetime

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.resources import History
from assets.steps import OWNERS
from sql.schema.partitions import make_partitions
from sql.warehouse import Warehouse


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


@asset(group_name="upkeep", owners=OWNERS["upkeep"], kinds={"postgres"})
def pruned_history(context: AssetExecutionContext, history: ResourceParam[History]) -> MaterializeResult[None]:
    """Runs of Dagster that ended EARSHOT_HISTORY_DAYS ago are deleted, but for what says that a partition is there."""
    runs, events = history.prune(datetime.now(UTC)) if history.days else (0, 0)
    context.log.info(f"{runs:,} runs and {events:,} events deleted; kept for {history.days or 'any number of'} days")
    return MaterializeResult(
        metadata={
            "runs": MetadataValue.int(runs),
            "events": MetadataValue.int(events),
            "days": MetadataValue.int(history.days),
        }
    )
