"""Failures: mails that failed, bounced, were dropped, or of which nobody knows, as alerts for their owner.

Here: which become alerts, and their text. Each does once; one that was tried again and failed again does so again.
Not here: sending (sending.py), how a mail came to its end (outcomes.py, reconcile.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reports.delivery.addresses import shorten_addresses
from reports.delivery.alerts.alert import ALERTED_WITHIN, Alert, queue_alert
from sql.values import Reader
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

# What to do about each end.
ADVICE = {
    "failed": "It was refused and has not left. Once the cause is removed: `earshot deliveries retry {id}`.",
    "bounced": "The address does not take it. Ask for another one and correct the subscription's recipients.",
    "dropped": "The provider did not send it. Look for the address in the provider's own list of suppressions.",
    "unknown": "It may have left or not, and is not sent again by itself. Look for it at the provider; if it never "
    "left: `earshot deliveries resend {id}`.",
}
# At most so many in a run; the next one takes the rest.
_MOST = 1000


def unalerted_failures(read: Reader, now: datetime) -> pl.DataFrame:
    """tenant_id, alert_key, delivery_id, recipient, state, detail, updated_at, subject, subscription_id.

    Oldest change first.
    """
    return read("read_unalerted_failures", since=now - ALERTED_WITHIN, most=_MOST)


def queue_failures(warehouse: Warehouse, now: datetime) -> int:
    """Queue an alert for each mail of the last days that came to a bad end and has no alert yet; returns how many."""
    rows = unalerted_failures(warehouse.read, now)
    alerts = [alert_of(row) for row in rows.iter_rows(named=True)]
    queued = 0
    for alert in alerts:
        with warehouse.transaction() as connection:
            queued += queue_alert(connection, alert, now)
    return queued


def alert_of(row: dict[str, Any]) -> Alert:
    """The alert of one row of unalerted_failures. Addresses are shortened. Pure."""
    delivery_id = UUID(bytes=row["delivery_id"])
    recipient = shorten_addresses(row["recipient"])
    what = {"unknown": "is in doubt"}.get(row["state"], row["state"])
    reason = row["detail"] or "no reason was given"
    lines = (
        f"Report: {row['subject']}",
        f"To: {recipient}",
        f"{row['state'].capitalize()} on {row['updated_at']:%Y-%m-%d %H:%M} UTC: {reason}",
        ADVICE[row["state"]].format(id=delivery_id),
        f"Everything that is known of it: `earshot deliveries show {delivery_id}`",
    )
    return Alert(
        tenant_id=UUID(bytes=row["tenant_id"]),
        key=row["alert_key"],
        subject=f"A report's mail to {recipient} {what}: {row['subject']}",
        text=shorten_addresses("\n".join(lines)),
        subscription_id=UUID(bytes=row["subscription_id"]),
    )
