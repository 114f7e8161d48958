"""Assets: the orchestrator's assets of a day, one op for each step, and the metadata that it gets of them.

Here: making an op from a step, going over the days of its run, and the metadata of each day.
Not here: which steps there are and what they are made of (steps.py), how a day is written and for which tenants
(runs.py), partitions (partitions.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    MetadataValue,
    Output,
    multi_asset,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from assets.computing import bind, function_at
from assets.lineage import graph_inputs
from assets.partitions import (
    daily,
    days_of,
    describe_failures,
    describe_scope,
    mapping_back,
    month_of_days,
    refuse_campaigns,
)
from assets.steps import OWNERS, DayStep
from sql.failures import cause_of, is_isolatable
from sql.values import Reader, Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.run_scope import RunScope
    from assets.runs import Committed, ComputeDay, Outcome

Description = dict[str, MetadataValue]
# What an operator looks at of a day, read back over all tenants, so that a run of one draws no drop into the plots.
DescribeDay = Callable[[Reader, date], Mapping[str, Description]]

# A line in the log is an event in the orchestrator's database, and costs as much as a small write.
LOG_EVERY = 7

# An output that writes no events of its own. Dagster writes one for every partition of a range, also for those that the
# run left as they were; skipping the output instead would skip every step downstream. The key is one that Dagster uses
# for outputs whose op has written its events itself.
WITHOUT_EVENTS = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}


def day_assets(step: DayStep) -> AssetsDefinition:
    """The op that computes a step, with a spec for each of its assets.

    It asks for what listening is measured with only if the step does: a run of other steps needs no rules and no keys.
    """
    resources = {"warehouse", "scope", "progress", *(["measurement"] if step.given else [])}

    @multi_asset(
        name=step.name,
        specs=specs_of(step),
        partitions_def=daily,
        backfill_policy=month_of_days,
        can_subset=len(step.assets) > 1,
        required_resource_keys=resources,
    )
    def compute_days(context: AssetExecutionContext) -> Iterator[object]:
        given: Any = context.resources
        warehouse: Warehouse = given.warehouse
        measurement: Any = given.measurement if step.given else None
        if step.prepare:
            function_at(step.prepare)(warehouse, measurement.rules, measurement.ranges)
        compute = bind(step, warehouse.read, measurement)
        yield from compute_and_report(context, warehouse, given.scope, step, compute, given.progress.committed)

    return compute_days


def specs_of(step: DayStep) -> list[AssetSpec]:
    """What the graph shows of each asset of a step."""
    return [
        AssetSpec(
            asset.name,
            deps=[
                AssetDep(source, partition_mapping=mapping_back(days))
                for source, days in graph_inputs(step, asset).items()
            ],
            description=asset.description,
            group_name=asset.group,
            owners=OWNERS[asset.group],
            kinds=set(asset.kinds),
        )
        for asset in step.assets
    ]


def compute_and_report(
    context: AssetExecutionContext,
    warehouse: Warehouse,
    scope: Scope,
    step: DayStep,
    compute: "ComputeDay",
    committed: "Committed",
) -> Iterator[AssetMaterialization | Output[None]]:
    """Compute and replace each day, committing tenant chunk by tenant chunk, and report it as soon as it is done.

    Tables that are computed together are written together, whichever of their assets were selected, and each is
    reported.
    A failure yields the materializations of the days that were finished, so that they stay green.
    A tenant that the computing fails for, whatever the exception, loses its ledger line for the day, and the others go
    on: tenant_failures and the run say why, the check of the ledger names it, and its reports wait. A day whose raw
    rows are gone keeps its rows and its line.
    Where the scope asks for what is stale only, the other tenants and days are left as they are, and a day of which
    nothing was computed is not said to be materialized. Where a stopped backfill goes on, the days that it had finished
    are: the run that computed them may not have come to say so.
    """
    from assets.runs import begin_step

    tables_of = step.tables_of
    describe: DescribeDay | None = function_at(step.describe) if step.describe else None
    refuse_campaigns(scope, step.names)
    days = days_of(context)
    run_id = UUID(context.run.run_id)
    run_scope, run = begin_step(
        warehouse,
        scope,
        tables_of,
        [window.day for window in days],
        compute,
        run_id=run_id,
        log_error=context.log.error,
        committed=committed,
    )
    whose = describe_scope(scope, run.tenants)
    finished: list[AssetMaterialization] = []
    try:
        for number, window in enumerate(days, 1):
            chunks = run_scope.chunks(window.day)
            if not chunks and scope.stale_only:
                continue
            if not chunks:
                # Without an event, the backfill would wait for the day and fail.
                found = _found_as_it_was(context, warehouse.read, window.day, step.names, whose, describe, run_scope)
                finished += [
                    AssetMaterialization(name, partition=f"{window.day}", metadata=found[name]) for name in found
                ]
                continue
            outcome = run.replace_day(window, chunks)
            if number % LOG_EVERY == 0 or number == len(days):
                context.log.info(f"{window.day} written ({number} of {len(days)}): {dict(outcome.rows)}")
            if not outcome.tenants and outcome.failures:
                continue
            metadata = describe_outcome(context.log.error, warehouse.read, window.day, outcome, whose, describe)
            for asset in tables_of:
                finished.append(AssetMaterialization(asset, partition=window.day.isoformat(), metadata=metadata[asset]))
        run.finish()
    except Exception:
        # Metadata added to the context is lost with the step, so the events carry it themselves.
        yield from finished
        raise
    yield from _report(context, finished, tables_of, is_whole=len(finished) == len(days) * len(tables_of))


def _report(
    context: AssetExecutionContext,
    finished: list[AssetMaterialization],
    assets: Iterable[str],
    *,
    is_whole: bool,
) -> Iterator[AssetMaterialization | Output[None]]:
    """The events of finished days, and the outputs of the selected assets.

    is_whole: every day of every asset was finished; the outputs materialize them then, with the metadata of the events.
    """
    for event in finished:
        if is_whole and event.asset_key in context.selected_asset_keys:
            context.add_asset_metadata(event.metadata, asset_key=event.asset_key, partition_key=event.partition)
        else:
            yield event
    for asset in assets:
        if AssetKey(asset) in context.selected_asset_keys:
            yield Output(None, output_name=asset, metadata={} if is_whole else WITHOUT_EVENTS)


def _found_as_it_was(
    context: AssetExecutionContext,
    read: Reader,
    day: date,
    assets: Sequence[str],
    whose: str,
    describe: DescribeDay | None,
    run_scope: "RunScope",
) -> dict[str, Description]:
    """For each asset the metadata of a day that the run had nothing to do on: why, and what is there."""
    from assets.runs import Outcome

    metadata: dict[str, Description] = {asset: {} for asset in assets}
    if run_scope.is_finished(day):
        words = "Left as it was: the backfill that this one goes on with had computed it."
        nothing = Outcome(dict.fromkeys(assets, 0), 0, (), 0.0, 0.0)
        metadata = describe_outcome(context.log.error, read, day, nothing, whose, describe)
    else:
        words = "Left alone: request_dispositions of the day are not computed yet, so nothing was written."
    return {asset: {**metadata[asset], "left_alone": MetadataValue.text(words)} for asset in assets}


def describe_outcome(
    log_error: Callable[[str], object],
    read: Reader,
    day: date,
    outcome: "Outcome",
    whose: str,
    describe: DescribeDay | None,
) -> dict[str, Description]:
    """For each asset: the day's totals over all tenants, which the UI plots, and this run's share of them."""
    assets = list(outcome.rows)
    totals: Mapping[str, tuple[int, int]] = {}
    described: Mapping[str, Description] = {}
    try:
        found = read("read_ledger_totals", assets=assets, day=day)
        totals = {asset: (rows, tenants) for asset, rows, tenants in found.iter_rows()}
        described = describe(read, day) if describe else {}
    except BaseException as error:
        # The day is written: metadata that cannot be read is no reason to fail.
        if not is_isolatable(error):
            raise
        log_error(f"{day} is written, but its totals could not be told. {cause_of(error)}")
    failed = {"failed_tenants": MetadataValue.int(len(outcome.failures))} if outcome.failures else {}
    table = {"failures": describe_failures(outcome.failures)} if outcome.failures else {}
    return {
        asset: {
            **({"rows": MetadataValue.int(totals[asset][0])} if asset in totals else {}),
            **({"tenants": MetadataValue.int(totals[asset][1])} if asset in totals else {}),
            "scope": MetadataValue.text(whose),
            "rows_of_this_run": MetadataValue.int(outcome.rows[asset]),
            "tenants_of_this_run": MetadataValue.int(outcome.tenants),
            "compute_seconds": MetadataValue.float(round(outcome.compute_seconds, 3)),
            "write_seconds": MetadataValue.float(round(outcome.write_seconds, 3)),
            **failed,
            **table,
            **described.get(asset, {}),
        }
        for asset in assets
    }
