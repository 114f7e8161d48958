"""Stored requests of the webhook: read once, believed only if signed and young; a bad row loses only itself."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reports.delivery.alerts import alert_owners, channels_of
from reports.delivery.events import EventReader, EventsRead, read_request, store_request
from reports.delivery.events.sources import EventsUnavailableError
from reports.mail_settings import EventSettings, FileSettings, TransportSettings
from sql.values import PermanentError

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import Office

SIGNATURE, TIMESTAMP = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
Raw = dict[str, Any]

WORKER = """
import sys
from datetime import datetime
from reports.delivery.events import EventReader
from reports.mail_settings import EventSettings
from sql.warehouse import Warehouse

url, now, folder, key = sys.argv[1:]
print("ready", flush=True)
EventReader(Warehouse(url), EventSettings(folder, key)).run(datetime.fromisoformat(now))
"""


class Provider:
    """Signs as SendGrid does: ECDSA over the timestamp and the body."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        spelled = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(spelled).decode()

    def signed(self, body: bytes, at: datetime) -> dict[str, str]:
        moment = str(int(at.timestamp()))
        signed = self._key.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signed).decode(), TIMESTAMP: moment}

    def stored(self, body: bytes, at: datetime) -> str:
        """What an endpoint that is not in Python writes."""
        headers = {"content-type": "application/json"} | {
            name.lower(): value for name, value in self.signed(body, at).items()
        }
        return json.dumps({"headers": headers, "body_base64": base64.b64encode(body).decode()})


def event(kind: str, delivery: object, number: int = 1, **more: object) -> Raw:
    ids = {"sg_event_id": f"event-{number}-{kind}", "earshot_delivery": str(delivery)}
    return {"email": "alex@acme.example", "timestamp": 1791806400 + number, "event": kind, **ids, **more}


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "webhook"
    made.mkdir()
    return made


@pytest.fixture
def read(office: Office, provider: Provider, folder: Path, noon: datetime) -> Callable[..., EventsRead]:
    """Reads what is new in the folder."""

    def run(after: timedelta = timedelta(0), source: str | None = None) -> EventsRead:
        settings = EventSettings(source or str(folder), provider.public_key)
        return EventReader(office.warehouse, settings).run(noon + after)

    return run


def deliveries(office: Office, *recipients: str) -> list[str]:
    """The ids of mails that the provider took."""
    office.queue(*recipients)
    office.change("UPDATE report_deliveries SET state = 'accepted' WHERE tenant_id = %s", office.tenant_id)
    ids = office.column("delivery_id")
    return [str(ids[recipient]) for recipient in recipients]


def test_deliveries_move_to_their_end_and_suppressions_follow(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime
) -> None:
    names = [f"{name}@acme.example" for name in ("arrives", "bounces", "dropped", "complains")]
    first, second, third, fourth = deliveries(office, *names)
    body = json.dumps(
        [
            event("delivered", first),
            event("bounce", second, type="bounce", reason="550 no such user"),
            event("dropped", third),
            event("spamreport", fourth),
        ]
    ).encode()
    store_request(folder, provider.signed(body, noon), body)
    done = read()
    assert str(done) == "1 request(s) read: 1 bounce, 1 delivered, 1 dropped, 1 spamreport; 2 address(es) suppressed"
    assert office.states() == dict(zip(names, ["delivered", "bounced", "dropped", "delivered"], strict=True))
    suppressed = office.rows("SELECT address, reason FROM suppressions WHERE tenant_id = %s ORDER BY address")
    assert suppressed == [("bounces@acme.example", "bounce"), ("complains@acme.example", "spam_report")]


def test_a_bounce_that_is_read_is_told_to_the_owner(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime, tmp_path: Path
) -> None:
    (delivery,) = deliveries(office, "alex@acme.example")
    body = json.dumps([event("bounce", delivery, reason="550 no such user")]).encode()
    store_request(folder, provider.signed(body, noon), body)
    read()
    channels = channels_of(TransportSettings(file=FileSettings(tmp_path / "outbox")))
    assert str(alert_owners(office.warehouse, channels, noon)) == "1 sent"


def test_a_request_is_read_once(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime
) -> None:
    (delivery,) = deliveries(office, "alex@acme.example")
    body = json.dumps([event("delivered", delivery)]).encode()
    headers = provider.signed(body, noon)
    assert store_request(folder, headers, body) == store_request(folder, headers, body)
    assert read().applied == 1
    again = read(timedelta(days=30))
    assert (again.applied, again.refused) == (0, {})
    assert office.states() == {"alex@acme.example": "delivered"}


