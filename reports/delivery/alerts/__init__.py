"""Alerts: messages to the owner of a report when a person is needed, each thing at most once.

To send one, make an `Alert`. Its key says what it is about, so that the same thing is sent once, however often it
is found. Then either

    with warehouse.transaction() as connection:      # or as earshot_report, in the tenant's context
        ...                                          # the change that the alert is about
        queue_alert(connection, alert, now)

which puts it into the table `alerts`, from where the delivery worker sends it within ten minutes, or

    send_once(warehouse, channels_of(mailing.transport), alert, now)

which sends it at once and returns what became of it. Both may be called again with the same key: nothing is added.

Here: the names that other modules use. Each module's charter states what it holds.
"""

from __future__ import annotations

from reports.delivery.alerts.alert import INSTALLATION, Alert, queue_alert
from reports.delivery.alerts.channels import Channel, channels_of, usable_channels
from reports.delivery.alerts.failures import queue_failures
from reports.delivery.alerts.problems import Problem, Ways, record_problems
from reports.delivery.alerts.sending import AlertSummary, alert_owners, count_due_alerts, send_once, send_waiting

__all__ = [
    "INSTALLATION",
    "Alert",
    "AlertSummary",
    "Channel",
    "Problem",
    "Ways",
    "alert_owners",
    "channels_of",
    "count_due_alerts",
    "queue_alert",
    "queue_failures",
    "record_problems",
    "send_once",
    "send_waiting",
    "usable_channels",
]
