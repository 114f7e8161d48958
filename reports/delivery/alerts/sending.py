"""Sending alerts: what waits in the queue, each at most once by each channel.

Here: the order of the steps, which is that of the outbox: claim and commit, hand over, record. A worker that dies in
between leaves a claim that expires to unknown, and is never sent again by itself.
Not here: the channels (channels.py), what alerts are about (failures.py and whoever calls queue_alert).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row

from reports.delivery.alerts.alert import ALERTED_WITHIN, Alert, queue_alert
from reports.delivery.alerts.channels import Channel, Waiting
from reports.delivery.alerts.failures import queue_failures, unalerted_failures
from reports.delivery.outcomes import Outcome, Verdict, given_up, next_attempt, of_unexpected
from reports.delivery.queue import CLAIM_FOR
from sql.events import note_event
from sql.failures import is_isolatable
from sql.statements import statement
from sql.values import Reader
from sql.warehouse import Warehouse

logger = logging.getLogger(__name__)

_IN_DOUBT = (
    "the worker that was telling this never reported back, so it may have been told or not; it is not told again"
)
_TOO_LATE = f"it could not be told in {ALERTED_WITHIN.days} days"


@dataclass(slots=True)
class AlertSummary:
    """What a run sent. results: by what became of it (sent, queued: tried again later, failed, unknown).

    notes: what a person should look at.
    """

    results: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in sorted(self.results.items())) or "nothing to tell"


def send_once(warehouse: Warehouse, channels: Mapping[str, Channel], alert: Alert, now: datetime) -> AlertSummary:
    """Queue the alert and send it now by every way, unless it was sent before. Other alerts wait for their run."""
    with warehouse.transaction() as connection:
        queue_alert(connection, alert, now)
    return send_waiting(warehouse, channels, now, alert)


def alert_owners(warehouse: Warehouse, channels: Mapping[str, Channel], now: datetime) -> AlertSummary:
    """Tell the owners of mails that will not arrive, and send whatever else waits."""
    queue_failures(warehouse, now)
    return send_waiting(warehouse, channels, now)


def send_waiting(
    warehouse: Warehouse, channels: Mapping[str, Channel], now: datetime, only: Alert | None = None
) -> AlertSummary:
    """Send what waits and is due, all of it or one alert. A way that does not work is left alone until the next run."""
    summary = AlertSummary()
    _prepare(warehouse, channels, now, summary)
    open_channels = dict(channels)
    while open_channels:
        token = uuid4()
        waiting = _claim(warehouse, list(open_channels), now, token, only)
        if waiting is None:
            break
        outcome = given_up(_handed_over(open_channels[waiting.channel], waiting), waiting.attempts)
        state = _record(warehouse, waiting, token, outcome, now)
        summary.results[state] += 1
        if state != "sent":
            summary.notes.append(f"the alert {waiting.alert_key} by {waiting.channel} is {state}: {outcome.detail}")
        if outcome.stop_run:
            del open_channels[waiting.channel]
    return summary


def count_due_alerts(read: Reader, now: datetime) -> int:
    """How many alerts a run would handle now, those included that nobody has queued yet."""
    return int(read("count_due_alerts", now=now).item()) + unalerted_failures(read, now).height


def _prepare(warehouse: Warehouse, channels: Mapping[str, Channel], now: datetime, summary: AlertSummary) -> None:
    since = now - ALERTED_WITHIN
    values = {"now": now, "since": since, "in_doubt": _IN_DOUBT, "too_late": _TOO_LATE}
    with warehouse.transaction() as connection:
        ended = Counter(str(row[0]) for row in connection.execute(statement("end_alerts").text, values).fetchall())
        if "webhook" in channels:
            connection.execute(statement("add_webhook_alerts").text, {"since": since, "now": now})
    summary.results.update(ended)
    if ended["failed"]:
        summary.notes.append(f"{ended['failed']} alert(s) reached nobody in {ALERTED_WITHIN.days} days")
    for row in warehouse.rows("count_ownerless_alerts"):
        advice = f"`earshot alerts owner {row['slug']} ADDRESS` sets whom to tell"
        summary.notes.append(
            f"{row['alerts']} alert(s) of {row['slug']} wait, because nobody owns its reports: {advice}"
        )


def _claim(
    warehouse: Warehouse, channels: Sequence[str], now: datetime, token: UUID, only: Alert | None
) -> Waiting | None:
    values: dict[str, Any] = {
        "due": now,
        "now": now,
        "expires": now + CLAIM_FOR,
        "token": token,
        "channels": list(channels),
        "tenant": only.tenant_id if only else None,
        "key": only.key if only else None,
    }
    with warehouse.transaction() as connection, connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(statement("claim_alert").text, values).fetchone()


def _handed_over(channel: Channel, waiting: Waiting) -> Outcome:
    try:
        return channel.send(waiting)
    except BaseException as error:
        if not is_isolatable(error):
            raise
        logger.exception("the alert %s ended in an error that its channel does not know", waiting.alert_key)
        return of_unexpected(error)


def _record(warehouse: Warehouse, waiting: Waiting, token: UUID, outcome: Outcome, now: datetime) -> str:
    """Write down what became of a claimed alert; returns its state."""
    states = {Verdict.ACCEPTED: "sent", Verdict.FAILED: "failed", Verdict.UNKNOWN: "unknown"}
    state = states.get(outcome.verdict, "queued")
    values = {
        "tenant": waiting.tenant_id,
        "key": waiting.alert_key,
        "channel": waiting.channel,
        "token": token,
        "state": state,
        "detail": outcome.detail,
        # Later than now, so that no run meets it twice.
        "not_before": next_attempt(waiting.attempts, now, waiting.mail_id, outcome),
        "uncounted": 1 if outcome.verdict is Verdict.PAUSED else 0,
        "now": now,
    }
    with warehouse.transaction() as connection:
        connection.execute(statement("record_alert_outcome").text, values)
    note_event("alert_tried", tenant=waiting.tenant_id, alert=waiting.alert_key, channel=waiting.channel, state=state)
    return state
