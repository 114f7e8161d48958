"""Servers that send a byte at a time, at every step: each call ends by its deadline, in any thread."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from reports.delivery import make_transport
from reports.delivery.deadline import Deadline, DeadlineError
from reports.delivery.message import Mail
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.queue import CLAIM_FOR
from reports.delivery.transports.base import LONGEST_CALL_S, Progress
from reports.delivery.transports.recording import recording_handlers
from reports.mail_settings import MOST_AT_ONCE, SendGridSettings, SmtpSettings, TransportSettings
from sql.values import PermanentError
from tests.reports.delivery.conftest import KEY, make_mail
from tests.reports.delivery.servers import Listener, ScriptedMailServer, Talk, trickle

Start = Callable[[], Listener]
# Each byte comes well within the longest silence, so that only the deadline can end the call.
SILENCE_S, DEADLINE_S = 30.0, 0.4


def _sending(text: bytes, after: bytes = b"") -> Listener:
    def talk(connection: socket.socket) -> None:
        connection.recv(1_000_000)
        connection.sendall(after)
        trickle(connection, text)

    return Listener(talk)


def _script(**steps: bytes) -> ScriptedMailServer:
    def trickling(text: bytes) -> Talk:
        return lambda connection: trickle(connection, text)

    return ScriptedMailServer(**{name: trickling(text) for name, text in steps.items()})


# What the server sends for ever, and the verdict that is then true.
HTTP: dict[str, tuple[Start, Verdict]] = {
    "status line": (lambda: _sending(b"HTTP/1.1 "), Verdict.UNKNOWN),
    "headers": (lambda: _sending(b"X-More: and more\r\n", b"HTTP/1.1 200 OK\r\n"), Verdict.UNKNOWN),
    "interim answers": (lambda: _sending(b"HTTP/1.1 100 Continue\r\n\r\n"), Verdict.UNKNOWN),
    "body": (lambda: _sending(b"{", b"HTTP/1.1 429 Slow\r\n\r\n"), Verdict.RETRY),
}
SMTP: dict[str, tuple[Start, Verdict]] = {
    "banner": (lambda: _script(connect=b"220-and more\r\n"), Verdict.RETRY),
    "banner without an end": (lambda: _script(connect=b"2"), Verdict.RETRY),
    "greeting": (lambda: _script(EHLO=b"250-and more\r\n"), Verdict.RETRY),
    "sender": (lambda: _script(MAIL=b"250-and more\r\n"), Verdict.RETRY),
    "recipient": (lambda: _script(RCPT=b"250-and more\r\n"), Verdict.RETRY),
    "data": (lambda: _script(DATA=b"354-and more\r\n"), Verdict.RETRY),
    "reply to the mail": (lambda: _script(**{".": b"250-and more\r\n"}), Verdict.UNKNOWN),
}


def _send(kind: str, port: int, mail: Mail, scheme: str = "http", security: str = "none") -> Outcome:
    settings = TransportSettings(
        kind=kind,
        mail_from="reports@signal.example",
        smtp=SmtpSettings(port=port, security=security),
        sendgrid=SendGridSettings(api_key=KEY, host=f"{scheme}://127.0.0.1:{port}"),
        timeout_s=SILENCE_S,
        deadline_s=DEADLINE_S,
    )
    return make_transport(settings).send(mail)


@pytest.mark.parametrize("place", HTTP)
def test_a_provider_that_trickles_holds_a_call_no_longer_than_its_deadline(place: str) -> None:
    start, verdict = HTTP[place]
    server = start()
    outcome = _send("sendgrid", server.port, make_mail())
    server.close()
    assert outcome.verdict is verdict


@pytest.mark.parametrize("place", SMTP)
def test_a_mail_server_that_trickles_holds_a_call_no_longer_than_its_deadline(place: str) -> None:
    start, verdict = SMTP[place]
    server = start()
    outcome = _send("smtp", server.port, make_mail())
    server.close()
    assert outcome.verdict is verdict
    assert place == "banner without an end" or "altogether" in outcome.detail


@pytest.mark.parametrize(("kind", "security"), [("sendgrid", "none"), ("smtp", "tls"), ("smtp", "starttls")])
def test_a_handshake_that_trickles_ends_by_the_deadline(kind: str, security: str) -> None:
    # The head of a TLS record of 16 kB whose content comes a byte at a time.
    def slowly(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xf0")
        trickle(connection, b"\x00")

    def starttls(connection: socket.socket) -> None:
        connection.sendall(b"220 go on\r\n")
        connection.recv(1_000_000)
        slowly(connection)

    if security == "starttls":
        server: Listener = ScriptedMailServer(EHLO=b"250-here\r\n250 STARTTLS\r\n", STAR=starttls)
    else:
        server = Listener(slowly)
    outcome = _send(kind, server.port, make_mail(), "https", security)
    server.close()
    assert outcome.verdict is Verdict.RETRY
    assert "altogether" in outcome.detail


def test_a_plain_request_reads_no_certificates_within_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("certificates are read")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", refuse)
    with Deadline(5) as deadline:
        assert len(recording_handlers(deadline, Progress())) == 2


def test_a_deadline_holds_in_any_thread() -> None:
    server = _script(EHLO=b"250-and more\r\n")
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(_send("smtp", server.port, make_mail()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    server.close()
    assert [outcome.verdict for outcome in outcomes] == [Verdict.RETRY] * 4


def test_a_call_that_knows_no_timeout_is_abandoned() -> None:
    never = threading.Event()
    with Deadline(0.05) as deadline, pytest.raises(DeadlineError, match="altogether"):
        deadline.call(never.wait, 30)
    never.set()


def test_what_a_call_raises_reaches_its_caller() -> None:
    with Deadline(5) as deadline, pytest.raises(ZeroDivisionError):
        deadline.call(divmod, 1, 0)


def test_a_connection_that_is_watched_too_late_is_shut_at_once() -> None:
    left, right = socket.socketpair()
    with left, right, Deadline(0.01) as deadline:
        threading.Event().wait(0.05)
        deadline.watch(left)
        assert right.recv(1) == b""
        with pytest.raises(DeadlineError):
            deadline.left()


def test_a_call_is_over_long_before_its_claim_expires() -> None:
    assert TransportSettings().timeout_s <= TransportSettings().deadline_s <= LONGEST_CALL_S
    assert CLAIM_FOR.total_seconds() > LONGEST_CALL_S * 2
    with pytest.raises(PermanentError, match="may take up to"):
        make_transport(TransportSettings(deadline_s=LONGEST_CALL_S * 2))


@pytest.mark.parametrize("at_once", [0, MOST_AT_ONCE + 1])
def test_a_number_of_mails_at_once_that_cannot_be_is_refused_by_the_name_of_its_setting(at_once: int) -> None:
    with pytest.raises(PermanentError, match=f"EARSHOT_MAIL_AT_ONCE is {at_once}; it can be 1 to {MOST_AT_ONCE}"):
        make_transport(TransportSettings(at_once=at_once))
