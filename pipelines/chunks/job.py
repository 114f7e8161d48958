"""Job: a range of days for all tenants, divided into chunks of tenants that are computed beside each other.

Here: dividing, computing one chunk, and bringing the chunks together, so that the graph shows the days as the job
daily_rollups does. What is computed, and how it is written, is the same: each chunk goes through all steps in their
order, under the ledger that says what is there already.
Not here: where the steps run (executors.py), what happens to one that is lost (submitted.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dagster import (
    AssetCheckEvaluation,
    AssetKey,
    AssetMaterialization,
    DagsterEvent,
    DynamicOut,
    DynamicOutput,
    Failure,
    Field,
    In,
    MetadataValue,
    OpExecutionContext,
    Out,
    job,
    op,
)

from assets.assets import describe_outcome
from assets.computing import bind, function_at
from assets.partitions import days_ago, describe_scope, refuse_campaigns, refuse_days_to_come
from assets.raw.assets import describe_raw_days
from assets.steps import LISTENING, STEPS, DayStep
from assets.upkeep.assets import conclude, describe_verdicts
from assets.upkeep.checks import CHECKS
from pipelines.chunks.chunk import (
    Chunk,
    days_of,
    make_chunk,
    read_day,
    refuse_other_measures,
    scope_of,
    tenants_of,
)
from pipelines.chunks.dividing import count_rows, divide
from pipelines.chunks.executors import chunk_executor
from pipelines.chunks.shards import (
    ROWS_PER_SHARD,
    TRIED_AGAIN,
    begin_reading,
    compute_listening,
    count_shards,
    gather_shards,
    measure_shard,
    read_since,
)
from pipelines.chunks.signs import at_work
from pipelines.settings import executor_setting
from sql.raw.day_shards import remove_shards
from sql.values import PermanentError, Scope, Window
from sql.warehouse import Warehouse

# More than there are workers, so that none idles at the end while another has much left.
CHUNKS = 16

# One outcome of a chunk: step, day, tenants, failed tenants, seconds of computing and of writing, rows by asset.
Entry = tuple[str, str, int, int, float, float, Mapping[str, int]]


@op(
    description="Divides the tenants into chunks of about equal raw rows, and the rows of very large ones into shards.",
    out={
        "chunks": DynamicOut(dict, io_manager_key="step_values"),
        "shards": DynamicOut(dict, io_manager_key="step_values"),
    },
    config_schema={
        "first": Field(str, default_value="", description="First UTC day, as 2026-01-31; empty means yesterday."),
        "last": Field(str, default_value="", description="Last UTC day, included; empty means the first."),
        "chunks": Field(
            int, default_value=CHUNKS, description="In how many chunks, and a tenant in how many shards, at most."
        ),
        "rows_per_shard": Field(
            int,
            default_value=ROWS_PER_SHARD,
            description="A tenant with twice as many raw rows a day or more is measured in shards of at least so many.",
        ),
    },
    required_resource_keys={"warehouse", "scope", "measurement"},
    retry_policy=TRIED_AGAIN,
)
def divide_tenants(context: OpExecutionContext) -> Iterator[DynamicOutput[Chunk]]:
    """A value for each chunk of whole tenants, and one for each shard of the others."""
    warehouse: Warehouse = context.resources.warehouse
    scope: Scope = context.resources.scope
    measurement = context.resources.measurement
    config = context.op_config
    try:
        days, ids = _days_and_tenants(config, warehouse, scope)
    except PermanentError as error:
        raise Failure(str(error), allow_retries=False) from error
    for step in STEPS:
        if step.prepare:
            function_at(step.prepare)(warehouse, measurement.rules, measurement.ranges)
    began = warehouse.clock()
    rows_of = count_rows(warehouse, days[0].day, days[-1].day, ids)
    shards_of = count_shards(rows_of, len(days), config["rows_per_shard"], config["chunks"])
    groups = divide({slug: rows for slug, rows in rows_of.items() if slug not in shards_of}, config["chunks"])
    for number, slugs in enumerate(groups, 1):
        chunk = make_chunk(days, began, measurement, [ids[slug] for slug in slugs])
        yield DynamicOutput(chunk, output_name="chunks", mapping_key=f"{number:02d}_of_{len(groups):02d}")
    for number, (slug, shards) in enumerate(shards_of.items(), 1):
        chunk = make_chunk(days, began, measurement, [ids[slug]])
        read_from = begin_reading(warehouse, scope_of(chunk, scope), days)
        for shard in range(shards):
            more = {"run": context.run_id, "read_from": read_from.isoformat(), "shards": shards, "shard": shard}
            key = f"{number:02d}_shard_{shard + 1:02d}_of_{shards:02d}"
            yield DynamicOutput({**chunk, **more}, output_name="shards", mapping_key=key)


@op(
    description="Computes every table of the days for one chunk of tenants, in the order of the steps.",
    ins={"chunk": In(dict)},
    out=Out(dict, io_manager_key="step_values"),
    required_resource_keys={"warehouse", "scope", "measurement"},
    retry_policy=TRIED_AGAIN,
)
def compute_chunk(context: OpExecutionContext, chunk: Chunk) -> dict[str, Any]:
    """What was computed for whom. A chunk that is computed again leaves alone what the ledger says is done."""
    warehouse: Warehouse = context.resources.warehouse
    measurement = context.resources.measurement
    refuse_other_measures(chunk, measurement)
    scope = scope_of(chunk, context.resources.scope)
    days = days_of(chunk)
    entries: list[Entry] = []
    nobody = None
    with at_work(context.instance, context.run, context.get_step_execution_context().step.key) as check:
        from assets.runs import NobodyComputedError

        try:
            for step in STEPS:
                compute = bind(step, warehouse.read, measurement if step.given else None)
                read_from: dict[date, datetime] = {}
                if step is LISTENING and "shards" in chunk:
                    read_from = dict.fromkeys((window.day for window in days), read_since(chunk))
                    compute = compute_listening(context, chunk, read_from)
                entries += _compute(context, step, scope, days, compute, check, read_from)
        except NobodyComputedError as error:
            # One tenant's trouble is no reason to stop the others'; bringing together says whose it is.
            nobody = str(error)
    if "shards" in chunk:
        remove_shards(warehouse, tenants_of(chunk), UUID(chunk["run"]))
    return {"nobody": nobody, "entries": entries}


def _compute(
    context: OpExecutionContext,
    step: DayStep,
    scope: Scope,
    days: Sequence[Window],
    compute: Any,
    check: Any,
    read_from: Mapping[date, datetime],
) -> Iterator[Entry]:
    """read_from: by day from when on raw rows are newer than what is computed; not there: from now on."""
    from assets.runs import begin_step

    run_scope, run = begin_step(
        context.resources.warehouse,
        scope,
        step.tables_of,
        [window.day for window in days],
        compute,
        run_id=UUID(context.run_id),
        log_error=context.log.error,
        read_from=read_from,
    )
    for window in days:
        check()
        chunks = run_scope.chunks(window.day)
        if chunks:
            done = run.replace_day(window, chunks)
            seconds = (round(done.compute_seconds, 3), round(done.write_seconds, 3))
            yield step.name, f"{window.day}", done.tenants, len(done.failures), *seconds, dict(done.rows)
        elif run_scope.is_finished(window.day):
            yield step.name, f"{window.day}", 0, 0, 0.0, 0.0, dict.fromkeys(step.names, 0)
    run.finish()


@op(
    description="Shows the days in the asset graph, with their checks; fails last, naming the tenants.",
    ins={"whole": In(list), "sharded": In(list)},
    config_schema={},
    required_resource_keys={"warehouse", "scope"},
    retry_policy=TRIED_AGAIN,
)
def bring_together(context: OpExecutionContext, whole: list[dict[str, Any]], sharded: list[dict[str, Any]]) -> None:
    """The days' events, and the verdict of their checks. sharded: of the tenants that were measured in shards."""
    chunks = [*whole, *sharded]
    warehouse: Warehouse = context.resources.warehouse
    scope: Scope = context.resources.scope
    nobody = [chunk["nobody"] for chunk in chunks if chunk["nobody"]]
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for chunk in chunks:
        for entry in chunk["entries"]:
            entries[entry[0], entry[1]].append(entry)
    days = sorted({read_day(day) for _step, day in entries})
    if not scope.stale_only and days:
        _show_raw_days(context, days)
    tenants = warehouse.tenants(scope)
    whose = describe_scope(scope, tenants)
    for step in STEPS:
        for day in days:
            _show_day(context, step, day, entries[step.name, f"{day}"], whose)
    if nobody and len(nobody) == len(chunks):
        raise Failure(nobody[0], allow_retries=False)
    verdicts = describe_verdicts(warehouse, UUID(context.run_id), scope, days)
    given = context.get_step_execution_context()
    for check, result in zip(CHECKS, verdicts.results, strict=True):
        evaluation = AssetCheckEvaluation(
            asset_key=AssetKey(check.asset),
            check_name=check.name,
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
        )
        DagsterEvent.asset_check_evaluation(given, evaluation)
    conclude(verdicts.failed, verdicts.unjudged, by_hand=False)
    if nobody:
        raise Failure(nobody[0], allow_retries=False)


