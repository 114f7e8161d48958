"""Providers on loopback that can be as bad as real ones, and frozen reports to send.

Here: an HTTP server that follows SendGrid's published contract, a mail server, a tenant with a frozen report.
Not here: expectations.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from jsonschema import Draft202012Validator, FormatChecker
from psycopg.types.json import Jsonb

from reports.delivery import DeliverySummary, Outbox
from reports.delivery.message import FrozenFile, Mail, assemble, envelope_of
from reports.delivery.queue import enqueue
from reports.delivery.unsubscribe import Sender, stop_link

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

CONTRACT = Path(__file__).resolve().parents[4] / "shared" / "data" / "sendgrid" / "tsg_mail_v3.json"
KEY = "SG.an-invented-key.that-opens-nothing"
NOON = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = (
    '<!doctype html><html><body><p>3.4× return — Röntgen &amp; Škoda</p><img src="cid:chart.1@earshot" alt="">'
    '<a href="https://earshot.invalid/stop">Stop these mails</a></body></html>'
)
TEXT = "3.4× return — Röntgen & Škoda\n\nStop these mails: https://earshot.invalid/stop\n"


def make_files(**bodies: bytes) -> list[FrozenFile]:
    """The files of a frozen report; a body can be changed by the part of its name before the dot."""
    files = [
        ("report.html", "text/html", None, HTML.encode()),
        ("report.txt", "text/plain", None, TEXT.encode()),
        ("report.pdf", "application/pdf", None, b"%PDF-1.7\ninvented\n%%EOF\n"),
        ("report.zip", "application/zip", None, b"PK\x05\x06 invented tables"),
        ("chart.png", "image/png", "chart.1@earshot", PNG),
    ]
    chosen = [(name, kind, cid, bodies.get(name.replace(".", "_"), body)) for name, kind, cid, body in files]
    return [FrozenFile(name, kind, cid, body, hashlib.sha256(body).hexdigest()) for name, kind, cid, body in chosen]


def make_mail(sender: Sender | None = None, **changes: Any) -> Mail:
    sender = sender or Sender("reports@signal.example")
    delivery_id = changes.pop("delivery_id", UUID("7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"))
    stop = stop_link(sender, "sponsors@signal.example", UUID(int=7), delivery_id, NOON)
    values: dict[str, Any] = {
        "recipient": "alex@acme.example",
        "sender": sender.mail_from,
        "brand": "Signal Network",
        "reply_to": "sponsors@signal.example",
        "subject": "Acme Cloud: 3.4× return in the week of 5 October",
    }
    envelope = envelope_of(delivery_id=delivery_id, queued_at=NOON, stop=stop, **{**values, **changes})
    return assemble(envelope, make_files())


@pytest.fixture
def mail_with() -> Callable[..., Mail]:
    return make_mail


@pytest.fixture
def files_with() -> Callable[..., list[FrozenFile]]:
    return make_files


class SendGridServer:
    """SendGrid's mail send on loopback. `behave` names what it does next; taken counts the mails it really took."""

    def __init__(self) -> None:
        self.behave: Callable[[str], str] = lambda _recipient: "accept"
        self.taken: Counter[str] = Counter()
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.violations: list[str] = []
        self.followed = 0
        self.release = threading.Event()
        self.rate_limit_reset = 0
        self._validator = _mail_send_validator()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(server: SendGridServer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.followed += 1
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append((dict(self.headers), body))
                server.answer(self, body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent: the test run's output is for failures."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        problems = [error.message for error in self._validator.iter_errors(body)] if self._validator else []
        if request.path != "/v3/mail/send":
            problems.append(f"there is no {request.path}")
        if problems:
            self.violations += problems
            return _respond(request, 400, body={"errors": [{"message": problem} for problem in problems]})
        recipient = body["personalizations"][0]["to"][0]["email"]
        behaviour = self.behave(recipient)
        if behaviour == "accept" and body["mail_settings"]["sandbox_mode"]["enable"]:
            return _respond(request, 200)
        if behaviour in ("accept", "accept-then-drop", "accept-then-hang", "accept-then-500", "accept-without-id"):
            self.taken[recipient] += 1
        return self._misbehave(request, behaviour)

    def _misbehave(self, request: BaseHTTPRequestHandler, behaviour: str) -> None:
        if behaviour == "accept":
            return _respond(request, 202, {"X-Message-Id": f"id-{sum(self.taken.values())}"})
        if behaviour in ("hang", "accept-then-hang"):
            self.release.wait(20)
            return None
        if behaviour in ("accept-then-drop", "reset"):
            linger = struct.pack("ii", 1, 0)
            if behaviour == "reset":
                request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            request.connection.close()
            return None
        status = {"accept-then-500": 500, "accept-without-id": 202}.get(behaviour) or int(behaviour)
        extra = {
            302: {"Location": f"{self.url}/signed-in"},
            429: {"X-RateLimit-Reset": str(self.rate_limit_reset)},
        }.get(status, {})
        return _respond(
            request, status, extra, {"errors": [{"message": f"invented trouble {status}", "field": "from"}]}
        )


def _respond(
    request: BaseHTTPRequestHandler, status: int, headers: dict[str, str] | None = None, body: object = None
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    request.send_response(status)
    for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


def _mail_send_validator() -> Draft202012Validator | None:
    """Checks a body against the published contract; None where the contract is not at hand."""
    if not CONTRACT.exists():
        return None
    components = json.loads(CONTRACT.read_text())["components"]
    where = "#/components/requestBodies/PostMailSend/content/application~1json/schema"
    return Draft202012Validator({"$ref": where, "components": components}, format_checker=FormatChecker())


@pytest.fixture
def sendgrid_contract() -> Path:
    if not CONTRACT.exists():
        pytest.skip(f"SendGrid's contract is not at {CONTRACT}: fetch the third-party test data")
    return CONTRACT


@pytest.fixture
def sendgrid() -> Iterator[SendGridServer]:
    server = SendGridServer()
    yield server
    server.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    return unused_port()


class MailServer:
    """An SMTP server on loopback. `behave` names what it does with a recipient; taken holds the mails it took."""

    def __init__(self) -> None:
        self.behave: Callable[[str], str] = lambda _recipient: "accept"
        self.taken: list[tuple[str, bytes]] = []
        self.password = "a password of the tests"
        self.answers_after_s = 0.0
        self.port = unused_port()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, authenticator=self._log_in, auth_require_tls=False
        )
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    def _log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
        return AuthResult(success=auth.password == self.password.encode(), handled=False)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        behaviour = self.behave(address)
        if behaviour == "drop-early":
            _cut(server)
        if behaviour.startswith(("rcpt ", "421")):
            return behaviour.removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        behaviour = self.behave(envelope.rcpt_tos[0])
        if behaviour.startswith("data "):
            return behaviour.removeprefix("data ")
        self.taken.append((envelope.rcpt_tos[0], envelope.original_content or b""))
        if behaviour == "accept-then-drop":
            _cut(server)
        await asyncio.sleep(self.answers_after_s)
        return "250 taken as 4711"


def _cut(server: SMTP) -> None:
    """End the connection as a crash would: without a word."""
    transport: Any = server.transport
    transport.abort()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


class Office:
    """A tenant with one frozen report, in a real database."""

    def __init__(self, warehouse: Warehouse, slug: str = "signal", domains: list[str] | None = None) -> None:
        self.warehouse, self.slug = warehouse, slug
        self.tenant_id, self.sponsor_id, self.subscription_id = uuid4(), uuid4(), uuid4()
        with warehouse.transaction() as connection:
            connection.execute(
                "INSERT INTO tenants (tenant_id, slug, name, brand_name, reply_to, recipient_domains) "
                "VALUES (%s, %s, %s, %s, 'sponsors@signal.example', %s)",
                [self.tenant_id, slug, slug.title(), f"{slug.title()} Network", domains or []],
            )
            connection.execute(
                "INSERT INTO sponsors (tenant_id, sponsor_id, name) VALUES (%s, %s, 'Acme Cloud')",
                [self.tenant_id, self.sponsor_id],
            )
            connection.execute(
                "INSERT INTO report_subscriptions (tenant_id, subscription_id, sponsor_id, cadence) "
                "VALUES (%s, %s, %s, 'weekly')",
                [self.tenant_id, self.subscription_id, self.sponsor_id],
            )
        self.report_id = self.freeze()

    def freeze(self, revision: int = 1, files: list[FrozenFile] | None = None) -> UUID:
        report_id = uuid4()
        with self.warehouse.transaction() as connection:
            connection.execute(
                "INSERT INTO reports (tenant_id, report_id, subscription_id, sponsor_id, cadence, period_start, "
                "period_end, timezone, revision, state, as_of, code_version, content, content_hash, subject, run_id) "
                "VALUES (%s, %s, %s, %s, 'weekly', '2026-10-05', '2026-10-11', 'UTC', %s, 'frozen', %s, '0', %s, 'x', "
                "'Acme Cloud: 3.4× return', %s)",
                [self.tenant_id, report_id, self.subscription_id, self.sponsor_id, revision, NOON, Jsonb({}), uuid4()],
            )
            for each in make_files() if files is None else files:
                connection.execute(
                    "INSERT INTO report_artefacts VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [self.tenant_id, report_id, each.name, each.media_type, each.content_id, each.body, each.sha256],
                )
        return report_id

    def queue(self, *recipients: str, report_id: UUID | None = None, revision: int = 1) -> int:
        with self.warehouse.transaction() as connection:
            added = enqueue(connection, self.tenant_id, report_id or self.report_id, revision, recipients)
            # Due at noon of the tests' day, whatever day it is.
            connection.execute("UPDATE report_deliveries SET not_before = %s WHERE attempts = 0", [NOON])
            return added

    def column(self, name: str) -> dict[str, Any]:
        """One column of this tenant's deliveries by recipient."""
        rows = self.rows(f"SELECT recipient, {name} FROM report_deliveries WHERE tenant_id = %s")
        return {row[0]: row[1] for row in rows}

    def states(self) -> dict[str, str]:
        return self.column("state")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.transaction() as connection:
            return connection.execute(query, [self.tenant_id]).fetchall()

    def change(self, query: str, *values: object) -> None:
        with self.warehouse.transaction() as connection:
            connection.execute(query, values)


@pytest.fixture
def office(warehouse: Warehouse) -> Office:
    return Office(warehouse)


@pytest.fixture
def open_office(warehouse: Warehouse) -> Callable[..., Office]:
    return lambda *args, **options: Office(warehouse, *args, **options)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def api_key() -> str:
    return KEY


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine is not for loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def run(warehouse: Warehouse, noon: datetime) -> Callable[..., DeliverySummary]:
    """A run of the outbox, by default a minute past noon."""

    def start(transport: Any, later: timedelta = timedelta(minutes=1), limit: int | None = None) -> DeliverySummary:
        return Outbox(warehouse).run(transport, noon + later, limit)

    return start
