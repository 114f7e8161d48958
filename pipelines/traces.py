"""Traces: what a run did when, as OpenTelemetry has it: one trace for a run, with a span for each of its steps.

Here: reading runs and steps from Dagster's history, and handing them to an exporter. The ids follow from the run's, so
that the same run handed over twice is the same trace. A run is traced after its end: it waits for no collector.
Not here: the command (pipelines/commands/watching/traces.py). Needs the extra `otel`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from uuid import UUID

import psycopg
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Status, StatusCode

from sql.connections.connecting import looking
from sql.connections.limits import Limits, libpq_url
from sql.safety.masking import masked

_RUNS = """
SELECT runs.run_id, runs.pipeline_name, runs.status, runs.start_time, runs.end_time, coalesce(tags.tags, '{}')
FROM runs
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(run_tags.key, run_tags.value) AS tags FROM run_tags WHERE run_tags.run_id = runs.run_id
) AS tags ON TRUE
WHERE runs.start_time IS NOT NULL AND runs.end_time >= %s AND starts_with(runs.run_id, %s)
ORDER BY runs.end_time
"""
_STEPS = """
SELECT
    run_id,
    step_key,
    extract(EPOCH FROM min(timestamp) FILTER (WHERE dagster_event_type = 'STEP_START'))::float,
    extract(EPOCH FROM max(timestamp))::float,
    bool_or(dagster_event_type = 'STEP_FAILURE')
FROM event_logs
WHERE run_id = ANY(%s) AND dagster_event_type IN ('STEP_START', 'STEP_SUCCESS', 'STEP_FAILURE')
GROUP BY run_id, step_key
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run; times are seconds of Unix time."""

    key: str
    began: float
    ended: float
    failed: bool


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run that ended, with its steps in the order in which they began."""

    run_id: UUID
    job: str
    failed: bool
    began: float
    ended: float
    tags: Mapping[str, str]
    steps: Sequence[Step]


def read_runs(url: str, since: datetime, begins: str = "", limits: Limits = Limits()) -> list[TracedRun]:  # noqa: B008
    """Runs that ended since then, whose ids begin so. url: as in DAGSTER_POSTGRES_URL. Raises EarshotError."""
    with looking(libpq_url(url), limits, "earshot traces", "Reading runs to trace") as connection:
        try:
            runs = connection.execute(_RUNS, [since.timestamp(), begins]).fetchall()
            found = connection.execute(_STEPS, [[row[0] for row in runs]]).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
    steps: dict[str, list[Step]] = {}
    for run_id, key, began, ended, failed in found:
        if began is not None:
            steps.setdefault(str(run_id), []).append(Step(str(key), float(str(began)), float(str(ended)), bool(failed)))
    return [
        TracedRun(
            run_id=UUID(str(run_id)),
            job=str(job),
            failed=status != "SUCCESS",
            began=float(str(began)),
            ended=float(str(ended)),
            tags=tags if isinstance(tags, dict) else {},
            steps=sorted(steps.get(str(run_id), []), key=lambda step: step.began),
        )
        for run_id, job, status, began, ended, tags in runs
    ]


class _Ids(IdGenerator):
    """The ids that are to be given next."""

    trace_id, span_id = 0, 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def export_runs(runs: Iterable[TracedRun], exporter: SpanExporter) -> bool:
    """Hand the runs' spans to the exporter, run by run; False where it did not take one, which is the last tried."""
    ids, spans = _Ids(), InMemorySpanExporter()
    resource = Resource.create({"service.name": "earshot", "service.version": version("earshot")})
    provider = TracerProvider(id_generator=ids, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("earshot")
    for run in runs:
        ids.trace_id, ids.span_id = run.run_id.int, _span_id(run.run_id, "")
        attributes = {"dagster.job": run.job, "dagster.run_id": str(run.run_id), **_tags(run.tags)}
        root = tracer.start_span(run.job, start_time=_ns(run.began), attributes=attributes)
        context = trace.set_span_in_context(root)
        for step in run.steps:
            ids.span_id = _span_id(run.run_id, step.key)
            about = {"dagster.step": step.key}
            _end(tracer.start_span(step.key, context, start_time=_ns(step.began), attributes=about), step)
        _end(root, run)
        if exporter.export(spans.get_finished_spans()) is not SpanExportResult.SUCCESS:
            return False
        spans.clear()
    return True


def _end(span: trace.Span, of: TracedRun | Step) -> None:
    span.set_status(Status(StatusCode.ERROR if of.failed else StatusCode.OK))
    span.end(_ns(of.ended))


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    """What the run was about: earshot/day, earshot/tenant and earshot/campaign, as attributes."""
    return {
        name.replace("/", "."): masked(value)
        for name, value in tags.items()
        if name in ("earshot/day", "earshot/tenant", "earshot/campaign")
    }


def _span_id(run: UUID, step: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{run}/{step}".encode(), digest_size=8).digest(), "big") or 1


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000) * 1_000
