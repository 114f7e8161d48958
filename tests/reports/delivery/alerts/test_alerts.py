"""Alerts: the owner of a report is told of each bad end once, by mail and by webhook, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from reports.delivery.addresses import shorten_addresses
from reports.delivery.alerts import (
    Alert,
    alert_owners,
    channels_of,
    count_due_alerts,
    queue_alert,
    send_once,
    send_waiting,
)
from reports.delivery.queue import CLAIM_FOR
from reports.mail_settings import SmtpSettings, TransportSettings
from sql.values import PermanentError

if TYPE_CHECKING:
    from tests.reports.delivery.alerts.conftest import Hook
    from tests.reports.delivery.conftest import MailServer, Office

WORKER = """
import sys
from datetime import datetime
from reports.delivery.alerts import channels_of, alert_owners
from reports.mail_settings import SmtpSettings, TransportSettings
from sql.warehouse import Warehouse

url, now, port, webhook = sys.argv[1:]
smtp = SmtpSettings(port=int(port), security="none")
settings = TransportSettings("smtp", "reports@signal.example", smtp=smtp, alert_webhook=webhook)
print("ready", flush=True)
alert_owners(Warehouse(url), channels_of(settings), datetime.fromisoformat(now))
"""


def by_mail(mail_server: MailServer, hook: Hook | None = None, timeout_s: float = 5) -> TransportSettings:
    smtp = SmtpSettings(port=mail_server.port, security="none")
    webhook = hook.url if hook else None
    return TransportSettings(
        "smtp", "reports@signal.example", smtp=smtp, alert_webhook=webhook, timeout_s=timeout_s, deadline_s=timeout_s
    )


def end(office: Office, recipient: str, state: str, now: datetime, detail: str = "550 no such user") -> None:
    """One mail that came to this end."""
    office.queue(recipient)
    office.change(
        "UPDATE report_deliveries SET state = %s, detail = %s, updated_at = %s, attempts = 1 "
        "WHERE tenant_id = %s AND recipient = %s",
        *(state, detail, now, office.tenant_id, recipient),
    )


def states(office: Office) -> dict[str, str]:
    return dict(office.rows("SELECT channel, state FROM alerts WHERE tenant_id = %s"))


@pytest.mark.parametrize("state", ["failed", "bounced", "dropped", "unknown"])
def test_each_bad_end_is_told_once_by_mail_and_by_webhook(
    office: Office, mail_server: MailServer, hook: Hook, noon: datetime, state: str
) -> None:
    end(office, "alex@acme.example", state, noon, "550 <alex@acme.example> is <unknown> & gone")
    channels = channels_of(by_mail(mail_server, hook))
    assert count_due_alerts(office.warehouse.read, noon) == 1
    assert str(alert_owners(office.warehouse, channels, noon)) == "2 sent"
    assert str(alert_owners(office.warehouse, channels, noon + timedelta(hours=1))) == "nothing to tell"
    assert count_due_alerts(office.warehouse.read, noon + timedelta(hours=1)) == 0
    ((owner, raw),) = mail_server.taken
    mail = message_from_bytes(raw, policy=policy.default)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert owner == mail["To"] == "sponsors@signal.example"
    assert mail["Subject"].startswith("A report's mail to a…@acme.example ")
    assert "List-Unsubscribe" not in mail
    assert "550 <a…@acme.example> is <unknown> & gone" in text
    assert "deliveries show" in text
    assert "alex" not in raw.decode()
    (told,) = hook.texts
    assert "Acme Cloud: 3.4× return" in told
    assert "550 &lt;a…@acme.example&gt; is &lt;unknown&gt; &amp; gone" in told
    assert "alex" not in told


def test_what_ends_well_is_not_told(office: Office, mail_server: MailServer, noon: datetime) -> None:
    for number, state in enumerate(("queued", "sending", "accepted", "delivered", "suppressed", "held", "cancelled")):
        end(office, f"reader{number}@acme.example", state, noon)
    end(office, "long.ago@acme.example", "failed", noon - timedelta(days=8))
    assert str(alert_owners(office.warehouse, channels_of(by_mail(mail_server)), noon)) == "nothing to tell"


def test_a_mail_that_fails_again_is_told_again(office: Office, mail_server: MailServer, noon: datetime) -> None:
    channels = channels_of(by_mail(mail_server))
    end(office, "alex@acme.example", "failed", noon)
    alert_owners(office.warehouse, channels, noon)
    office.change("UPDATE report_deliveries SET attempts = 2, state = 'bounced' WHERE tenant_id = %s", office.tenant_id)
    assert str(alert_owners(office.warehouse, channels, noon)) == "1 sent"


def test_the_subscriptions_owner_comes_first_and_then_the_tenants(
    office: Office, mail_server: MailServer, noon: datetime
) -> None:
    channels = channels_of(by_mail(mail_server))
    office.change("UPDATE tenants SET owner_address = 'boss@signal.example' WHERE tenant_id = %s", office.tenant_id)
    end(office, "alex@acme.example", "failed", noon)
    alert_owners(office.warehouse, channels, noon)
    office.change(
        "UPDATE report_subscriptions SET owner_address = 'dana@signal.example' WHERE tenant_id = %s", office.tenant_id
    )
    end(office, "kim@acme.example", "failed", noon)
    alert_owners(office.warehouse, channels, noon)
    assert [owner for owner, _ in mail_server.taken] == ["boss@signal.example", "dana@signal.example"]


def test_without_an_owner_an_alert_waits_and_says_so(office: Office, mail_server: MailServer, noon: datetime) -> None:
    channels = channels_of(by_mail(mail_server))
    office.change("UPDATE tenants SET reply_to = NULL WHERE tenant_id = %s", office.tenant_id)
    end(office, "alex@acme.example", "failed", noon)
    told = alert_owners(office.warehouse, channels, noon)
    assert (str(told), states(office)) == ("nothing to tell", {"mail": "queued"})
    assert "earshot alerts owner signal ADDRESS" in told.notes[0]
    assert count_due_alerts(office.warehouse.read, noon) == 0
    assert str(alert_owners(office.warehouse, channels, noon + timedelta(days=8))) == "1 failed"


def test_one_alert_is_sent_once_however_often_it_is_made(
    office: Office, mail_server: MailServer, hook: Hook, noon: datetime
) -> None:
    alert = Alert(office.tenant_id, "approval/4711", "A report waits for you", "Two lines,\nno more.")
    channels = channels_of(by_mail(mail_server, hook))
    assert send_once(office.warehouse, channels, alert, noon).results == {"sent": 2}
    assert send_once(office.warehouse, channels, alert, noon).results == {}
    with office.warehouse.transaction() as connection:
        assert not queue_alert(connection, alert, noon)
    assert hook.texts == ["A report waits for you\nTwo lines,\nno more."]
    assert len(mail_server.taken) == 1


def test_whoever_builds_reports_may_queue_an_alert_of_its_tenant_only(
    office: Office, open_office: object, noon: datetime
) -> None:
    other = open_office("harbor")  # type: ignore[operator]
    with office.warehouse.transaction("earshot_report", office.tenant_id) as connection:
        assert queue_alert(connection, Alert(office.tenant_id, "a", "Mine", "text"), noon)
    with (
        pytest.raises(Exception, match="row-level security"),
        office.warehouse.transaction("earshot_report", office.tenant_id) as connection,
    ):
        queue_alert(connection, Alert(other.tenant_id, "a", "Another's", "text"), noon)


def test_a_webhook_that_is_away_is_tried_again_and_the_mail_is_not(
    office: Office, mail_server: MailServer, hook: Hook, noon: datetime
) -> None:
    channels = channels_of(by_mail(mail_server, hook))
    end(office, "alex@acme.example", "failed", noon)
    hook.status = 404
    told = alert_owners(office.warehouse, channels, noon)
    assert states(office) == {"mail": "sent", "webhook": "queued"}
    assert "an-invented-secret" not in str(told.notes)
    hook.status = 200
    assert str(alert_owners(office.warehouse, channels, noon + timedelta(hours=1))) == "1 sent"
    assert (len(hook.taken), len(mail_server.taken)) == (1, 1)


@pytest.mark.parametrize("trouble", ["500", "302", "silent"])
def test_a_webhook_of_which_nobody_knows_is_not_told_twice(
    office: Office, mail_server: MailServer, hook: Hook, noon: datetime, trouble: str
) -> None:
    channels = channels_of(by_mail(mail_server, hook, timeout_s=0.5))
    end(office, "alex@acme.example", "failed", noon)
    hook.silent, hook.status = trouble == "silent", 200 if trouble == "silent" else int(trouble)
    alert_owners(office.warehouse, channels, noon)
    assert states(office)["webhook"] == "unknown"
    hook.silent, hook.status = False, 200
    assert str(alert_owners(office.warehouse, channels, noon + timedelta(hours=1))) == "nothing to tell"


@pytest.mark.parametrize("when", ["while it is told by mail", "while it is told by webhook"])
def test_a_worker_that_is_killed_tells_nothing_twice(
    office: Office, database_url: str, mail_server: MailServer, hook: Hook, noon: datetime, when: str
) -> None:
    for number in range(3):
        end(office, f"reader{number}@acme.example", "failed", noon)
    mail_server.answers_after_s, hook.silent = (20.0, False) if "mail" in when else (0.0, True)
    command = [sys.executable, "-c", WORKER, database_url, noon.isoformat(), str(mail_server.port), hook.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_PROXY": "*"}) as worker:
        wait_for(lambda: bool(mail_server.taken if "mail" in when else hook.taken))
        worker.send_signal(signal.SIGKILL)
    mail_server.answers_after_s, hook.silent = 0.0, False
    hook.release.set()
    channels = channels_of(by_mail(mail_server, hook))
    alert_owners(office.warehouse, channels, noon + timedelta(minutes=1))
    later = noon + CLAIM_FOR + timedelta(hours=1)
    send_waiting(office.warehouse, channels, later)
    alert_owners(office.warehouse, channels, later + timedelta(hours=5))
    assert (len(mail_server.taken), len(hook.taken)) == (3, 3)
    assert len({raw.split(b"Message-ID:")[1][:60] for _, raw in mail_server.taken}) == 3
    assert len(set(hook.texts)) == 3
    ends = [state for (state,) in office.rows("SELECT state FROM alerts WHERE tenant_id = %s")]
    assert sorted(ends) == ["sent"] * 5 + ["unknown"]


def wait_for(happened: object) -> None:
    import time

    end_at = time.monotonic() + 30
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end_at, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "url",
    ["http://chat.example/hook", "ftp://chat.example/hook", "chat.example", "https://", "https://a b/", "https://[/x"],
)
def test_a_webhook_that_others_could_read_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(PermanentError, match="must be an address that begins with https") as refused:
        TransportSettings(alert_webhook=url)
    assert url.strip("htps:/") not in str(refused.value) or url == "https://"


def test_a_secret_is_told_to_nobody(office: Office, mail_server: MailServer, hook: Hook, noon: datetime) -> None:
    settings = by_mail(mail_server, hook)
    end(office, "alex@acme.example", "failed", noon, f"posting to {hook.url} with password=hunter2222 failed")
    alert_owners(office.warehouse, channels_of(settings), noon)
    assert "an-invented-secret" not in hook.texts[0]
    assert "hunter2222" not in hook.texts[0]
    assert hook.url not in repr(settings)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alex@acme.example", "a…@acme.example"),
        ("to <alex.b@acme.example>, or kim@x.example.", "to <a…@acme.example>, or k…@x.example."),
        ("no address", "no address"),
    ],
)
def test_addresses_are_shortened(text: str, shown: str) -> None:
    assert shorten_addresses(text) == shown
