"""Delivery: from a frozen report to a mail that arrives at most once.

Here: the names that other floors use. Each module's charter states what it holds.
"""

from __future__ import annotations

from reports.delivery.message import STOP_LINK_PLACEHOLDER
from reports.delivery.outbox import DeliverySummary, Outbox
from reports.delivery.queue import enqueue
from reports.delivery.transports import Transport, TransportSettings, make_transport

__all__ = [
    "STOP_LINK_PLACEHOLDER",
    "DeliverySummary",
    "Outbox",
    "Transport",
    "TransportSettings",
    "enqueue",
    "make_transport",
]
