"""The commands that a person types, on a real database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from pipelines.commands.deliver import deliver, deliveries, reconcile, send_test
from pipelines.commands.watching.alerts import alerts
from reports.delivery import make_transport
from reports.delivery.outcomes import Verdict
from reports.delivery.trial import send_plain_trial
from reports.mail_settings import SmtpSettings, TransportSettings
from sql.values import EarshotError, PermanentError

if TYPE_CHECKING:
    from datetime import datetime

    import click

    from tests.reports.delivery.conftest import MailServer, Office

DELIVERY = "7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"
Type = Callable[..., Result]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def command(database_url: str, outbox: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command where the test's database and outbox folder are configured."""
    for name in ("EARSHOT_MAIL_TRANSPORT", "EARSHOT_UNSUBSCRIBE_URL", "EARSHOT_TOKEN_SECRET", "SENDGRID_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_OUTBOX", str(outbox))
    monkeypatch.setenv("COLUMNS", "400")

    def run(which: click.Command, *arguments: object) -> Result:
        return CliRunner().invoke(which, [str(word) for word in arguments])

    return run


def printed(result: Result) -> str:
    assert result.exception is None, result.output
    return " ".join(result.output.split())


def test_deliver_sends_what_is_due_and_reports_it(office: Office, command: Type, outbox: Path) -> None:
    office.queue("alex@acme.example", "bo@acme.example")
    assert "1 accepted" in printed(command(deliver, "--limit", 1))
    assert "1 accepted" in printed(command(deliver))
    assert "nothing was due" in printed(command(deliver))
    assert len(list(outbox.glob("*.eml"))) == 2


def test_a_dry_run_shows_and_sends_nothing(office: Office, command: Type, outbox: Path) -> None:
    office.queue("alex@acme.example", "nobody")
    arguments = printed(command(deliver, "--dry-run"))
    assert re.search(r"send +alex@acme.example", arguments)
    assert re.search(r"failed +nobody", arguments)
    assert not outbox.exists()
    assert set(office.states().values()) == {"queued"}


