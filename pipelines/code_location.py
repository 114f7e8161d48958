"""Code location: what is computed, and the jobs and clocks by which people and commands have it computed.

Here: assets, checks, jobs, schedules and the resources that they need, put together. A process that runs a job by
itself (backfill/computing.py) takes it from here.
Not here: what starts runs because of what came in late, and the whole that Dagster loads (definitions.py); anything
that opens a connection or reads a file when this module is imported. One thing is done by then: the process is guarded,
because Dagster stores and prints exceptions of every process that loads this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime

from dagster import (
    AssetsDefinition,
    AssetSpec,
    Definitions,
    InitResourceContext,
    IOManagerDefinition,
    ResourceDefinition,
    TimeWindowPartitionsDefinition,
    in_process_executor,
    map_asset_specs,
)

from assets.archive.assets import archived_rows
from assets.assets import day_assets
from assets.catalogue.assets import adopted_rows, followed_feeds
from assets.erasure.assets import erased_listeners
from assets.importing.assets import imported_logs
from assets.methods.assets import check_inclusions_valid, methodologies
from assets.partitions import EVER, partitions_from
from assets.privacy.assets import expired_addresses, rotated_keys
from assets.raw.assets import raw_days, show_raw_quality
from assets.reporting.assets import (
    final_sponsor_reports,
    monthly_sponsor_reports,
    provider_events,
    report_deliveries,
    weekly_sponsor_reports,
)
from assets.resources import Archive, History, Progress, Web, scope
from assets.steps import STEPS
from assets.storage.assets import pruned_history, raw_columns, series_partitions
from assets.upkeep.assets import show_tenant_checks
from pipelines.arrivals import log_imports, new_objects
from pipelines.chunks.job import chunked_rollups
from pipelines.chunks.values import HistoryValues
from pipelines.dagster_texts import guard_dagster
from pipelines.first_day import first_day
from pipelines.problems.sensor import problems
from pipelines.processes.pruning import prune_history
from pipelines.processes.workers import sign_of_life
from pipelines.runtime import history_url, mailing, measurement, open_warehouse
from pipelines.schedules import JOBS, SCHEDULES
from pipelines.settings import event_log_setting, load_settings
from pipelines.steering import STEERING_JOBS
from pipelines.upkeep import nightly_upkeep, nightly_upkeep_clock
from sql.events import collect_events
from sql.warehouse import Warehouse

guard_dagster()
collect_events(event_log_setting())

ASSETS: list[AssetsDefinition] = [
    imported_logs,
    raw_days,
    followed_feeds,
    adopted_rows,
    *(day_assets(step) for step in STEPS),
    rotated_keys,
    methodologies,
    expired_addresses,
    archived_rows,
    erased_listeners,
    series_partitions,
    raw_columns,
    pruned_history,
    weekly_sponsor_reports,
    monthly_sponsor_reports,
    final_sponsor_reports,
    report_deliveries,
    provider_events,
]


@contextmanager
def _warehouse(context: InitResourceContext) -> Iterator[Warehouse]:
    # Where somebody waits for a lock of this run, the run is named.
    run_id = context.run.run_id if context.run else None
    name = f"earshot run {run_id[:8]}" if run_id else "earshot"
    with open_warehouse(load_settings(), name) as warehouse, sign_of_life(context.instance, run_id):
        yield warehouse


def _history(_context: InitResourceContext) -> History:
    settings = load_settings()

    def prune(now: datetime) -> tuple[int, int]:
        url = history_url(settings)
        return prune_history(url, settings.history_days, now, settings.limits) if url else (0, 0)

    return History(settings.history_days, prune)


RESOURCES: dict[str, object] = {
    "warehouse": ResourceDefinition(_warehouse),
    "measurement": ResourceDefinition(lambda _context: measurement(load_settings())),
    "mailing": ResourceDefinition(lambda _context: mailing(load_settings())),
    "archive": ResourceDefinition(lambda _context: Archive(load_settings().archive)),
    "history": ResourceDefinition(_history),
    "web": ResourceDefinition(lambda _context: Web(load_settings().private_networks)),
    "scope": scope,
    "progress": ResourceDefinition.hardcoded_resource(Progress()),
    "step_values": IOManagerDefinition.hardcoded_io_manager(HistoryValues()),
}


# A run is a process of its own already, so nothing is gained by one more for each of its steps: they would load
# everything anew, three seconds of processor time apiece. Reports too are one step a run.
EXECUTOR = in_process_executor


def define(resources: Mapping[str, object], first: date | None = None) -> Definitions:
    """All of it with these resources, and partitions from the first day on; None: where data begin."""
    cut = dict(zip(EVER, partitions_from(first or first_day(), datetime.now(UTC).date()), strict=True))

    def cut_partitions(spec: AssetSpec) -> AssetSpec:
        if not isinstance(spec.partitions_def, TimeWindowPartitionsDefinition):
            return spec
        return spec.replace_attributes(partitions_def=cut[spec.partitions_def])

    return Definitions(
        assets=map_asset_specs(cut_partitions, ASSETS),
        asset_checks=[show_tenant_checks, show_raw_quality, check_inclusions_valid],
        jobs=[*JOBS, chunked_rollups, log_imports, nightly_upkeep, *STEERING_JOBS],
        schedules=[*SCHEDULES, nightly_upkeep_clock],
        sensors=[new_objects, problems],
        resources=resources,
        executor=EXECUTOR,
    )
