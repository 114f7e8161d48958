"""Job: a range of days for all tenants, divided into chunks of tenants that are computed beside each other.

Here: dividing, computing one chunk, and bringing the chunks together, so that the graph shows the days as the job
daily_rollups does. What is computed, and how it is written, is the same: each chunk goes through all steps in their
order, under the ledger that says what is there already.
Not here: where the steps run (executors.py), what happens to one that is lost (submitted.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dagster import (
    AssetCheckEvaluation,
    AssetKey,
    AssetMaterialization,
    Backoff,
    DagsterEvent,
    DynamicOut,
    DynamicOutput,
    Failure,
    Field,
    In,
    MetadataValue,
    OpExecutionContext,
    Out,
    RetryPolicy,
    job,
    op,
)

from assets.assets import describe_outcome
from assets.computing import bind, function_at
from assets.partitions import days_ago, describe_scope, refuse_campaigns, refuse_days_to_come
from assets.raw.assets import describe_raw_days
from assets.steps import STEPS, DayStep
from assets.upkeep.assets import conclude, describe_verdicts
from assets.upkeep.checks import CHECKS
from pipelines.chunks.dividing import count_rows, divide
from pipelines.chunks.executors import chunk_executor
from pipelines.chunks.signs import at_work
from pipelines.settings import executor_setting
from sql.values import PermanentError, Scope, Window
from sql.warehouse import Warehouse

# More than there are workers, so that none idles at the end while another has much left.
CHUNKS = 16

# A database that restarts is back within minutes.
TRIED_AGAIN = RetryPolicy(max_retries=4, delay=15, backoff=Backoff.EXPONENTIAL)

# One outcome of a chunk: step, day, tenants, failed tenants, seconds of computing and of writing, rows by asset.
Entry = tuple[str, str, int, int, float, float, Mapping[str, int]]


@op(
    description="Divides the tenants into chunks of about equal raw rows.",
    out=DynamicOut(dict, io_manager_key="step_values"),
    config_schema={
        "first": Field(str, default_value="", description="First UTC day, as 2026-01-31; empty means yesterday."),
        "last": Field(str, default_value="", description="Last UTC day, included; empty means the first."),
        "chunks": Field(int, default_value=CHUNKS, description="In how many chunks, at most; a tenant is in one."),
    },
    required_resource_keys={"warehouse", "scope", "measurement"},
    retry_policy=TRIED_AGAIN,
)
def divide_tenants(context: OpExecutionContext) -> Iterator[DynamicOutput[dict[str, Any]]]:
    """A value for each chunk: its tenants, the days, and the moment from which on what is computed counts as done."""
    warehouse: Warehouse = context.resources.warehouse
    scope: Scope = context.resources.scope
    measurement = context.resources.measurement
    try:
        refuse_campaigns(scope, [step.name for step in STEPS])
        days = _days(context.op_config)
        if context.op_config["chunks"] < 1:
            raise PermanentError(
                f"ops.divide_tenants.config.chunks is {context.op_config['chunks']}; it must be 1 or more."
            )
        tenants = warehouse.tenants(scope)
        if tenants.is_empty():
            raise PermanentError("There is no tenant yet, so there is nothing to compute.")
    except PermanentError as error:
        raise Failure(str(error), allow_retries=False) from error
    for step in STEPS:
        if step.prepare:
            function_at(step.prepare)(warehouse, measurement.rules, measurement.ranges)
    began = warehouse.clock()
    ids = {slug: UUID(bytes=tenant) for slug, tenant in tenants.select("slug", "tenant_id").iter_rows()}
    groups = divide(count_rows(warehouse, days[0].day, days[-1].day, ids), context.op_config["chunks"])
    for number, slugs in enumerate(groups, 1):
        value = {
            "first": f"{days[0].day}",
            "last": f"{days[-1].day}",
            "began": began.isoformat(),
            "measures": measures_of(measurement, [ids[slug] for slug in slugs]),
            "tenants": [str(ids[slug]) for slug in slugs],
        }
        yield DynamicOutput(value, mapping_key=f"{number:02d}_of_{len(groups):02d}")


@op(
    description="Computes every table of the days for one chunk of tenants, in the order of the steps.",
    ins={"chunk": In(dict)},
    out=Out(dict, io_manager_key="step_values"),
    required_resource_keys={"warehouse", "scope", "measurement"},
    retry_policy=TRIED_AGAIN,
)
def compute_chunk(context: OpExecutionContext, chunk: dict[str, Any]) -> dict[str, Any]:
    """What was computed for whom. A chunk that is computed again leaves alone what the ledger says is done."""
    warehouse: Warehouse = context.resources.warehouse
    measurement = context.resources.measurement
    if not fit(chunk["measures"], measures_of(measurement, list(map(UUID, chunk["tenants"])))):
        raise Failure(
            "This worker measures by other rules, networks or keys than the process that divided the tenants, so "
            "nothing was computed: its numbers would not fit the others'. Give all of them the same EARSHOT_KEYRING "
            "and EARSHOT_RULES, and the same installed versions.",
            allow_retries=False,
        )
    scope = replace(
        context.resources.scope,
        tenants=tuple(map(UUID, chunk["tenants"])),
        skip_computed_since=datetime.fromisoformat(chunk["began"]),
    )
    days = [Window.of_day(day) for day in Window.of_days(_day(chunk["first"]), _day(chunk["last"])).days()]
    entries: list[Entry] = []
    nobody = None
    with at_work(context.instance, context.run, context.get_step_execution_context().step.key) as check:
        from assets.runs import NobodyComputedError

        try:
            for step in STEPS:
                compute = bind(step, warehouse.read, measurement if step.given else None)
                entries += _compute(context, step, scope, days, compute, check)
        except NobodyComputedError as error:
            # One tenant's trouble is no reason to stop the others'; bringing together says whose it is.
            nobody = str(error)
    return {"nobody": nobody, "entries": entries}


def _compute(
    context: OpExecutionContext, step: DayStep, scope: Scope, days: Sequence[Window], compute: Any, check: Any
) -> Iterator[Entry]:
    from assets.runs import begin_step

    run_scope, run = begin_step(
        context.resources.warehouse,
        scope,
        step.tables_of,
        [window.day for window in days],
        compute,
        run_id=UUID(context.run_id),
        log_error=context.log.error,
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
    ins={"chunks": In(list)},
    config_schema={},
    required_resource_keys={"warehouse", "scope"},
    retry_policy=TRIED_AGAIN,
)
def bring_together(context: OpExecutionContext, chunks: list[dict[str, Any]]) -> None:
    """The days' events, and the verdict of their checks."""
    warehouse: Warehouse = context.resources.warehouse
    scope: Scope = context.resources.scope
    nobody = [chunk["nobody"] for chunk in chunks if chunk["nobody"]]
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for chunk in chunks:
        for entry in chunk["entries"]:
            entries[entry[0], entry[1]].append(entry)
    days = sorted({_day(day) for _step, day in entries})
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


