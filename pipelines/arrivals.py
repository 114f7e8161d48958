"""Arrivals: the sensor that looks at every tenant's sources, and the job that imports what is new there.

Here: when sources are looked at. Not here: looking and importing (assets/importing/sources), late rows (sensors.py).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import (
    AssetSelection,
    DagsterRunStatus,
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    sensor,
)

from assets.resources import scope_tags
from sql.failures import FailureLog, is_isolatable
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.importing.sources.configured import Source

log_imports = define_asset_job(
    "log_imports",
    AssetSelection.assets("imported_logs"),
    description="Imports what is new in the sources of every tenant, each object once.",
)

# A run that was killed may look as if it were at work for ever.
LONGEST_RUN = timedelta(hours=12)

AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@sensor(
    job=log_imports,
    minimum_interval_seconds=300,
    default_status=DefaultSensorStatus.RUNNING,
    description="Every five minutes: looks at every tenant's sources, and imports what is new or has changed there.",
)
def new_objects(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> RunRequest | SkipReason:
    """One run for the tenants that have something new. A source that cannot be looked at is named; the others are."""
    from assets.importing.sources.configured import sources_of

    tenants = warehouse.tenants()
    sources = sources_of(warehouse, [UUID(bytes=each) for each in tenants["tenant_id"]])
    if not sources:
        return SkipReason("No tenant has a source; `earshot sources add` enters one.")
    now = datetime.now(UTC)
    if context.instance.get_runs(
        RunsFilter(job_name=log_imports.name, statuses=AT_WORK, created_after=now - LONGEST_RUN), limit=1
    ):
        return SkipReason("A run is importing what the look before this one found.")
    failures = FailureLog(warehouse, "importing", context.log.error, not_done="not imported")
    found = _with_news(warehouse, sources, now, failures)
    if not found:
        return SkipReason(f"Nothing is new in {len(sources)} source(s).")
    return RunRequest(
        run_key=f"arrivals-{now.isoformat()}",
        run_config={"resources": {"scope": {"config": {"tenants": sorted(found)}}}},
        tags=scope_tags(sorted(found)),
    )


def _with_news(warehouse: Warehouse, sources: "Sequence[Source]", now: datetime, failures: FailureLog) -> set[str]:
    """The tenants that have something new. A source that can be looked at, with nothing set aside, fails no more."""
    from assets.importing.sources.reading import has_news, has_set_aside

    found: set[str] = set()
    for source in sources:
        try:
            if source.tenant_slug in found:
                continue
            if has_news(warehouse, source, now):
                found.add(source.tenant_slug)
            elif not has_set_aside(warehouse, source):
                failures.clear([source.tenant], [source.name])
        except BaseException as error:
            if not is_isolatable(error):
                raise
            failures.add(source.tenant, error, [source.name])
    return found
