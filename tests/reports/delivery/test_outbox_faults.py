"""The outbox when transports, providers and the database fail: nothing is doubled, nothing is forgotten."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from reports.delivery import DeliverySummary, Outbox, make_transport, outbox, queue
from reports.delivery.outcomes import Outcome
from reports.delivery.queue import CLAIM_FOR
from reports.mail_settings import SendGridSettings, TransportSettings
from sql.connections.connecting import DatabaseUnavailableError
from tests.reports.delivery.recording import Recording

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import Office, SendGridServer

Run = Callable[..., DeliverySummary]


def test_a_transport_that_breaks_leaves_the_mail_in_doubt(
    office: Office, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(_: str) -> Outcome:
        raise RuntimeError("a bug")

    office.queue("alex@acme.example", "bo@acme.example")
    with caplog.at_level(logging.CRITICAL):
        assert run(Recording(explode)).results == {"unknown": 2}


def test_the_database_being_away_loses_no_mail(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise psycopg.OperationalError("the server went away")

    office.queue("alex@acme.example")
    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(Outbox, "read_report", away)
        assert run(Recording()).paused
    assert run(Recording(), timedelta(minutes=10)).accepted == 1


def test_a_known_end_survives_a_database_that_is_away_for_a_moment(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = iter([True, True])
    record_for_real = queue.record_outcome

    def record_when_back(*values: Any) -> None:
        if next(away, False):
            raise DatabaseUnavailableError("the server is restarting")
        record_for_real(*values)

    office.queue("alex@acme.example")
    monkeypatch.setattr(queue, "record_outcome", record_when_back)
    monkeypatch.setattr(outbox, "RECORD_PAUSES", (0.0, 0.0))
    transport = Recording()
    assert run(transport).accepted == 1
    assert len(transport.mails) == 1
    assert office.states() == {"alex@acme.example": "accepted"}


def test_an_end_that_could_not_be_written_down_is_in_doubt_and_reported(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailableError("the server is gone")

    office.queue("alex@acme.example")
    transport = Recording()
    with monkeypatch.context() as patch:
        patch.setattr(queue, "record_outcome", away)
        patch.setattr(outbox, "RECORD_PAUSES", (0.0,))
        with pytest.raises(DatabaseUnavailableError):
            run(transport)
    assert "ended as accepted (id-1)" in caplog.text
    run(transport, CLAIM_FOR + timedelta(hours=1))
    assert len(transport.mails) == 1
    assert office.states() == {"alex@acme.example": "unknown"}


def test_a_faulty_provider_ends_in_honest_states(
    office: Office, run: Run, sendgrid: SendGridServer, api_key: str
) -> None:
    fates = {
        "good": ("accept", "accepted"),
        "bad": ("400", "failed"),
        "moved": ("302", "unknown"),
        "slow": ("429", "queued"),
        "busy": ("503", "unknown"),
        "lying": ("accept-then-500", "unknown"),
        "gateway": ("502", "unknown"),
        "dropped": ("accept-then-drop", "unknown"),
        "silent": ("accept-then-hang", "unknown"),
    }
    sendgrid.behave = lambda recipient: fates[recipient.partition("@")[0]][0]
    office.queue(*(f"{name}@acme.example" for name in fates))
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host=sendgrid.url),
        timeout_s=0.5,
    )
    while run(make_transport(settings)).handled:
        pass
    assert office.states() == {f"{name}@acme.example": state for name, (_, state) in fates.items()}
    assert set(sendgrid.taken.values()) == {1}
    assert all(isinstance(delivery, UUID) for delivery in office.column("delivery_id").values())


def test_a_hundred_mails_through_a_faulty_provider_are_neither_doubled_nor_forgotten(
    office: Office, run: Run, sendgrid: SendGridServer, api_key: str, noon: datetime
) -> None:
    chance = random.Random(7)
    troubles = ["429", "500", "503", "504", "400", "302", "reset", "accept-then-drop", "accept-then-500"]
    sendgrid.behave = lambda _: chance.choice(troubles) if chance.random() < 0.3 else "accept"
    office.queue(*(f"reader{number}@acme.example" for number in range(100)))
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host=sendgrid.url),
    )
    later = timedelta(0)
    while set(office.states().values()) & {"queued", "sending"}:
        run(make_transport(settings), later := later + timedelta(hours=1))
    accepted = {name for name, state in office.states().items() if state == "accepted"}
    doubted = {name for name, state in office.states().items() if state == "unknown"}
    failed = {name for name, state in office.states().items() if state == "failed"}
    assert max(sendgrid.taken.values()) == 1
    assert len(accepted) + len(doubted) + len(failed) == 100
    assert accepted <= set(sendgrid.taken) <= accepted | doubted
    assert doubted & set(sendgrid.taken), "some of the mails in doubt had been taken"


def test_a_provider_that_is_down_leaves_few_mails_in_doubt(
    office: Office, run: Run, sendgrid: SendGridServer, api_key: str
) -> None:
    sendgrid.behave = lambda _: "503"
    office.queue(*(f"reader{number}@acme.example" for number in range(10)))
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host=sendgrid.url),
    )
    summary = run(make_transport(settings))
    assert summary.results == {"unknown": outbox.MOST_DOUBTS}
    assert "--state unknown" in str(summary)
    assert list(office.states().values()).count("queued") == 10 - outbox.MOST_DOUBTS
