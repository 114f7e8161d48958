"""earshot traces: runs that ended, as OpenTelemetry traces.

Here: the command.
Not here: what a trace holds (pipelines/traces.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from pipelines import console, runtime
from pipelines.settings import load_settings
from sql.values import EarshotError, PermanentError


@click.command()
@click.argument("run", default="", required=False)
@click.option("--hours", type=click.FloatRange(min=0), default=24, show_default=True, help="How far back.")
def traces(run: str, hours: float) -> None:
    """Hand runs that ended to an OpenTelemetry collector by OTLP over HTTP: all, or RUN (the first letters of its id).

    Where it listens is said by the standard variables, such as OTEL_EXPORTER_OTLP_ENDPOINT. The same run again is the
    same trace, so a clock may call this.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from pipelines.traces import export_runs, read_runs
    except ImportError:
        raise PermanentError("Traces need the extra otel: pip install 'earshot[otel]'") from None
    settings = load_settings()
    url = runtime.history_url(settings)
    if url is None:
        raise PermanentError("Dagster's history is not configured: set DAGSTER_POSTGRES_URL, or `earshot db up`.")
    runs = read_runs(url, datetime.now(UTC) - timedelta(hours=hours), run.strip().lower(), settings.limits)
    if run and not runs:
        raise PermanentError(f"No run whose id begins with {run!r} has ended in the last {hours:g} hours: see --hours.")
    if not export_runs(runs, OTLPSpanExporter()):
        raise EarshotError(
            "The collector did not take the spans. Look at OTEL_EXPORTER_OTLP_ENDPOINT, and at the collector's log; "
            "the same command hands them over again."
        )
    console.out.print(f"{len(runs)} run(s) handed over, with {sum(len(each.steps) for each in runs)} step(s).")
