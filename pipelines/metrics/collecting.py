"""Collecting: all groups of metrics, at the moment of a scrape, each guarded.

Here: the order of the groups, and what becomes of one that fails: a metric says so, and the others are there.
Not here: the values (tenants.py, installation.py, orchestrator.py), serving them (pipelines/commands).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from pipelines import runtime
from pipelines.metrics import installation, orchestrator, tenants
from pipelines.metrics.registry import METRICS
from pipelines.metrics.samples import Collect, Sample, Scrape
from pipelines.settings import Settings
from sql.failures import cause_of
from sql.warehouse import Warehouse

# Each is one query or a few that belong together.
COLLECTORS: dict[str, Collect] = {
    "info": installation.collect_info,
    "coverage": tenants.collect_coverage,
    "stale": tenants.collect_stale,
    "failures": tenants.collect_failures,
    "rows": tenants.collect_rows,
    "mails": tenants.collect_mails,
    "inclusions": tenants.collect_inclusions,
    "problems": installation.collect_problems,
    "runs": orchestrator.collect_runs,
    "automation": orchestrator.collect_automation,
    "sizes": installation.collect_sizes,
    "replicas": installation.collect_replicas,
    "disks": installation.collect_disks,
}

Report = Callable[[str], object]


class InstallationCollector(Collector):
    """Collects at every scrape, one at a time. report: gets a line when a group begins to fail, or works again."""

    def __init__(self, settings: Settings, report: Report = lambda _: None) -> None:
        self._settings, self._report = settings, report
        self._lock = threading.Lock()
        self._causes: dict[str, str] = {}

    def describe(self) -> Iterable[Family]:
        """Without values: the registry would collect to find out which names there are."""
        return families(())

    def collect(self) -> Iterable[Family]:
        with self._lock:
            return families(list(self._samples()))

    def _samples(self) -> Iterator[Sample]:
        opened: list[Warehouse] = []

        def warehouse() -> Warehouse:
            if not opened:
                opened.append(runtime.make_warehouse(self._settings, "earshot metrics", work="status"))
            return opened[0]

        scrape = Scrape(self._settings, warehouse, datetime.now(UTC))
        try:
            yield from self._collected("tenants", _read_tenants, scrape)
            for name, collect in COLLECTORS.items():
                yield from self._collected(name, collect, scrape)
        finally:
            for each in opened:
                each.close()

    def _collected(self, name: str, collect: Collect, scrape: Scrape) -> Iterator[Sample]:
        """The group's samples, all or none but for tenants that fail, and how it went."""
        began = time.monotonic()
        scrape.failed.clear()
        samples: list[Sample] = []
        causes = []
        try:
            samples = list(collect(scrape))
        except Exception as error:
            causes = [cause_of(error)]
        succeeded = not causes
        causes += [f"{slug}: {cause_of(error)}" for slug, error in scrape.failed.items()]
        self._note(name, "; ".join(causes))
        yield from samples
        yield Sample("collector_success", float(succeeded), (name,))
        yield Sample("collector_failed_tenants", len(scrape.failed), (name,))
        yield Sample("collector_duration_seconds", time.monotonic() - began, (name,))

    def _note(self, name: str, cause: str) -> None:
        if self._causes.get(name, "") != cause:
            self._report(f"The metrics of {name}: {cause or 'are collected again'}.")
        self._causes[name] = cause


def _read_tenants(scrape: Scrape) -> Iterator[Sample]:
    scrape.slugs = {row["tenant_id"]: row["slug"] for row in scrape.warehouse().rows("read_tenants")}
    return iter(())


def families(samples: Iterable[Sample]) -> list[Family]:
    """The samples by metric, in the order of the registry, as the client library has them."""
    made: dict[str, Family] = {}
    for metric in METRICS:
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        made[metric.name] = kind(metric.full_name, metric.means, labels=metric.labels)
    for sample in samples:
        made[sample.metric].add_metric(sample.labels, sample.value)  # type: ignore[attr-defined]
    return list(made.values())


def make_registry(settings: Settings, report: Report = lambda _: None) -> CollectorRegistry:
    """A registry of the client library with these metrics alone."""
    registry = CollectorRegistry()
    registry.register(InstallationCollector(settings, report))
    return registry
