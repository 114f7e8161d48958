"""What every transport is.

Here: the protocol, and how far a call came.
Not here: a transport, its settings (reports/mail_settings.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reports.delivery.message import Mail
from reports.delivery.outcomes import Outcome, Stage
from reports.delivery.unsubscribe import Sender

# The queue gives a claim three times as long, so that a worker has always reported back before its claim expires.
LONGEST_CALL_S = 300.0


@dataclass(slots=True)
class Progress:
    """How far a call came; whoever makes the call keeps it up to date."""

    stage: Stage = Stage.CONNECTING


class Transport(Protocol):
    """Sends one mail once and returns what became of it."""

    @property
    def name(self) -> str: ...

    @property
    def sender(self) -> Sender: ...

    def send(self, mail: Mail) -> Outcome:
        """One attempt, never repeated inside. Returns an outcome for everything that a provider can do."""
        ...