def _days(config: Mapping[str, Any]) -> list[Window]:
    first = _day(config["first"] or days_ago(1))
    last = _day(config["last"]) if config["last"] else first
    days = [Window.of_day(day) for day in Window.of_days(first, last).days()] if first <= last else []
    refuse_days_to_come(days)
    return days


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PermanentError(f"{text!r} is no day; write it as 2026-01-31") from None


def measures_of(measurement: Any, tenants: Sequence[UUID]) -> dict[str, Any]:
    """Names of the rules and networks in force, and of each tenant's keys, which cannot be read from them."""
    from hashlib import blake2b

    keyring = measurement.keyring
    keys = {
        f"{tenant} {version}": blake2b(keyring.key_of(tenant, version).secret, digest_size=12).hexdigest()
        for tenant in tenants
        for version in keyring.versions_of(tenant)
    }
    return {"rules": [measurement.rules.version, measurement.ranges.version], "keys": keys}


def fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two processes measure alike: by the same rules, and by the same secret for each version that both have.

    A version that one lacks may wait to be rotated; where it is in force, that process refuses to compute by itself.
    """
    common = one["keys"].keys() & other["keys"].keys()
    is_same = all(one["keys"][each] == other["keys"][each] for each in common)
    return one["rules"] == other["rules"] and is_same and (bool(common) or not one["keys"])


@job(
    executor_def=chunk_executor(executor_setting()),
    description="Everything that is computed for a range of days, as daily_rollups does it, with the tenants divided "
    "into chunks that are computed beside each other, where EARSHOT_EXECUTOR says.",
)
def chunked_rollups() -> None:
    """Divide, compute each chunk, bring together."""
    bring_together(divide_tenants().map(compute_chunk).collect())
