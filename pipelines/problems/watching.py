"""Watching: one look at everything, and what is new is sent at once.

Here: the order, and that what cannot be looked at, or sent by one channel, keeps nothing else from being sent.
Not here: what is looked for (finding.py), how often (sensor.py, `earshot alerts look`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.problems import finding
from pipelines.problems.finding import Look
from pipelines.settings import Settings
from reports.delivery.alerts import (
    Alert,
    AlertSummary,
    Problem,
    Ways,
    record_problems,
    send_waiting,
    usable_channels,
)
from reports.delivery.alerts.problems import Kind
from sql.failures import cause_of, is_isolatable
from sql.warehouse import Warehouse

Find = Callable[[Look], list[Problem]]

FINDERS: dict[Kind, Find] = {
    "failed_run": finding.find_failed_runs,
    "late_night": finding.find_late_nights,
    "held_report": finding.find_held_reports,
    "paused_sender": finding.find_paused_sender,
    "full_disk": finding.find_full_disks,
    "lapsed_list": finding.find_lapsed_lists,
    "late_erasure": finding.find_late_erasures,
}


@dataclass(slots=True)
class Watched:
    """alerts: what was new or solved; sent: what became of the alerts. notes: what could not be looked at or sent."""

    alerts: list[Alert] = field(default_factory=list)
    sent: AlertSummary = field(default_factory=AlertSummary)
    notes: list[str] = field(default_factory=list)


def watch(settings: Settings, warehouse: Warehouse, now: datetime) -> Watched:
    """Look for problems of every kind, note what is new or solved, and send it by every channel that can be used.

    What cannot be sent now waits for the delivery worker.
    """
    watched = Watched()
    ways = Ways(settings.mail.alert_mail, bool(settings.mail.alert_webhook))
    tenants = {row["tenant_id"]: row for row in warehouse.rows("read_tenants")}
    open_rows = warehouse.rows("read_open_problems")
    subjects: dict[str, frozenset[str]] = {
        kind: frozenset(row["subject"] for row in open_rows if row["kind"] == kind) for kind in FINDERS
    }
    for kind, find in FINDERS.items():
        look = Look(settings, warehouse, now, tenants, subjects)
        try:
            found = find(look)
            watched.alerts += record_problems(warehouse, kind, found, ways, now, look.looked_at)
        except Exception as error:
            if not is_isolatable(error):
                raise
            watched.notes.append(f"{kind} could not be looked for: {cause_of(error)}")
        watched.notes += [
            f"{kind} of {tenants[tenant]['slug']} could not be looked for: {cause_of(error)}"
            for tenant, error in look.failed.items()
        ]
    _send(settings, warehouse, now, watched)
    return watched


def _send(settings: Settings, warehouse: Warehouse, now: datetime, watched: Watched) -> None:
    channels, no_mail = usable_channels(settings.mail)
    if no_mail and watched.alerts:
        watched.notes.append(f"alerts cannot be mailed: {no_mail}")
    for name, channel in channels.items():
        for alert in watched.alerts:
            sent = send_waiting(warehouse, {name: channel}, now, alert)
            watched.sent.results.update(sent.results)
            watched.notes += [note for note in sent.notes if note not in watched.notes]
            if set(sent.results) - {"sent"}:
                # The next one would wait for the same; a look has a minute.
                break