def _show_day(context: OpExecutionContext, step: DayStep, day: date, entries: Sequence[Entry], whose: str) -> None:
    from assets.runs import Outcome

    if not entries or (not any(entry[2] for entry in entries) and any(entry[3] for entry in entries)):
        return
    outcome = Outcome(
        {asset: sum(entry[6][asset] for entry in entries) for asset in step.names},
        sum(entry[2] for entry in entries),
        (),
        sum(entry[4] for entry in entries),
        sum(entry[5] for entry in entries),
    )
    describe = function_at(step.describe) if step.describe else None
    found = describe_outcome(context.log.error, context.resources.warehouse.read, day, outcome, whose, describe)
    failed = sum(entry[3] for entry in entries)
    more = {"failed_tenants": MetadataValue.int(failed)} if failed else {}
    for asset, metadata in found.items():
        context.log_event(AssetMaterialization(asset, partition=f"{day}", metadata={**metadata, **more}))


def _show_raw_days(context: OpExecutionContext, days: Sequence[date]) -> None:
    span = Window.of_days(days[0], days[-1])
    for (asset, day), metadata in describe_raw_days(context.resources.warehouse.read, span, context.log.error).items():
        context.log_event(AssetMaterialization(asset, partition=f"{day}", metadata=metadata))


def _days_and_tenants(
    config: Mapping[str, Any], warehouse: Warehouse, scope: Scope
) -> tuple[list[Window], dict[str, UUID]]:
    """The days, and the ids of the tenants by slug. Raises PermanentError for a configuration that cannot be run."""
    refuse_campaigns(scope, [step.name for step in STEPS])
    days = _days(config)
    for name in ("chunks", "rows_per_shard"):
        if config[name] < 1:
            raise PermanentError(f"ops.divide_tenants.config.{name} is {config[name]}; it must be 1 or more.")
    tenants = warehouse.tenants(scope)
    if tenants.is_empty():
        raise PermanentError("There is no tenant yet, so there is nothing to compute.")
    return days, {slug: UUID(bytes=tenant) for slug, tenant in tenants.select("slug", "tenant_id").iter_rows()}


def _days(config: Mapping[str, Any]) -> list[Window]:
    first = read_day(config["first"] or days_ago(1))
    last = read_day(config["last"]) if config["last"] else first
    days = [Window.of_day(day) for day in Window.of_days(first, last).days()] if first <= last else []
    refuse_days_to_come(days)
    return days


@job(
    executor_def=chunk_executor(executor_setting()),
    description="Everything that is computed for a range of days, as daily_rollups does it, with the tenants divided "
    "into chunks, and very large ones into shards of their rows, that are computed beside each other, where "
    "EARSHOT_EXECUTOR says.",
)
def chunked_rollups() -> None:
    """Divide, measure the shards of very large tenants, compute each chunk, bring together."""
    chunks, shards = divide_tenants()
    sharded = gather_shards(shards.map(measure_shard).collect())
    compute_sharded = compute_chunk.alias("compute_sharded_tenant")
    bring_together(chunks.map(compute_chunk).collect(), sharded.map(compute_sharded).collect())
