"""Shards: a tenant with very many raw rows, whose listening is measured in shards of them, beside each other.

Here: which tenants and how many shards, measuring a shard, and the tenant's chunk once all shards were tried.
Not here: what a shard is and the day that is made of shards (assets/listening), the other steps of the tenant's days
(job.py).
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import Backoff, DynamicOut, DynamicOutput, In, OpExecutionContext, Out, RetryPolicy, op

from assets.steps import LISTENING
from pipelines.chunks.chunk import Chunk, days_of, refuse_other_measures, scope_of, tenants_of
from pipelines.chunks.signs import at_work
from sql.failures import is_isolatable
from sql.values import Scope, Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.runs import ComputeDay

# Raw rows of a day. A process measures so many in about half a minute, and takes a gigabyte for it.
ROWS_PER_SHARD = 2_000_000

# A database that restarts is back within minutes.
TRIED_AGAIN = RetryPolicy(max_retries=4, delay=15, backoff=Backoff.EXPONENTIAL)


def count_shards(rows_of: Mapping[str, int], days: int, rows_per_shard: int, most: int) -> dict[str, int]:
    """Into how many shards the rows of those tenants are divided that have those of two shards a day or more.

    rows_of: slug to raw rows of all days.
    """
    shards = {slug: min(rows // (days * rows_per_shard), most) for slug, rows in rows_of.items()}
    return {slug: number for slug, number in shards.items() if number > 1}


def begin_reading(warehouse: Warehouse, scope: Scope, days: Sequence[Window]) -> datetime:
    """Record what raw rows there are of tenants that are measured in shards; what comes from now on is newer."""
    from assets.run_scope import RunScope

    recorded = RunScope(warehouse, scope, LISTENING.names, [window.day for window in days]).record_watermarks()
    return recorded or warehouse.clock()


@op(
    description="Measures the listening of a shard of one tenant's raw rows.",
    ins={"chunk": In(dict)},
    out=Out(dict, io_manager_key="step_values"),
    required_resource_keys={"warehouse", "scope", "measurement"},
    retry_policy=TRIED_AGAIN,
)
def measure_shard(context: OpExecutionContext, chunk: Chunk) -> Chunk:
    """Keeps the shard of each day for the step that computes the tenant; returns the tenant's chunk.

    What cannot be measured is left to that step, which measures the whole day and says what is wrong with whom.
    """
    from assets.listening.downloads.event_reader import Shard
    from assets.listening.kept_shards import keep_shard
    from assets.run_scope import RunScope

    warehouse: Warehouse = context.resources.warehouse
    measurement = context.resources.measurement
    refuse_other_measures(chunk, measurement)
    (tenant,) = tenants_of(chunk)
    shard = Shard(chunk["shard"], chunk["shards"])
    windows = days_of(chunk)
    with at_work(context.instance, context.run, context.get_step_execution_context().step.key) as check:
        scope = RunScope(
            warehouse, scope_of(chunk, context.resources.scope), LISTENING.names, [window.day for window in windows]
        )
        for window in windows:
            check()
            if not scope.chunks(window.day):
                continue
            try:
                kept = keep_shard(warehouse, window, tenant, measurement, shard, UUID(chunk["run"]))
            except BaseException as error:
                if not is_isolatable(error):
                    raise
                context.log.warning(f"{window.day} could not be measured in shards: {type(error).__name__}.")
            else:
                if not kept:
                    context.log.info(f"{window.day} has rows whose address is gone, so it is measured as a whole.")
    return {name: value for name, value in chunk.items() if name != "shard"}


@op(
    description="Hands on each tenant whose rows were measured in shards.",
    ins={"shards": In(list)},
    out=DynamicOut(dict, io_manager_key="step_values"),
    required_resource_keys={"warehouse"},
)
def gather_shards(context: OpExecutionContext, shards: list[Chunk]) -> Iterator[DynamicOutput[Chunk]]:
    """One chunk for each tenant."""
    chunks = {tenants_of(chunk): chunk for chunk in shards}
    for number, chunk in enumerate(chunks.values(), 1):
        yield DynamicOutput(chunk, mapping_key=f"{number:02d}_of_{len(chunks):02d}")


def compute_listening(
    context: OpExecutionContext, chunk: Chunk, read_from: MutableMapping[date, datetime]
) -> "ComputeDay":
    """The function of the listening step for a tenant that was measured in shards, in the place of computing.bind.

    read_from: of each day read_since; a day that is measured as a whole leaves it.
    """
    from assets.listening.kept_shards import compute_of_shards

    warehouse, measurement = context.resources.warehouse, context.resources.measurement
    run_id = UUID(chunk["run"])
    return compute_of_shards(warehouse, measurement, chunk["shards"], run_id, read_from, context.log.info)


def read_since(chunk: Chunk) -> datetime:
    """From when on raw rows are newer than what the shards were measured of."""
    return datetime.fromisoformat(chunk["read_from"])
