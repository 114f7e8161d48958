"""Traces: a run that ended and its steps, as a collector gets them by OTLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from dagster import DagsterRunStatus
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pipelines.commands.watching.traces import traces as command
from pipelines.traces import read_runs
from sql.values import EarshotError
from tests.pipelines.dagster_history import DagsterHistory

if TYPE_CHECKING:
    from click.testing import Result

NOW = datetime.now(UTC)


class Collector:
    """Takes spans on loopback. status: what it answers."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.status = 200
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent: the test run's output is for failures."""

        return Handler


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def failed_run(history: DagsterHistory) -> str:
    """A run of 90 s that failed in its second step."""
    history.clear()
    run = history.run(
        "daily_rollups", DagsterRunStatus.FAILURE, NOW - timedelta(hours=1), {"earshot/day": "2026-10-01"}, seconds=90
    )
    for step, kind, at in (
        ("conversions", "STEP_START", 40),
        ("conversions", "STEP_FAILURE", 80),
        ("downloads", "STEP_START", 2),
        ("downloads", "STEP_SUCCESS", 38),
    ):
        moment = (NOW - timedelta(hours=1, seconds=90 - at)).replace(tzinfo=None)
        history.execute(
            "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key)"
            " VALUES (%s, '', %s, %s, %s)",
            *(run, kind, moment, step),
        )
    return run


def call(history: DagsterHistory, collector: Collector, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    from click.testing import CliRunner

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", history.url)
    return CliRunner().invoke(command, arguments)


def test_a_run_is_a_trace_and_each_of_its_steps_a_span(
    history: DagsterHistory, failed_run: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = call(history, collector, monkeypatch, failed_run[:8])
    assert result.stdout == "1 run(s) handed over, with 2 step(s).\n"
    by_name = {span.name: span for span in collector.spans}
    root = by_name["daily_rollups"]
    assert {span.trace_id for span in collector.spans} == {UUID(failed_run).bytes}
    assert {name: span.parent_span_id for name, span in by_name.items()} == {
        "daily_rollups": b"",
        "downloads": root.span_id,
        "conversions": root.span_id,
    }
    seconds = {name: (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 for name, span in by_name.items()}
    assert seconds == pytest.approx({"daily_rollups": 90, "downloads": 36, "conversions": 40}, abs=1e-3)
    assert {name: span.status.code for name, span in by_name.items()} == {
        "daily_rollups": 2,
        "downloads": 1,
        "conversions": 2,
    }
    attributes = {each.key: each.value.string_value for each in root.attributes}
    assert attributes == {
        "dagster.job": "daily_rollups",
        "dagster.run_id": failed_run,
        "earshot.day": "2026-10-01",
    }
    resource = {
        each.key: each.value.string_value for each in collector.requests[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "earshot"


def test_the_same_run_again_has_the_same_ids(
    history: DagsterHistory, failed_run: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed_run
    for _ in range(2):
        call(history, collector, monkeypatch)
    ids = [(span.trace_id, span.span_id) for span in collector.spans]
    assert len(ids) == 6
    assert ids[:3] == ids[3:]


def test_runs_that_ended_before_are_left_out_and_one_that_is_not_there_is_said(
    history: DagsterHistory, failed_run: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_runs(history.url, NOW) == []
    result = call(history, collector, monkeypatch, failed_run[:8], "--hours", "0.5")
    assert "has ended in the last 0.5 hours" in str(result.exception)
    assert collector.spans == []


def test_a_collector_that_refuses_is_an_error_with_what_to_do(
    history: DagsterHistory, failed_run: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed_run
    collector.status = 400
    result = call(history, collector, monkeypatch)
    assert isinstance(result.exception, EarshotError)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in str(result.exception)
    assert len(collector.requests) == 1, "a refusal is not tried again"
