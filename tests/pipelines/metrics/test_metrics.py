"""Metrics, as Prometheus reads them: what the databases hold, whatever fails beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterRunStatus
from prometheus_client.parser import text_string_to_metric_families

from pipelines.doctor.work import last_due
from pipelines.metrics.registry import METRICS, describe_metrics
from tests.pipelines.small_network import add_tenant, named
from tests.programs import program

if TYPE_CHECKING:
    from tests.pipelines.installation import Installation

ROOT = Path(__file__).parents[3]
# Where there is no replica there is no lag.
OF_REPLICAS = {"earshot_replica_lag_seconds", "earshot_replica_lag_bytes"}

Value = Callable[..., float | None]


def now() -> datetime:
    return datetime.now(UTC)


def read(text: str) -> Value:
    """Looks one value up: its name without the prefix, and its labels; None where it is not there."""
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def value(name: str, **labels: str) -> float | None:
        return found.get((f"earshot_{name}", frozenset(labels.items())))

    return value


def fill(installation: Installation) -> None:
    """Something for every metric."""
    tenant, report = named("harbor"), "9b1f7c1e-0000-4000-8000-000000000001"
    installation.execute(
        "INSERT INTO reports (tenant_id, report_id, subscription_id, sponsor_id, cadence, period_start, period_end,"
        " timezone, state, as_of, code_version, content_hash, run_id)"
        " VALUES (%s, %s, %s, %s, 'weekly', '2026-03-02', '2026-03-08', 'UTC', 'frozen', now(), '1', 'x', %s)",
        *(tenant, report, named("harbor", "weekly"), named("harbor", "sponsor"), report),
    )
    installation.execute(
        "INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient, created_at)"
        " VALUES (%s, %s, %s, 1, 'maud@kettle.example', now() - interval '2 hours')",
        *(tenant, report, report),
    )
    installation.execute(
        "INSERT INTO delivery_attempts (tenant_id, attempt_id, delivery_id, transport, started_at, outcome)"
        " SELECT %s, gen_random_uuid(), %s, 'smtp', now(), 'retry' FROM generate_series(1, 3)",
        *(tenant, report),
    )
    installation.execute(
        "INSERT INTO alerts (tenant_id, alert_key, channel, subject, body, not_before, created_at, updated_at)"
        " VALUES (%s, 'a', 'mail', 's', 'b', now(), now(), now())",
        tenant,
    )
    installation.execute(
        "INSERT INTO imports (tenant_id, kind, object, format, started_by, stored, present, rejected)"
        " VALUES (%s, 'requests', 'a.log', 'combined', 'ann', 70, 20, 10)",
        tenant,
    )
    installation.execute(
        "INSERT INTO ingest_watermarks (tenant_id, source, day, rows, received_at, changed_at)"
        " VALUES (%s, 'requests', %s, 5, now(), '2026-01-01'), (%s, 'requests', %s, 9, '2026-01-01', '2026-01-01')",
        *(tenant, last_due(now()) - timedelta(days=1), tenant, last_due(now())),
    )
    installation.execute(
        "INSERT INTO tenant_failures (tenant_id, stage, subject, day, cause, error_class)"
        " SELECT %s, 'computing', 'downloads', day, 'no rate', 'PermanentError'"
        " FROM unnest('{2026-01-02, 2026-01-03}'::date[]) AS day",
        tenant,
    )
    history = installation.history
    history.run("daily_rollups", DagsterRunStatus.FAILURE, now() - timedelta(days=2))
    run = history.run("daily_rollups", DagsterRunStatus.SUCCESS, now() - timedelta(hours=2), seconds=90)
    waits = history.run("daily_rollups", DagsterRunStatus.NOT_STARTED, now() - timedelta(minutes=5))
    history.execute("UPDATE runs SET status = 'QUEUED', start_time = NULL, end_time = NULL WHERE run_id = %s", waits)
    history.execute(
        "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key) VALUES"
        " (%s, '', 'STEP_START', '2026-01-01 01:00:00', 'downloads'),"
        " (%s, '', 'STEP_SUCCESS', '2026-01-01 01:00:42', 'downloads')",
        *(run, run),
    )


def test_every_metric_of_the_registry_is_there_with_what_the_databases_hold(installation: Installation) -> None:
    fill(installation)
    result = installation.call("metrics", "--once")
    assert (result.exit_code, result.stderr) == (0, "")
    value = read(result.stdout)
    present = {sample.name for family in text_string_to_metric_families(result.stdout) for sample in family.samples}
    assert present == {metric.full_name for metric in METRICS} - OF_REPLICAS
    end = datetime.combine(last_due(now()) + timedelta(days=1), datetime.min.time(), UTC)
    expected = {
        ("computed_until_timestamp_seconds", "harbor"): end.timestamp(),
        ("late_partitions", "harbor"): 0,
        ("lapsed_inclusions", "harbor"): 0,
    }
    assert {key: value(key[0], tenant=key[1]) for key in expected} == expected
    assert value("open_failures", tenant="harbor", stage="computing", kind="PermanentError") == 2
    assert value("raw_rows", tenant="harbor", source="requests") == 9
    assert value("received_timestamp_seconds", tenant="harbor", source="requests") == pytest.approx(
        now().timestamp(), abs=120
    )
    assert value("imported_lines_total", tenant="harbor", result="rejected") == 10
    assert value("rollup_rows", asset="downloads") == 1
    assert value("reports", tenant="harbor", state="frozen") == 1
    assert value("deliveries", tenant="harbor", state="queued") == 1
    assert value("delivery_queue_age_seconds", tenant="harbor") == pytest.approx(7200, abs=120)
    assert value("delivery_attempts_total", tenant="harbor", outcome="retry") == 3
    assert value("alerts", tenant="harbor", state="queued") == 1
    assert value("runs", job="daily_rollups", status="success") == 1
    assert value("runs", job="daily_rollups", status="failure") is None, "it is older than a day"
    assert value("run_queue_age_seconds") == pytest.approx(300, abs=120)
    assert value("run_duration_seconds", job="daily_rollups") == pytest.approx(90)
    assert value("step_duration_seconds", job="daily_rollups", step="downloads") == 42
    assert (value("database_size_bytes", database="warehouse") or 0) > 1e6
    assert value("stale_lines", tenant="harbor", reason="older") == 0
    assert value("stale_lines", tenant="harbor", reason="missing") == 0


def test_a_query_that_fails_is_a_metric_and_the_others_are_there(installation: Installation) -> None:
    installation.execute("ALTER TABLE delivery_attempts RENAME TO mislaid")
    result = installation.call("metrics", "--once")
    value = read(result.stdout)
    assert result.exit_code == 0
    assert value("collector_success", collector="mails") == 1, "it fails tenant by tenant"
    assert value("collector_failed_tenants", collector="mails") == 1
    assert value("deliveries", tenant="harbor", state="queued") is None
    assert value("late_partitions", tenant="harbor") == 0
    assert result.stderr.count("The metrics of mails: harbor: ") == 1
    installation.execute("ALTER TABLE check_results RENAME TO lost")
    assert read(installation.call("metrics", "--once").stdout)("collector_success", collector="failures") == 0


def test_a_tenant_that_cannot_be_read_takes_out_no_other(installation: Installation) -> None:
    add_tenant(installation.warehouse, "kreuz", "Europe/Berlin", "EUR")
    for slug, moment in (("harbor", "infinity"), ("kreuz", "2020-01-01")):
        installation.execute("ALTER TABLE ip_inclusions DROP CONSTRAINT IF EXISTS ip_inclusions_validated_at_in_bounds")
        installation.execute(
            "INSERT INTO ip_inclusions (tenant_id, network, reason, validated_at) VALUES (%s, '192.0.2.0/24', 'x', %s)",
            *(named(slug), moment),
        )
    value = read(installation.call("metrics", "--once").stdout)
    assert value("lapsed_inclusions", tenant="kreuz") == 1
    assert value("lapsed_inclusions", tenant="harbor") is None
    assert value("collector_failed_tenants", collector="inclusions") == 1
    assert value("collector_success", collector="inclusions") == 1


def test_a_database_that_is_away_is_said_and_nothing_ends(installation: Installation) -> None:
    result = installation.call("metrics", "--once", DATABASE_URL="postgresql://earshot:hush-hush@127.0.0.1:9/earshot")
    value = read(result.stdout)
    assert result.exit_code == 0
    assert value("collector_success", collector="coverage") == 0
    assert value("collector_success", collector="runs") == 1
    assert (value("disk_size_bytes", path=installation.settings["EARSHOT_HOME"]) or 0) > 0
    assert "hush-hush" not in result.output
    assert "The metrics of sizes: " in result.stderr


def test_they_are_served_until_the_process_is_told_to_stop(installation: Installation) -> None:
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **installation.settings}
    command = [sys.executable, "-m", "pipelines.cli", "metrics", "--port", "0"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().strip().removeprefix("Metrics at ")
        first, second = (urllib.request.urlopen(url, timeout=30).read().decode() for _ in range(2))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert read(first)("late_partitions", tenant="harbor") == read(second)("late_partitions", tenant="harbor") == 0


def test_promtool_finds_nothing_to_say_of_names_types_and_help(installation: Installation) -> None:
    fill(installation)
    text = installation.call("metrics", "--once").stdout
    command = [program("promtool", "prometheus"), "check", "metrics"]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_documentation_has_the_table_of_the_registry() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    found = page.partition("<!-- metrics -->\n")[2].partition("<!-- /metrics -->")[0].strip()
    assert found == describe_metrics().strip(), "write pipelines.metrics.registry.describe_metrics() into the page"