@pytest.mark.parametrize("bad", ["forged", "old", "early", "unsigned", "no json", "no base64", "huge moment", "half"])
def test_what_is_not_to_be_believed_is_set_aside_with_a_reason_and_never_applied(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime, bad: str
) -> None:
    (delivery,) = deliveries(office, "alex@acme.example")
    body = json.dumps([event("bounce", delivery)]).encode()
    good = json.loads(provider.stored(body, noon))
    stored, reason = {
        "forged": (json.loads(Provider().stored(body, noon)), "not what the provider signed"),
        "old": (json.loads(provider.stored(body, noon - timedelta(hours=73))), "more than 72 hours ago"),
        "early": (json.loads(provider.stored(body, noon + timedelta(hours=1))), "yet to come"),
        "unsigned": ({**good, "headers": {}}, "it lacks 'x-twilio-email-event-webhook-signature'"),
        "no json": (None, "no stored request"),
        "no base64": ({**good, "body_base64": "&&"}, "no stored request"),
        "huge moment": ({**good, "headers": {**good["headers"], TIMESTAMP.lower(): "9" * 40}}, "no number of seconds"),
        "half": ({**good, "body_base64": base64.b64encode(body[:-1]).decode()}, "not what the provider signed"),
    }[bad]
    (folder / "1.json").write_text("{" if stored is None else json.dumps(stored))
    (folder / "2.json").write_text(provider.stored(json.dumps([event("delivered", delivery)]).encode(), noon))
    done = read()
    assert reason in done.refused["1.json"]
    assert (done.applied, list(done.refused)) == (1, ["1.json"])
    assert office.states() == {"alex@acme.example": "delivered"}
    assert read().refused == {}
    with office.warehouse.transaction() as connection:
        kept = connection.execute("SELECT name, state FROM provider_payloads ORDER BY name").fetchall()
    assert kept == [("1.json", "refused"), ("2.json", "applied")]


def test_a_bad_row_loses_only_itself_and_is_counted(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime
) -> None:
    (delivery,) = deliveries(office, "alex@acme.example")
    rows: list[object] = [
        "text",
        event("delivered", "no-uuid"),
        event("delivered", delivery, timestamp="soon"),
        {"event": "open"},
        event("delivered", delivery),
    ]
    body = json.dumps(rows).encode()
    store_request(folder, provider.signed(body, noon), body)
    assert str(read()) == (
        "1 request(s) read: 1 delivered, 1 not from Earshot, 3 that cannot be read; 0 address(es) suppressed"
    )


def test_events_that_cannot_be_kept_of_one_tenant_are_counted_and_those_of_others_applied(
    office: Office,
    open_office: Callable[..., Office],
    provider: Provider,
    folder: Path,
    read: Callable[..., EventsRead],
    noon: datetime,
) -> None:
    other = open_office("harbor")
    (mine,), (theirs,) = deliveries(office, "alex@acme.example"), deliveries(other, "kim@acme.example")
    with office.warehouse.transaction("earshot_owner") as connection:
        refused = f"CHECK (tenant_id <> '{office.tenant_id}')"
        connection.execute(f"ALTER TABLE delivery_events ADD CONSTRAINT invented {refused}".encode())
    body = json.dumps([event("bounce", mine), event("bounce", theirs, 2)]).encode()
    store_request(folder, provider.signed(body, noon), body)
    assert "1 bounce, 1 that cannot be read" in str(read())
    assert (office.states(), other.states()) == (
        {"alex@acme.example": "accepted"},
        {"kim@acme.example": "bounced"},
    )


def test_a_file_that_was_half_written_is_read_when_it_is_whole(
    office: Office, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime
) -> None:
    (delivery,) = deliveries(office, "alex@acme.example")
    whole = provider.stored(json.dumps([event("delivered", delivery)]).encode(), noon)
    (folder / "a.json").write_text(whole[:40])
    assert "no stored request" in read().refused["a.json"]
    (folder / "a.json").write_text(whole)
    assert read().applied == 1
    assert office.states() == {"alex@acme.example": "delivered"}


