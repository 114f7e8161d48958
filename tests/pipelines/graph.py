"""The asset graph as text: what the code location shows and runs, one fact a line, so that a change is read as a diff.

Here: describing keys, groups, dependencies with their partition mappings, owners, kinds, checks, jobs, schedules and
sensors as Dagster has them. Not here: what they should be (graph.txt).

`python -m tests.pipelines.graph` writes graph.txt and docs/lineage.md anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Any

from dagster import (
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    Definitions,
    MonthlyPartitionsDefinition,
    PartitionMapping,
    PartitionsDefinition,
    ScheduleDefinition,
    SensorDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
)
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from assets.steps import RAW_SOURCES, STEPS, DayStep

SNAPSHOT = Path(__file__).with_name("graph.txt")
LINEAGE = Path(__file__).parents[2] / "docs" / "lineage.md"

ABOUT_LINEAGE = """\
# What a day is made of

Made by `python -m tests.pipelines.graph` from `assets/steps.py` and `assets/spans.py`, where it is stated once. The
asset graph in the UI, the rules by which the ledger knows what is stale, and the jobs are derived from there.

The steps of a day, in their order. The assets of a step are computed together. A change of a source on one of the days
named makes the day stale for every asset of the step.
"""


def describe_graph(defs: Definitions) -> str:
    """Everything that graph.txt holds, in an order of its own."""
    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    steps = sorted(set(repository.assets_defs_by_key.values()), key=lambda step: step.op.name)
    judges = sorted(set(repository.asset_checks_defs_by_key.values()), key=lambda step: step.op.name)
    lines = [
        *("STEPS", "", *_paragraphs(_describe_step(step, graph) for step in steps)),
        *("CHECKS", "", *_paragraphs(_describe_checks(step, _selected(defs, "daily_rollups")) for step in judges)),
        *("JOBS", "", *_paragraphs(_describe_jobs(defs))),
        *("SCHEDULES", "", *_paragraphs(_describe_schedule(each) for each in repository.schedule_defs)),
        *("SENSORS", "", *_paragraphs(_describe_sensor(each) for each in repository.sensor_defs)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def describe_lineage() -> str:
    """docs/lineage.md: each step with its assets and tables, and what it is made of, over which days."""
    return "\n".join([ABOUT_LINEAGE, *(line for step in STEPS for line in _describe_lineage(step))]).rstrip() + "\n"


def _describe_lineage(step: DayStep) -> Iterator[str]:
    yield from (f"## {step.name}", "")
    if step.only_sundays:
        yield from ("It has rows on Sundays only.", "")
    yield from ("| asset | what it is | tables |", "|---|---|---|")
    for asset in step.assets:
        yield f"| `{asset.name}` | {asset.description} | {', '.join(f'`{table}`' for table in asset.tables)} |"
    yield from ("", "| made of | of these days |", "|---|---|")
    for source, span in step.sources.items():
        raw = RAW_SOURCES.get(source)
        yield f"| {f'{source}, rows of `{raw}`' if raw else f'`{source}`'} | {span.meaning} |"
    yield ""


def _paragraphs(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    for part in parts:
        yield from part
        yield ""


def _describe_step(step: AssetsDefinition, graph: BaseAssetGraph[Any]) -> Iterator[str]:
    """The op with what it needs, then its assets with what each is made of."""
    policy = step.backfill_policy
    days = f"{policy.max_partitions_per_run} partitions a run" if policy else "as many runs as partitions"
    subset = "any of its assets" if step.can_subset else "all of its assets"
    yield f"{step.op.name}: runs {subset}; {_cut(step.partitions_def)}, {days}"
    yield f"  needs {', '.join(sorted(step.required_resource_keys)) or 'nothing'}"
    for key in sorted(step.keys):
        node = graph.get(key)
        owners = ", ".join(node.owners) or "nobody"
        yield f"  {key.to_user_string()}: group {node.group_name}, kinds {_sorted(node.kinds)}, owned by {owners}"
        yield f"    {' '.join((node.description or '').split())}"
        for source in sorted(node.parent_keys):
            days = _days(node.partition_mappings.get(source), node.partitions_def)
            yield f"    from {source.to_user_string()}: {days}"


def _describe_checks(step: AssetsDefinition, daily: Set[AssetKey]) -> Iterator[str]:
    """daily: what the daily job computes, raw assets included; most checks wait for all of that."""
    yield f"by {step.op.name}:"
    for spec in sorted(step.check_specs, key=lambda spec: (spec.asset_key, spec.name)):
        after = {dep.asset_key for dep in spec.additional_deps}
        left = {key.to_user_string() for key in daily - after - {spec.asset_key}}
        output = f"all of daily_rollups but {_sorted(left)}" if len(left) < len(after) else _names(after)
        yield f"  {spec.asset_key.to_user_string()}.{spec.name}{', blocking' if spec.blocking else ''}"
        yield f"    {spec.description}"
        yield f"    after its asset and {output}"


def _selected(defs: Definitions, job: str) -> Set[AssetKey]:
    return defs.resolve_job_def(job).asset_layer.selected_asset_keys


def _describe_jobs(defs: Definitions) -> Iterator[Iterator[str]]:
    named = [job.name for job in defs.get_repository_def().get_all_jobs() if not job.name.startswith("__")]
    return (_describe_job(defs, name) for name in sorted(named))


def _describe_job(defs: Definitions, name: str) -> Iterator[str]:
    job = defs.resolve_job_def(name)
    layer = job.asset_layer
    yield f"{name}: {_cut(job.partitions_def)}, executor {job.executor_def.name}"
    yield f"  {job.description}"
    yield f"  assets {_names(layer.selected_asset_keys)}"
    checks = sorted(f"{key.asset_key.to_user_string()}.{key.name}" for key in layer.asset_graph.asset_check_keys)
    yield f"  checks {', '.join(checks) or 'nothing'}"


def _describe_schedule(schedule: ScheduleDefinition) -> Iterator[str]:
    zone = schedule.execution_timezone or "UTC"
    yield f"{schedule.name}: {schedule.cron_schedule} {zone}, {schedule.default_status.value}, job {schedule.job_name}"
    yield f"  needs {_sorted(schedule.required_resource_keys)}"
    yield f"  {schedule.description}"


def _describe_sensor(sensor: SensorDefinition) -> Iterator[str]:
    seconds, status = sensor.minimum_interval_seconds, sensor.default_status.value
    yield f"{sensor.name}: every {seconds} s, {status}, jobs {', '.join(target.job_name for target in sensor.targets)}"
    yield f"  needs {_sorted(sensor.required_resource_keys)}"
    yield f"  {sensor.description}"


def _cut(partitions: PartitionsDefinition | None) -> str:
    """How an asset is cut; not from which day on, which depends on the data."""
    match partitions:
        case None:
            return "no partitions"
        case DailyPartitionsDefinition():
            return "daily"
        case WeeklyPartitionsDefinition():
            return f"weekly from day {partitions.day_offset}"
        case MonthlyPartitionsDefinition():
            return f"monthly from day {partitions.day_offset}"
    raise AssertionError(partitions)


def _days(mapping: PartitionMapping | None, partitions: PartitionsDefinition | None) -> str:
    """Which partitions of a source one partition is made of."""
    if mapping is None:
        return "same partition" if partitions else "all partitions"
    if isinstance(mapping, TimeWindowPartitionMapping):
        missing = "those that exist" if mapping.allow_nonexistent_upstream_partitions else "all must exist"
        return f"partitions {mapping.start_offset} to {mapping.end_offset}, {missing}"
    return str(mapping)


def _names(keys: Iterable[AssetKey]) -> str:
    return _sorted(key.to_user_string() for key in keys)


def _sorted(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


if __name__ == "__main__":
    from pipelines.definitions import defs

    SNAPSHOT.write_text(describe_graph(defs), encoding="utf-8")
    LINEAGE.write_text(describe_lineage(), encoding="utf-8")