def test_a_missing_key_is_reported_and_claims_nothing(
    office: Office, command: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_MAIL_TRANSPORT", "sendgrid")
    monkeypatch.setenv("EARSHOT_MAIL_FROM", "reports@signal.example")
    office.queue("alex@acme.example")
    result = command(deliver)
    assert isinstance(result.exception, PermanentError)
    assert "SENDGRID_API_KEY" in str(result.exception)
    assert office.states() == {"alex@acme.example": "queued"}


def test_a_paused_run_ends_with_an_error_for_the_scheduler(
    office: Office, command: Type, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.write_text("a file where the folder should be")
    office.queue("alex@acme.example")
    result = command(deliver)
    assert isinstance(result.exception, EarshotError)
    assert "wait in the queue" in str(result.exception)


def test_a_delivery_can_be_listed_and_followed(office: Office, command: Type) -> None:
    office.queue("alex@acme.example")
    printed(command(deliver))
    (delivery_id,) = office.column("delivery_id").values()
    assert "alex@acme.example" in printed(command(deliveries, "list", "--state", "accepted", "--tenant", "signal"))
    assert "No delivery matches" in printed(command(deliveries, "list", "--state", "failed"))
    history = printed(command(deliveries, "show", delivery_id))
    assert "attempt by file accepted" in history
    assert "alex@acme.example" in history


def test_an_unknown_delivery_is_reported(office: Office, command: Type) -> None:
    result = command(deliveries, "show", "7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10")
    assert "there is no delivery" in str(result.exception)


def test_a_failed_mail_goes_out_once_its_cause_is_gone(office: Office, command: Type, outbox: Path) -> None:
    office.queue("alex@acme.example")
    (delivery_id,) = office.column("delivery_id").values()
    office.change("UPDATE report_deliveries SET state = 'failed' WHERE tenant_id = %s", office.tenant_id)
    assert "in the queue again" in printed(command(deliveries, "retry", delivery_id))
    assert "1 accepted" in printed(command(deliver))


def test_one_who_unsubscribes_by_mail_is_stopped(office: Office, command: Type) -> None:
    office.queue("alex@acme.example")
    arguments = ("suppress", "signal", "Alex@acme.example", "--reason", "unsubscribe")
    assert "gets no more mail of signal." in printed(command(deliveries, *arguments))
    assert "as before" in printed(command(deliveries, *arguments))
    assert "1 suppressed" in printed(command(deliver))


def test_the_providers_events_are_applied_from_a_file(office: Office, command: Type, tmp_path: Path) -> None:
    office.queue("alex@acme.example")
    (delivery_id,) = office.column("delivery_id").values()
    file = tmp_path / "events.json"
    event = {"event": "delivered", "timestamp": 1791806400, "sg_event_id": "a", "earshot_delivery": str(delivery_id)}
    file.write_text(json.dumps([event, {"event": "open"}]), "utf-8-sig")
    assert "1 delivered, 1 not from Earshot" in printed(command(reconcile, file))
    assert "1 repeated" in printed(command(reconcile, file))
    assert office.states() == {"alex@acme.example": "delivered"}
    assert "belong together" in str(command(reconcile, file, "--signature", "abc").exception)


def test_a_trial_mail_holds_no_data_and_leaves_no_trace(office: Office, command: Type, outbox: Path) -> None:
    assert "written to" in printed(command(send_test, "me@signal.example"))
    (written,) = outbox.glob("*.eml")
    assert b"[Trial] Earshot can send mail" in written.read_bytes()
    assert office.states() == {}


def test_a_trial_of_a_report_obeys_the_tenants_domains(
    open_office: Callable[..., Office], command: Type, outbox: Path
) -> None:
    office = open_office("harbour", domains=["harbour.example"])
    refused = command(send_test, "eve@rival.example", "--tenant", "harbour")
    assert "recipient_domains" in str(refused.exception)
    assert "written to" in printed(command(send_test, "me@harbour.example", "--tenant", "harbour"))
    (written,) = outbox.glob("*.eml")
    assert b"[Trial]" in written.read_bytes()
    assert office.states() == {}
    missing = command(
        send_test, "me@harbour.example", "--tenant", "harbour", "--report", "7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"
    )
    assert "no such frozen report" in str(missing.exception)


def test_a_trial_that_the_server_refuses_reports_why(mail_server: MailServer, noon: datetime) -> None:
    mail_server.behave = lambda _: "rcpt 550 not here"
    transport = make_transport(
        TransportSettings(
            kind="smtp", mail_from="reports@signal.example", smtp=SmtpSettings(port=mail_server.port, security="none")
        )
    )
    outcome = send_plain_trial(transport, "me@signal.example", noon)
    assert outcome.verdict is Verdict.FAILED
    assert "not here" in outcome.detail


def test_a_failed_mail_is_told_to_the_owner_who_was_set(office: Office, command: Type, outbox: Path) -> None:
    assert "go to dana@signal.example" in printed(command(alerts, "owner", "signal", "Dana@signal.example"))
    office.queue("nobody")
    assert "Alerts: 1 sent" in printed(command(deliver))
    assert "Alerts" not in printed(command(deliver))
    (mail,) = outbox.glob("*.eml")
    assert "To: dana@signal.example" in mail.read_text()
    assert re.search(r"sent .* signal mail dana@signal.example", printed(command(alerts, "list")))


def test_an_owner_can_be_tried_and_taken_out(office: Office, command: Type) -> None:
    arguments = ("signal", "kim@signal.example", "--subscription", office.subscription_id)
    assert "kim@signal.example" in printed(command(alerts, "owner", *arguments))
    assert "Alerts: 1 sent" in printed(command(alerts, "test", "signal"))
    assert "no address of its own" in printed(command(alerts, "owner", "signal", "--nobody"))
    office.change("UPDATE tenants SET reply_to = NULL WHERE tenant_id = %s", office.tenant_id)
    with pytest.raises(EarshotError, match="reached nobody"):
        raise command(alerts, "test", "signal").exception or AssertionError
    with pytest.raises(PermanentError, match="nothing was changed"):
        raise command(alerts, "owner", "signal", "a@b.de", "--subscription", DELIVERY).exception or AssertionError
