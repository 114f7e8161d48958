"""Mail faults: providers on loopback that do to each mail what a seeded draw says, in every way that is known.

Here: the kinds of faults of a provider with an HTTP API and of a mail server, and which mails each took.
Not here: the servers themselves (tests/reports/delivery), what must hold all the same (delivery.py).
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from random import Random

from aiosmtpd.smtp import SMTP, Envelope, Session

from reports.mail_settings import SendGridSettings, SmtpSettings, TransportSettings
from tests.reports.delivery.conftest import KEY, MailServer, SendGridServer, _cut

MAIL_FROM = "reports@signal.example"
# After which a worker gives up on a call; a provider that hangs does so for longer.
TIMEOUT_S = 1.0
HANGS_S = 3.0

HTTP_FAULTS = (
    *("302", "400", "401", "403", "413", "429", "500", "502", "503", "504"),
    *("reset", "hang", "accept-then-drop", "accept-then-hang", "accept-then-500", "accept-without-id"),
)
SMTP_FAULTS = (
    *("mail 451 come back later", "mail 421 too many connections"),
    *("rcpt 450 greylisted", "rcpt 451 out of order", "rcpt 550 no such user", "rcpt 552 mailbox full"),
    *("421 closing for maintenance", "rcpt hang", "drop-early"),
    *("data 451 try again", "data 452 disk full", "data 554 looks like spam", "data 550 policy"),
    *("data hang", "accept-then-drop", "accept-then-hang"),
)


class Draws:
    """What happens to the next mail: in share of the cases a fault, each kind as often as the others."""

    def __init__(self, faults: tuple[str, ...], share: float, seed: int) -> None:
        self.met: Counter[str] = Counter()
        self._faults, self._share, self._dice = faults, share, Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> str:
        with self._lock:
            if self._dice.random() >= self._share:
                return "accept"
            least = min(self.met[fault] for fault in self._faults)
            fault = self._dice.choice([fault for fault in self._faults if self.met[fault] == least])
            self.met[fault] += 1
            return fault

    def well_behaved(self) -> None:
        self._share = 0.0


class HttpProvider:
    """SendGrid's API on loopback."""

    kind = "sendgrid"

    def __init__(self, share: float, seed: int) -> None:
        self.draws = Draws(HTTP_FAULTS, share, seed)
        self._server = SendGridServer()
        self._server.behave = self._behave
        # A worker that is killed does not wait for the answer.
        setattr(self._server._http, "handle_error", lambda *_: None)  # noqa: B010  (a method)
        self.where = self._server.url

    def _behave(self, _recipient: str) -> str:
        # So that kills fall before, during and after a call.
        time.sleep(0.03)
        return self.draws.draw()

    @property
    def violations(self) -> list[str]:
        return self._server.violations

    def taken(self) -> Counter[str]:
        """How many mails each address has got."""
        return Counter(self._server.taken)

    def ids(self) -> dict[str, set[str]]:
        """Of each address the deliveries that mails to it named."""
        found: dict[str, set[str]] = {}
        for _headers, body in self._server.requests:
            (person,) = body["personalizations"]
            found.setdefault(person["to"][0]["email"], set()).add(person["custom_args"]["earshot_delivery"])
        return found

    def settings(self) -> TransportSettings:
        return TransportSettings(
            self.kind, MAIL_FROM, timeout_s=TIMEOUT_S, sendgrid=SendGridSettings(api_key=KEY, host=self.where)
        )

    def close(self) -> None:
        self._server.close()


class _Server(MailServer):
    """Draws once for each mail, when its sender is named."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._of: dict[int, str] = {}
        super().__init__()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        drawn = self._draws.draw()
        self._of[id(envelope)] = drawn
        if drawn.startswith("mail "):
            return drawn.removeprefix("mail ")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        drawn = self._of[id(envelope)]
        if drawn == "rcpt hang":
            await asyncio.sleep(HANGS_S)
            _cut(server)
        self.behave = lambda _address: drawn
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        drawn = self._of[id(envelope)]
        await asyncio.sleep(0.03)
        if drawn == "data hang":
            await asyncio.sleep(HANGS_S)
            _cut(server)
            return "451 too late"
        self.behave = lambda _address: drawn
        answer = await super().handle_DATA(server, session, envelope)
        if drawn == "accept-then-hang":
            await asyncio.sleep(HANGS_S)
        return answer


class SmtpProvider:
    """A mail server on loopback."""

    kind = "smtp"
    violations: tuple[str, ...] = ()

    def __init__(self, share: float, seed: int, answers_after_s: float = 0.0) -> None:
        self.draws = Draws(SMTP_FAULTS, share, seed)
        self._server = _Server(self.draws)
        self._server.answers_after_s = answers_after_s
        self.where = str(self._server.port)

    def taken(self) -> Counter[str]:
        """How many mails each address has got."""
        return Counter(address for address, _content in self._server.taken)

    def ids(self) -> dict[str, set[str]]:
        """Of each address the deliveries that its mails named."""
        found: dict[str, set[str]] = {}
        for address, content in self._server.taken:
            named = re.search(rb"(?im)^Message-ID:\s*<([0-9a-f-]{36})@", content)
            found.setdefault(address, set()).add(named.group(1).decode() if named else "none")
        return found

    def settings(self) -> TransportSettings:
        return TransportSettings(
            self.kind, MAIL_FROM, timeout_s=TIMEOUT_S, smtp=SmtpSettings(port=int(self.where), security="none")
        )

    def close(self) -> None:
        self._server.close()


Provider = HttpProvider | SmtpProvider
