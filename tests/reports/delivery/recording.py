"""A transport of the tests that records the mails that it gets."""

from __future__ import annotations

from collections.abc import Callable

from reports.delivery.message import Mail
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.unsubscribe import Sender


class Recording:
    """A transport of the tests that returns the outcomes that it is given and records the mails that it gets."""

    name = "recording"
    sender = Sender("reports@signal.example")

    def __init__(self, answer: Callable[[str], Outcome] | None = None) -> None:
        self.mails: list[Mail] = []
        self._answer = answer or (lambda _: Outcome(Verdict.ACCEPTED, "taken", 202, "id-1"))

    @property
    def recipients(self) -> list[str]:
        return [mail.envelope.recipient for mail in self.mails]

    def send(self, mail: Mail) -> Outcome:
        self.mails.append(mail)
        return self._answer(mail.envelope.recipient)


def always(outcome: Outcome) -> Recording:
    return Recording(lambda _: outcome)
