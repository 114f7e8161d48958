"""The outbox on a real database: each mail at most once, and every row ends in a state that is true."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reports.delivery import DeliverySummary, Outbox, make_transport
from reports.delivery.history import retry_failed
from reports.delivery.message import FrozenFile
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.queue import CLAIM_FOR, claim_next, record_outcome
from reports.delivery.suppressions import stop_recipient, suppress
from reports.delivery.tokens import Claims
from reports.mail_settings import AT_ONCE, FileSettings, TransportSettings
from sql.events import collect_events
from sql.values import PermanentError
from tests.reports.delivery.recording import Recording, always

if TYPE_CHECKING:
    from sql.warehouse import Warehouse
    from tests.reports.delivery.conftest import Office

Run = Callable[..., DeliverySummary]


def test_every_recipient_gets_the_report_once(office: Office, run: Run) -> None:
    office.queue("alex@acme.example", "bo@acme.example")
    transport = Recording()
    assert str(run(transport)) == "2 accepted"
    assert sorted(transport.recipients) == ["alex@acme.example", "bo@acme.example"]
    assert run(transport).handled == 0
    assert set(office.states().values()) == {"accepted"}


def test_queueing_again_adds_nothing(office: Office) -> None:
    assert office.queue("alex@acme.example", "Bo <BO@acme.example>", "bo@acme.example") == 2
    assert office.queue("alex@acme.example", "bo@ACME.example") == 0


def test_a_correction_is_a_revision_of_its_own(office: Office, run: Run) -> None:
    office.queue("alex@acme.example")
    run(Recording())
    office.queue("alex@acme.example", report_id=office.freeze(revision=2), revision=2)
    assert run(Recording()).accepted == 1


def test_what_was_sent_can_be_followed_up(office: Office, run: Run) -> None:
    office.queue("alex@acme.example")
    run(Recording())
    (attempt,) = office.rows(
        "SELECT transport, outcome, status_code, provider_message_id, started_at <= finished_at "
        "FROM delivery_attempts WHERE tenant_id = %s"
    )
    assert attempt == ("recording", "accepted", 202, "id-1", True)
    assert office.column("provider_message_id") == {"alex@acme.example": "id-1"}


def test_each_attempt_is_an_event(office: Office, run: Run, tmp_path: Path) -> None:
    collect_events(str(tmp_path / "events.jsonl"))
    office.queue("alex@acme.example")
    run(Recording())
    collect_events(None)
    (event,) = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    assert (event["event"], event["tenant"], event["outcome"]) == ("mail_tried", str(office.tenant_id), "accepted")
    assert "alex" not in str(event)


def test_a_limit_is_kept(office: Office, run: Run) -> None:
    office.queue(*(f"reader{number}@acme.example" for number in range(5)))
    assert run(Recording(), limit=2).handled == 2
    assert sorted(office.states().values()) == ["accepted", "accepted", "queued", "queued", "queued"]


def test_mails_are_on_their_way_at_the_same_time_once_one_was_accepted(office: Office, run: Run) -> None:
    office.queue(*(f"reader{number}@acme.example" for number in range(1 + 2 * AT_ONCE)))
    meeting = Barrier(AT_ONCE, timeout=60)

    def meet_the_others(_: str) -> Outcome:
        if len(transport.mails) > 1:
            meeting.wait()
        return Outcome(Verdict.ACCEPTED, "taken")

    transport = Recording(meet_the_others)
    assert run(transport).results == {"accepted": 1 + 2 * AT_ONCE}
    assert len(set(transport.recipients)) == 1 + 2 * AT_ONCE


def test_a_provider_that_goes_down_gets_no_more_mails_than_were_on_their_way(office: Office, run: Run) -> None:
    office.queue(*(f"reader{number}@acme.example" for number in range(12)))
    verdicts = [Verdict.FAILED, Verdict.FAILED, Verdict.ACCEPTED] + 9 * [Verdict.UNKNOWN]
    ended: list[Verdict] = []
    beside: list[int] = []

    def go_down(_: str) -> Outcome:
        turn = len(transport.mails) - 1
        Event().wait(0.05)
        beside.append(len(transport.mails) - 1 - len(ended))
        ended.append(verdicts[turn])
        return Outcome(verdicts[turn], "seen")

    transport = Recording(go_down)
    assert run(transport).results == {"failed": 2, "accepted": 1, "unknown": AT_ONCE}
    assert beside[:3] == [0, 0, 0], "one mail alone until one was accepted"


def test_a_retry_waits_and_then_goes_out_once(office: Office, run: Run) -> None:
    office.queue("alex@acme.example")
    busy = always(Outcome(Verdict.RETRY, "busy", 503))
    assert run(busy).results == {"retry": 1}
    assert run(busy).handled == 0
    assert run(Recording(), timedelta(minutes=10)).accepted == 1
    assert office.column("attempts") == {"alex@acme.example": 2}


def test_a_rate_limit_moves_the_mail_to_the_named_moment(office: Office, run: Run, noon: datetime) -> None:
    office.queue("alex@acme.example", "bo@acme.example")
    reset = noon + timedelta(minutes=30)
    summary = run(always(Outcome(Verdict.RETRY, "slow down", 429, not_before=reset, stop_run=True)))
    assert (summary.handled, summary.paused) == (1, "slow down")
    assert sorted(office.column("not_before").values()) == [noon, reset]


def test_a_refused_key_pauses_the_run_and_costs_no_attempt(office: Office, run: Run, noon: datetime) -> None:
    office.queue("alex@acme.example", "bo@acme.example")
    refused = always(Outcome(Verdict.PAUSED, "key refused", 401, stop_run=True))
    summary = run(refused)
    assert (len(refused.mails), summary.paused) == (1, "key refused")
    assert office.states() == {"alex@acme.example": "queued", "bo@acme.example": "queued"}
    assert set(office.column("attempts").values()) == {0}
    assert set(office.column("not_before").values()) == {noon}
    assert run(Recording()).accepted == 2


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNKNOWN])
def test_what_failed_or_is_in_doubt_is_never_sent_again_by_itself(office: Office, run: Run, verdict: Verdict) -> None:
    office.queue("alex@acme.example")
    run(always(Outcome(verdict, "the reason")))
    again = Recording()
    run(again, timedelta(days=3))
    assert again.mails == []
    assert office.column("detail") == {"alex@acme.example": "the reason"}


@pytest.mark.parametrize(("ahead", "expired"), [(timedelta(minutes=1), 0), (timedelta(days=1), 1)])
def test_a_claim_that_was_made_while_the_clock_was_ahead_does_not_last_until_then(
    office: Office, run: Run, noon: datetime, ahead: timedelta, expired: int
) -> None:
    office.queue("alex@acme.example")
    with office.warehouse.transaction() as connection:
        assert claim_next(connection, noon + ahead, noon + ahead, uuid4(), "smtp") is not None
    assert run(Recording()).expired == expired


def test_an_expired_claim_is_in_doubt_and_never_queued_again(office: Office, run: Run, noon: datetime) -> None:
    office.queue("alex@acme.example")
    with office.warehouse.transaction() as connection:
        assert claim_next(connection, noon, noon, uuid4(), "recording")
    transport = Recording()
    assert run(transport).expired == 0
    assert office.states() == {"alex@acme.example": "sending"}
    assert run(transport, CLAIM_FOR).expired == 1
    assert run(transport, timedelta(days=9)).handled == 0
    assert transport.mails == []
    assert office.states() == {"alex@acme.example": "unknown"}
    assert "never reported back" in office.column("detail")["alex@acme.example"]
    assert office.rows("SELECT outcome, started_at, finished_at FROM delivery_attempts WHERE tenant_id = %s") == [
        ("unknown", noon, None)
    ]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(Verdict.ACCEPTED, "accepted"), (Verdict.FAILED, "failed"), (Verdict.RETRY, "unknown")],
)
def test_a_slow_worker_may_still_report_the_end_but_not_send_again(
    office: Office, run: Run, noon: datetime, verdict: Verdict, state: str
) -> None:
    office.queue("alex@acme.example")
    token = uuid4()
    with office.warehouse.transaction() as connection:
        delivery = claim_next(connection, noon, noon, token, "recording")
    assert delivery is not None
    run(Recording(), CLAIM_FOR)
    with office.warehouse.transaction() as connection:
        record_outcome(
            connection, delivery, token, "recording", Outcome(verdict, "late"), noon, noon + timedelta(hours=1)
        )
    assert office.states() == {"alex@acme.example": state}


def test_two_claims_never_meet_on_one_row(office: Office, noon: datetime) -> None:
    office.queue("alex@acme.example")
    with office.warehouse.transaction() as first, office.warehouse.transaction() as second:
        assert claim_next(first, noon, noon, uuid4(), "recording")
        assert claim_next(second, noon, noon, uuid4(), "recording") is None


def test_a_suppressed_address_gets_nothing_and_the_reason_is_kept(office: Office, run: Run) -> None:
    office.queue("alex@acme.example", "bo@acme.example")
    with office.warehouse.transaction() as connection:
        assert suppress(connection, office.tenant_id, "Alex@acme.example", "spam_report")
    transport = Recording()
    run(transport)
    assert transport.recipients == ["bo@acme.example"]
    assert office.states()["alex@acme.example"] == "suppressed"
    assert "spam_report" in office.column("detail")["alex@acme.example"]
    assert office.column("attempts")["alex@acme.example"] == 0


def test_one_tenants_suppression_is_not_anothers(office: Office, open_office: Callable[..., Office], run: Run) -> None:
    other = open_office("harbour")
    with office.warehouse.transaction() as connection:
        suppress(connection, office.tenant_id, "alex@acme.example", "unsubscribe")
    other.queue("alex@acme.example")
    assert run(Recording()).accepted == 1


def test_a_verified_token_stops_its_recipient(office: Office, run: Run, noon: datetime) -> None:
    office.queue("alex@acme.example")
    (delivery_id,) = office.column("delivery_id").values()
    claims = Claims("unsubscribe", office.tenant_id, delivery_id, noon)
    with office.warehouse.transaction() as connection:
        assert stop_recipient(connection, claims)
        assert not stop_recipient(connection, claims)
        with pytest.raises(PermanentError, match="not known"):
            stop_recipient(connection, replace(claims, tenant_id=uuid4()))
    assert run(Recording()).results == {"suppressed": 1}


def test_a_recipient_outside_the_tenants_domains_is_held_until_allowed(
    open_office: Callable[..., Office], run: Run
) -> None:
    office = open_office("harbour", domains=["acme.example"])
    office.queue("alex@acme.example", "eve@rival.example")
    transport = Recording()
    run(transport)
    assert transport.recipients == ["alex@acme.example"]
    assert office.states()["eve@rival.example"] == "held"
    assert "recipient_domains" in office.column("detail")["eve@rival.example"]
    assert run(transport).released == 0
    office.change("UPDATE tenants SET recipient_domains = '{}' WHERE tenant_id = %s", office.tenant_id)
    assert run(transport).released == 1
    assert transport.recipients == ["alex@acme.example", "eve@rival.example"]


def test_what_is_not_an_address_fails_with_a_reason(office: Office, run: Run) -> None:
    office.queue("alex@acme.example\r\nBcc: everyone@rival.example")
    transport = Recording()
    assert run(transport).results == {"failed": 1}
    assert transport.mails == []
    assert "correct the subscription" in next(iter(office.column("detail").values()))


def test_a_report_without_recipients_is_reported(office: Office, run: Run) -> None:
    assert office.queue() == 0
    assert run(Recording()).notes == ["1 report(s) of signal have no recipients: add some to their subscription"]


def test_a_report_that_is_not_whole_is_not_sent(
    office: Office, run: Run, files_with: Callable[..., list[FrozenFile]]
) -> None:
    without_tables = [each for each in files_with() if each.name != "report.zip"]
    office.queue("alex@acme.example", report_id=office.freeze(revision=2, files=without_tables), revision=2)
    transport = Recording()
    assert run(transport).results == {"failed": 1}
    assert transport.mails == []
    assert "report.zip" in office.column("detail")["alex@acme.example"]


def test_another_tenants_report_cannot_be_read_for_a_mail(
    office: Office, open_office: Callable[..., Office], noon: datetime
) -> None:
    other = open_office("harbour")
    office.queue("alex@acme.example")
    with office.warehouse.transaction() as connection:
        delivery = claim_next(connection, noon, noon, uuid4(), "recording")
    assert delivery is not None
    crossed = replace(delivery, tenant_id=office.tenant_id, report_id=other.report_id)
    assert Outbox(office.warehouse).read_report(crossed).files == ()


def test_a_mail_comes_from_its_own_tenant(office: Office, open_office: Callable[..., Office], run: Run) -> None:
    office.queue("alex@acme.example")
    open_office("harbour").queue("alex@acme.example")
    transport = Recording()
    run(transport)
    assert sorted(mail.envelope.brand for mail in transport.mails) == ["Harbour Network", "Signal Network"]


def test_a_person_may_try_a_failed_mail_again_but_no_other(office: Office, run: Run, noon: datetime) -> None:
    office.queue("alex@acme.example")
    (delivery_id,) = office.column("delivery_id").values()
    run(always(Outcome(Verdict.FAILED, "redirected")))
    assert retry_failed(office.warehouse, delivery_id, noon) == "alex@acme.example"
    assert run(always(Outcome(Verdict.UNKNOWN, "lost"))).results == {"unknown": 1}
    with pytest.raises(PermanentError, match="is unknown; only a failed one"):
        retry_failed(office.warehouse, delivery_id, noon)


def test_a_dry_run_checks_every_mail_and_claims_none(office: Office, warehouse: Warehouse, noon: datetime) -> None:
    office.queue("alex@acme.example", "not an address")
    planned = Outbox(warehouse).plan(Recording.sender, noon)
    assert sorted(each.verdict for each in planned) == ["failed", "send"]
    assert set(office.states().values()) == {"queued"}


def test_a_missing_key_leaves_every_mail_in_the_queue(office: Office) -> None:
    office.queue("alex@acme.example")
    with pytest.raises(PermanentError, match="SENDGRID_API_KEY"):
        make_transport(TransportSettings(kind="sendgrid", mail_from="reports@signal.example"))
    assert office.states() == {"alex@acme.example": "queued"}


def test_reports_reach_the_outbox_folder_by_default(office: Office, run: Run, tmp_path: Path) -> None:
    office.queue("alex@acme.example")
    run(make_transport(TransportSettings(file=FileSettings(folder=tmp_path))))
    (written,) = tmp_path.glob("*.eml")
    (delivery_id,) = office.column("delivery_id").values()
    assert (
        written.name
        == f"{office.column('created_at')['alex@acme.example']:%Y-%m-%d}_acme-cloud-3-4-return_{delivery_id}.eml"
    )
