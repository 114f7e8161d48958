"""Mails in doubt that a person sends again: a delivery of its own, on record, and never a second mail for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result

from pipelines.commands.deliver import deliver, deliveries, reconcile
from pipelines.commands.watching.audit import audit
from reports.delivery.history import resend
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.queue import claim_next, expire_claims, record_outcome
from sql.values import PermanentError

if TYPE_CHECKING:
    import click

    from tests.reports.delivery.conftest import Office

Type = Callable[..., Result]


@pytest.fixture
def command(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command where the test's database and outbox folder are configured."""
    for name in ("EARSHOT_MAIL_TRANSPORT", "EARSHOT_UNSUBSCRIBE_URL", "EARSHOT_TOKEN_SECRET", "SENDGRID_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("COLUMNS", "400")

    def run(which: click.Command, *arguments: object, typed: str = "") -> Result:
        return CliRunner().invoke(which, [str(word) for word in arguments], input=typed)

    return run


def printed(result: Result) -> str:
    assert result.exception is None, result.output
    return " ".join(result.output.split())


@pytest.fixture
def doubted(office: Office) -> UUID:
    """The id of a delivery in doubt."""
    office.queue("alex@acme.example")
    office.change(
        "UPDATE report_deliveries SET state = 'unknown', detail = 'lost' WHERE tenant_id = %s", office.tenant_id
    )
    (delivery_id,) = office.column("delivery_id").values()
    return UUID(str(delivery_id))


def states(office: Office) -> dict[int, str]:
    return dict(office.rows("SELECT revision, state FROM report_deliveries WHERE tenant_id = %s"))


def events_of(tmp_path: Path, delivery: UUID, *kinds: str) -> Path:
    file = tmp_path / "events.json"
    events = [
        {"event": kind, "timestamp": 1791806400, "sg_event_id": f"{delivery} {kind}", "earshot_delivery": str(delivery)}
        for kind in kinds
    ]
    file.write_text(json.dumps(events))
    return file


def test_a_person_sends_a_mail_in_doubt_again_and_it_stands_on_record(
    office: Office, doubted: UUID, command: Type, tmp_path: Path
) -> None:
    arguments = printed(
        command(deliveries, "resend", doubted, "--by", "Mo of operations", "--reason", "not at the provider", "--yes")
    )
    assert "in the queue again" in arguments
    assert states(office) == {1: "unknown", 2: "queued"}
    assert "1 accepted" in printed(command(deliver))
    assert states(office) == {1: "unknown", 2: "accepted"}
    # The owner was told of the doubt by a mail too.
    assert sorted("is-in-doubt" in mail.name for mail in (tmp_path / "outbox").glob("*.eml")) == [False, True]
    trail = printed(command(audit, "--table", "report_deliveries"))
    assert "by: nothing -> Mo of operations" in trail
    assert "reason: nothing -> not at the provider" in trail
    assert str(doubted) in trail
    assert "alex@acme.example" not in trail
    shown = printed(command(deliveries, "show", doubted))
    again = re.search(r"sent again as ([0-9a-f-]{36})", shown)
    assert again
    assert f"resend of {doubted}" in printed(command(deliveries, "show", again[1]))


def test_without_a_clear_yes_nothing_is_sent_again(office: Office, doubted: UUID, command: Type) -> None:
    for typed in ("", "n\n", "\n"):
        result = command(deliveries, "resend", doubted, typed=typed)
        assert result.exit_code == 1
        assert "alex@acme.example: Acme Cloud" in result.output
    assert states(office) == {1: "unknown"}
    assert "in the queue again" in printed(command(deliveries, "resend", doubted, typed="y\n"))


def test_only_a_mail_in_doubt_can_be_sent_again(office: Office, doubted: UUID, command: Type) -> None:
    for state in ("queued", "sending", "accepted", "delivered", "bounced", "dropped", "failed", "suppressed", "held"):
        office.change("UPDATE report_deliveries SET state = %s WHERE tenant_id = %s", state, office.tenant_id)
        result = command(deliveries, "resend", doubted, "--yes")
        assert isinstance(result.exception, PermanentError)
        assert state in str(result.exception)
        assert states(office) == {1: state}


def test_a_mail_is_sent_again_once_and_then_its_successor(office: Office, doubted: UUID, noon: datetime) -> None:
    again = resend(office.warehouse, doubted, noon, "Mo")
    with pytest.raises(PermanentError, match=f"was sent again already, as {again}"):
        resend(office.warehouse, doubted, noon, "Mo")
    office.change("UPDATE report_deliveries SET state = 'unknown' WHERE delivery_id = %s", again)
    resend(office.warehouse, again, noon, "Mo")
    assert states(office) == {1: "unknown", 2: "unknown", 3: "queued"}


@pytest.mark.parametrize("kind", ["processed", "open"])
def test_a_mail_that_had_arrived_after_all_is_not_sent_again(
    office: Office, doubted: UUID, command: Type, tmp_path: Path, noon: datetime, kind: str
) -> None:
    again = resend(office.warehouse, doubted, noon, "Mo")
    office.change("UPDATE report_deliveries SET state = 'unknown' WHERE delivery_id = %s", again)
    resend(office.warehouse, again, noon, "Mo")
    assert "1 mail(s) need not be sent again" in printed(command(reconcile, events_of(tmp_path, doubted, kind)))
    assert states(office) == {1: "accepted" if kind == "processed" else "delivered", 2: "unknown", 3: "cancelled"}
    assert "nothing was due" in printed(command(deliver))
    assert str(doubted) in printed(command(deliveries, "list", "--state", "cancelled"))


def test_a_mail_that_bounced_or_was_dropped_goes_out_again(
    office: Office, doubted: UUID, command: Type, tmp_path: Path, noon: datetime
) -> None:
    resend(office.warehouse, doubted, noon, "Mo")
    printed(command(reconcile, events_of(tmp_path, doubted, "dropped")))
    assert states(office) == {1: "dropped", 2: "queued"}
    assert "1 accepted" in printed(command(deliver))


def test_events_of_the_earlier_mail_come_too_late_for_one_that_was_sent(
    office: Office, doubted: UUID, command: Type, tmp_path: Path, noon: datetime
) -> None:
    resend(office.warehouse, doubted, noon, "Mo")
    printed(command(deliver))
    printed(command(reconcile, events_of(tmp_path, doubted, "delivered")))
    assert states(office) == {1: "delivered", 2: "accepted"}


def test_a_slow_worker_that_reports_success_at_last_cancels_what_was_sent_again(office: Office, noon: datetime) -> None:
    office.queue("alex@acme.example")
    token, later = uuid4(), noon + timedelta(hours=1)
    with office.warehouse.transaction() as connection:
        delivery = claim_next(connection, noon, noon, token, "recording")
        assert delivery is not None
        assert expire_claims(connection, later) == 1
    resend(office.warehouse, delivery.delivery_id, later, "Mo")
    with office.warehouse.transaction() as connection:
        record_outcome(connection, delivery, token, "recording", Outcome(Verdict.ACCEPTED, "taken"), noon, later)
    assert states(office) == {1: "accepted", 2: "cancelled"}


def test_several_mails_are_sent_again_or_none(
    office: Office, doubted: UUID, open_office: Callable[..., Office], command: Type
) -> None:
    result = command(deliveries, "resend", doubted, uuid4(), "--yes")
    assert "there is no delivery" in str(result.exception)
    assert states(office) == {1: "unknown"}