def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    office: Office, database_url: str, provider: Provider, folder: Path, read: Callable[..., EventsRead], noon: datetime
) -> None:
    ids = deliveries(office, *(f"reader{number}@acme.example" for number in range(40)))
    for number, delivery in enumerate(ids):
        rows = [event(kind, delivery, number) for kind in ("processed", "delivered", "bounce")]
        body = json.dumps(rows).encode()
        store_request(folder, provider.signed(body, noon), body)
    command = [sys.executable, "-c", WORKER, database_url, noon.isoformat(), str(folder), provider.public_key]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as worker:
            enough = noted(office) + 2
            while noted(office) <= enough and worker.poll() is None:
                time.sleep(0.005)
            worker.send_signal(signal.SIGKILL)
    assert 6 < noted(office) < 40
    read()
    assert noted(office) == 40
    assert set(office.states().values()) == {"bounced"}
    assert office.rows("SELECT count(*) FROM delivery_events WHERE tenant_id = %s") == [(120,)]


def noted(office: Office) -> int:
    with office.warehouse.transaction() as connection:
        row = connection.execute("SELECT count(*) FROM provider_payloads").fetchone()
    return int(str(row[0])) if row else 0


class Export:
    """An address that gives stored requests as lines of JSON, with an ETag."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.status = 200
        self.asked: list[str | None] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/events?key=an-invented-key"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(export: Export) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                etag = f'"{len(export.lines)}"'
                export.asked.append(self.headers.get("If-None-Match"))
                unchanged = self.headers.get("If-None-Match") == etag
                body = b"" if unchanged else "\n".join(export.lines).encode()
                self.send_response(304 if unchanged else export.status)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent: the test run's output is for failures."""

        return Handler


@pytest.fixture
def export() -> Iterator[Export]:
    server = Export()
    yield server
    server.close()


def test_an_export_is_asked_for_only_when_it_changed_and_each_line_is_read_once(
    office: Office, provider: Provider, export: Export, read: Callable[..., EventsRead], noon: datetime
) -> None:
    first, second = deliveries(office, "alex@acme.example", "kim@acme.example")
    export.lines.append(provider.stored(json.dumps([event("delivered", first)]).encode(), noon))
    assert read(source=export.url).applied == 1
    assert read(source=export.url).applied == 0
    export.lines += ["{broken", provider.stored(json.dumps([event("bounce", second, 2)]).encode(), noon)]
    done = read(source=export.url)
    assert (done.applied, len(done.refused)) == (1, 1)
    assert export.asked == [None, '"1"', '"1"']
    assert read(source=export.url).refused == {}
    assert office.states() == {"alex@acme.example": "delivered", "kim@acme.example": "bounced"}


@pytest.mark.parametrize("status", [500, 302, 403])
def test_an_export_that_does_not_answer_is_tried_again_without_showing_its_key(
    export: Export, read: Callable[..., EventsRead], status: int
) -> None:
    export.status = status
    with pytest.raises(EventsUnavailableError, match=f"status {status}: tried again") as error:
        read(source=export.url)
    assert "an-invented-key" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "key", "message"),
    [
        (None, "key", "no source"),
        ("folder", None, "SENDGRID_WEBHOOK_KEY"),
        ("http://platform.example/x", "key", "https"),
        ("https://a:b@platform.example/x", "key", "no login"),
        ("https://[/x", "key", "https"),
    ],
)
def test_settings_that_cannot_be_trusted_are_refused(
    office: Office, source: str | None, key: str | None, message: str
) -> None:
    with pytest.raises(PermanentError, match=message):
        EventReader(office.warehouse, EventSettings(source, key))


def test_a_folder_that_is_not_there_is_named(
    office: Office, provider: Provider, tmp_path: Path, noon: datetime
) -> None:
    settings = EventSettings(str(tmp_path / "nowhere"), provider.public_key)
    with pytest.raises(PermanentError, match="nowhere, which is no folder"):
        EventReader(office.warehouse, settings).run(noon)


def test_only_what_signs_a_request_is_stored_of_its_headers(provider: Provider, folder: Path, noon: datetime) -> None:
    headers = {**provider.signed(b"[]", noon), "Authorization": "Bearer invented"}
    path = store_request(folder, headers, b"[]")
    assert "invented" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_request(path.read_bytes()).body == b"[]"
    with pytest.raises(PermanentError, match="not signed"):
        store_request(folder, {"Authorization": "Bearer invented"}, b"[]")
