"""The registry: every metric once, with its type, labels and meaning. docs/monitoring.md and the tests follow it.

Here: names by Prometheus's conventions: base units, _total for what only grows, one meaning for a name.
Not here: the values (tenants.py, installation.py, orchestrator.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREFIX = "earshot_"


@dataclass(frozen=True, slots=True)
class Metric:
    """name: without the prefix. means: a sentence."""

    name: str
    means: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    @property
    def full_name(self) -> str:
        return f"{PREFIX}{self.name}"


METRICS = (
    Metric("info", "Always 1: the version of Earshot, and the database's edition.", ("version", "edition")),
    # The work, by tenant
    Metric(
        "computed_until_timestamp_seconds",
        "End of the last day that is computed and judged, as Unix time.",
        ("tenant",),
    ),
    Metric("lag_seconds", "How long ago that was: 26 hours at most where no night is late.", ("tenant",)),
    Metric(
        "late_partitions",
        "Days of the last 35 that should be computed by now (02:00 UTC of the next) and are not.",
        ("tenant",),
    ),
    Metric(
        "stale_lines",
        "Tables of days of the last 35 that are older than what they were made of (reason older), missing, or "
        "provisional for too long.",
        ("tenant", "reason"),
    ),
    Metric(
        "open_failures",
        "Pieces of work that failed for the tenant and were not done since, and failed checks; kind is the error's "
        "class, or the check.",
        ("tenant", "stage", "kind"),
    ),
    Metric("raw_rows", "Raw rows of the last day that has any: requests, ads, signals.", ("tenant", "source")),
    Metric("received_timestamp_seconds", "When the newest raw row came in, as Unix time.", ("tenant", "source")),
    Metric(
        "imported_lines_total", "Lines that imports read: stored, present or rejected.", ("tenant", "result"), "counter"
    ),
    Metric("lapsed_inclusions", "Entries of the inclusion list that count no more.", ("tenant",)),
    # The work, over all tenants
    Metric("rollup_rows", "Rows of the last day that should be computed by now, over all tenants.", ("asset",)),
    # Reports and mails
    Metric("reports", "Reports by state: pending, held, waiting, frozen, skipped.", ("tenant", "state")),
    Metric("deliveries", "Mails by state.", ("tenant", "state")),
    Metric("delivery_queue_age_seconds", "For how long the oldest mail waits that could leave.", ("tenant",)),
    Metric("delivery_attempts_total", "Attempts to send a mail, by outcome.", ("tenant", "outcome"), "counter"),
    Metric("alerts", "Alerts by state.", ("tenant", "state")),
    Metric("problems", "Problems that are open: told by mail or webhook, and not solved yet.", ("kind",)),
    # The orchestrator
    Metric("daemon_heartbeat_timestamp_seconds", "When Dagster's daemon gave its last sign of life, as Unix time."),
    Metric("runs", "Runs that ended in the last 24 hours, and those that are open, by status.", ("job", "status")),
    Metric("run_queue_age_seconds", "For how long the oldest queued run waits; 0 where none does."),
    Metric("last_success_timestamp_seconds", "When a run of the job last ended well, as Unix time.", ("job",)),
    Metric("last_failure_timestamp_seconds", "When a run of the job last failed, as Unix time.", ("job",)),
    Metric("run_duration_seconds", "How long the last successful run of the job took.", ("job",)),
    Metric("step_duration_seconds", "How long each step of that run took.", ("job", "step")),
    Metric("stopped_schedules", "Schedules and sensors that a person has stopped."),
    Metric("failing_schedules", "Schedules and sensors whose last look failed."),
    # The databases and the machine
    Metric("database_size_bytes", "Size of a database: warehouse, or dagster.", ("database",)),
    Metric("series_size_bytes", "Size of a table that grows with time, indexes included.", ("series",)),
    Metric("series_chunks", "Its chunks or partitions.", ("series",)),
    Metric("series_largest_chunk_bytes", "The largest of them.", ("series",)),
    Metric(
        "replica_lag_seconds",
        "How far a replica is behind: by the primary's statistics (under its name), which stand still where the "
        "replica does, or by its own (read: that of DATABASE_READ_URL).",
        ("replica",),
    ),
    Metric("replica_lag_bytes", "What a replica has still to replay, by the primary's statistics.", ("replica",)),
    Metric("disk_free_bytes", "Free room on the disk of a folder that Earshot writes to.", ("path",)),
    Metric("disk_size_bytes", "The size of that disk.", ("path",)),
    # The exporter itself
    Metric("collector_success", "1 where the group of metrics could be collected, else 0.", ("collector",)),
    Metric("collector_duration_seconds", "How long that took.", ("collector",)),
    Metric(
        "collector_failed_tenants",
        "Tenants whose part of the group could not be collected; the others' is there.",
        ("collector",),
    ),
)

BY_NAME = {metric.name: metric for metric in METRICS}


def describe_metrics() -> str:
    """The table of docs/monitoring.md."""
    rows = [
        f"| `{each.full_name}` | {each.kind} | {', '.join(each.labels) or '–'} | {each.means} |" for each in METRICS
    ]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows]) + "\n"
