"""Workers that are killed at random: nobody gets two mails, and every row ends in a state that is true."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reports.delivery import Outbox, make_transport
from reports.delivery.queue import CLAIM_FOR
from reports.mail_settings import AT_ONCE, SendGridSettings, SmtpSettings, TransportSettings

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import MailServer, Office, SendGridServer

MAILS = 40
KILLS = 6

WORKER = """
import sys
from datetime import datetime
from reports.delivery import Outbox, make_transport
from reports.mail_settings import AT_ONCE, SendGridSettings, SmtpSettings, TransportSettings
from sql.warehouse import Warehouse

url, now, kind, where = sys.argv[1:]
smtp = SmtpSettings(port=int(where), security="none") if kind == "smtp" else SmtpSettings()
sendgrid = SendGridSettings("SG.an-invented-key", where) if kind == "sendgrid" else SendGridSettings()
settings = TransportSettings(kind, "reports@signal.example", timeout_s=3, smtp=smtp, sendgrid=sendgrid)
transport = make_transport(settings)
print("ready", flush=True)
Outbox(Warehouse(url)).run(transport, datetime.fromisoformat(now))
"""

Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
def start(database_url: str, noon: datetime) -> Start:
    """Starts a worker process and returns once it is about to send."""

    def run(kind: str, where: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, database_url, noon.isoformat(), kind, where]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        return worker

    return run


def kill_some(start: Start, kind: str, where: str, chance: random.Random) -> None:
    """Two workers at a time; one of them is killed after a moment, again and again, then the rest may finish."""
    workers = [start(kind, where), start(kind, where)]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.25))
        victim = workers.pop(0)
        victim.send_signal(signal.SIGKILL)
        finish(victim)
        workers.append(start(kind, where))
    for worker in workers:
        assert finish(worker) == 0


def finish(worker: subprocess.Popen[str]) -> int:
    with worker:
        return worker.wait(timeout=60)


def slowed(behaviour: str, chance: random.Random) -> str:
    """A provider that takes a moment, so that kills fall before, during and after a call, most of them during."""
    time.sleep(chance.uniform(0.05, 0.2))
    return behaviour


def test_killed_workers_never_send_a_mail_twice(
    office: Office, sendgrid: SendGridServer, start: Start, noon: datetime
) -> None:
    chance = random.Random(1)
    sendgrid.behave = lambda _: slowed("accept", chance)
    recipients = [f"reader{number}@acme.example" for number in range(MAILS)]
    office.queue(*recipients)
    kill_some(start, "sendgrid", sendgrid.url, chance)
    Outbox(office.warehouse).run(
        make_transport(
            TransportSettings(
                kind="sendgrid",
                mail_from="reports@signal.example",
                sendgrid=SendGridSettings(api_key="SG.invented", host=sendgrid.url),
            )
        ),
        noon + CLAIM_FOR + timedelta(hours=1),
    )
    states = office.states()
    assert max(sendgrid.taken.values()) == 1
    assert set(states.values()) == {"accepted", "unknown"}
    assert len(states) == MAILS
    assert {name for name, state in states.items() if state == "accepted"} <= set(sendgrid.taken)
    assert list(states.values()).count("unknown") <= KILLS * AT_ONCE


def test_killed_workers_and_a_faulty_provider_together_send_no_mail_twice(
    office: Office, sendgrid: SendGridServer, start: Start, noon: datetime
) -> None:
    chance = random.Random(3)
    troubles = ["accept", "accept", "accept-then-drop", "accept-then-500", "503", "429", "reset", "400"]
    sendgrid.behave = lambda _: slowed(chance.choice(troubles), chance)
    office.queue(*(f"reader{number}@acme.example" for number in range(MAILS)))
    kill_some(start, "sendgrid", sendgrid.url, chance)
    transport = make_transport(
        TransportSettings(
            kind="sendgrid",
            mail_from="reports@signal.example",
            sendgrid=SendGridSettings(api_key="SG.invented", host=sendgrid.url),
        )
    )
    hours = 1
    while {"queued", "sending"} & set(office.states().values()):
        Outbox(office.warehouse).run(transport, noon + timedelta(hours=hours))
        hours += 5
    states = office.states()
    assert max(sendgrid.taken.values()) == 1
    assert set(states.values()) <= {"accepted", "unknown", "failed"}
    assert {name for name, state in states.items() if state == "accepted"} <= set(sendgrid.taken)
    assert not {name for name, state in states.items() if state == "failed"} & set(sendgrid.taken)


def test_killed_workers_never_send_a_mail_twice_by_smtp(
    office: Office, mail_server: MailServer, start: Start, noon: datetime
) -> None:
    chance = random.Random(4)
    mail_server.answers_after_s = 0.12
    office.queue(*(f"reader{number}@acme.example" for number in range(MAILS)))
    kill_some(start, "smtp", str(mail_server.port), chance)
    Outbox(office.warehouse).run(
        make_transport(
            TransportSettings(
                kind="smtp",
                mail_from="reports@signal.example",
                smtp=SmtpSettings(port=mail_server.port, security="none"),
            )
        ),
        noon + CLAIM_FOR + timedelta(hours=1),
    )
    taken = [recipient for recipient, _ in mail_server.taken]
    states = office.states()
    assert len(taken) == len(set(taken))
    assert set(states.values()) == {"accepted", "unknown"}
    assert {name for name, state in states.items() if state == "accepted"} <= set(taken)
