"""Every step of a call broken in every way: only what proves that nothing was taken is tried again."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.delivery import make_transport
from reports.delivery.deadline import Deadline
from reports.delivery.message import Mail
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.transports.base import Progress
from reports.delivery.transports.smtp import _Session
from reports.mail_settings import FileSettings, SendGridSettings, SmtpSettings, TransportSettings
from tests.reports.delivery.servers import Listener, Reply, ScriptedMailServer, hang_up

MailWith = Callable[..., Mail]
GARBAGE = b"\x00\xff nonsense\r\n"
TOO_LONG = b"2" * 20_000 + b"\r\n"


def by_smtp(port: int, mail: Mail, timeout_s: float = 0.5, deadline_s: float = 1.0, **changes: Any) -> Outcome:
    settings = TransportSettings(
        kind="smtp",
        mail_from="reports@signal.example",
        smtp=SmtpSettings(**{"port": port, "security": "none", **changes}),
        timeout_s=timeout_s,
        deadline_s=deadline_s,
    )
    return make_transport(settings).send(mail)


def by_http(port: int, mail: Mail, key: str) -> Outcome:
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=key, host=f"http://127.0.0.1:{port}"),
        timeout_s=0.5,
        deadline_s=1.0,
    )
    return make_transport(settings).send(mail)


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "reply", [hang_up, GARBAGE, TOO_LONG, b"2", b"199 what?\r\n", b"421 closing\r\n", b"451 no\r\n"]
)
def test_nothing_that_happens_before_the_mail_is_sent_leaves_a_doubt(
    mail_with: MailWith, step: str, reply: Reply
) -> None:
    server = ScriptedMailServer(**{step: reply, "HELO": reply})
    outcome = by_smtp(server.port, mail_with())
    server.close()
    assert outcome.verdict in (Verdict.RETRY, Verdict.PAUSED, Verdict.FAILED)
    assert server.taken == 0


@pytest.mark.parametrize("step", ["connect", "DATA"])
def test_a_yes_at_the_wrong_step_is_not_taken_for_the_mail(mail_with: MailWith, step: str) -> None:
    server = ScriptedMailServer(**{step: b"250 yes\r\n"})
    outcome = by_smtp(server.port, mail_with())
    server.close()
    assert (outcome.verdict, server.taken) == (Verdict.RETRY, 0)


def test_a_connection_that_is_lost_within_the_mail_is_tried_again(mail_with: MailWith) -> None:
    large = mail_with()
    object.__setattr__(large, "attachments", (replace(large.attachments[0], body=bytes(20_000_000)),))
    server = ScriptedMailServer(content=b"stop")
    outcome = by_smtp(server.port, large, timeout_s=5.0, deadline_s=5.0)
    server.close()
    assert (outcome.verdict, server.taken) == (Verdict.RETRY, 0)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (b"250 taken\r\n", Verdict.ACCEPTED),
        (b"250-taken\r\n250 as 7\r\n", Verdict.ACCEPTED),
        (b"250", Verdict.ACCEPTED),
        (b"451 greylisted\r\n", Verdict.RETRY),
        (b"452 disk full\r\n", Verdict.RETRY),
        (b"554 looks like spam\r\n", Verdict.FAILED),
        (b"421 closing\r\n", Verdict.UNKNOWN),
        (b"354 go on\r\n", Verdict.UNKNOWN),
        (b"45", Verdict.UNKNOWN),
        (b"250-", Verdict.UNKNOWN),
        (GARBAGE, Verdict.UNKNOWN),
        (TOO_LONG, Verdict.UNKNOWN),
        (b"\r\n", Verdict.UNKNOWN),
        (hang_up, Verdict.UNKNOWN),
        (b"", Verdict.UNKNOWN),
    ],
)
def test_after_the_final_dot_only_a_clear_no_is_tried_again(
    mail_with: MailWith, reply: Reply, verdict: Verdict
) -> None:
    def answer(connection: socket.socket) -> None:
        if callable(reply):
            reply(connection)
        elif reply:
            connection.sendall(reply)
            hang_up(connection)
        else:
            server.released.wait(5)

    server = ScriptedMailServer(**{".": answer})
    outcome = by_smtp(server.port, mail_with(), deadline_s=0.7)
    server.close()
    assert (outcome.verdict, server.taken) == (verdict, 1)


@pytest.mark.parametrize("step", ["EHLO", "AUTH", "MAIL"])
def test_a_server_that_refuses_the_login_or_the_sender_pauses_every_mail(mail_with: MailWith, step: str) -> None:
    script: dict[str, Reply] = {"EHLO": b"250-here\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 in\r\n", step: b"550 no\r\n"}
    server = ScriptedMailServer(**script, HELO=b"550 no\r\n")
    outcome = by_smtp(server.port, mail_with(), user="earshot", password="invented")
    server.close()
    assert (outcome.verdict, outcome.stop_run) == (Verdict.PAUSED, True)


@pytest.mark.parametrize("reply", [b"454 no\r\n", b"220 go on\r\nnot TLS", hang_up])
def test_encryption_that_fails_is_tried_again(mail_with: MailWith, reply: Reply) -> None:
    server = ScriptedMailServer(EHLO=b"250-here\r\n250 STARTTLS\r\n", STAR=reply)
    outcome = by_smtp(server.port, mail_with(), security="starttls")
    server.close()
    assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)


def test_a_line_that_begins_with_a_dot_ends_no_mail() -> None:
    content = b".\r\n..\r\nText\r\n"
    received: list[bytes] = []

    def take(connection: socket.socket) -> None:
        connection.sendall(b"354 go on\r\n")
        lines = connection.makefile("rb")
        while (line := lines.readline()) not in (b".\r\n", b""):
            received.append(line)
        connection.sendall(b"250 taken\r\n")

    server = ScriptedMailServer(DATA=take)
    with Deadline(5) as deadline:
        settings = TransportSettings(kind="smtp", smtp=SmtpSettings(port=server.port, security="none"))
        session = _Session(settings, deadline, Progress())
        assert session.hand_over(content)[0] == 250
        session.close()
    server.close()
    assert received == [b"..\r\n", b"...\r\n", b"Text\r\n"]


def test_a_host_that_does_not_exist_is_tried_again(mail_with: MailWith) -> None:
    for host in ("nowhere.invalid", "a..b", "x" * 70 + ".example"):
        outcome = by_smtp(25, mail_with(), host=host, deadline_s=20.0)
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)


class RawProvider(Listener):
    """Reads a whole request, or less of it, and answers with bytes; taken counts the whole ones."""

    def __init__(self, answer: bytes, read: str = "all") -> None:
        self.taken = 0
        self._answer, self._read = answer, read
        super().__init__(self._exchange)

    def _exchange(self, connection: socket.socket) -> None:
        if self._read == "nothing":
            return hang_up(connection)
        stream = connection.makefile("rb")
        headers = http.client.parse_headers(_after_request_line(stream))
        if self._read == "head":
            return hang_up(connection)
        stream.read(int(headers["Content-Length"]))
        self.taken += 1
        connection.sendall(self._answer)
        return None


def _after_request_line(stream: Any) -> Any:
    stream.readline()
    return stream


ID = b"X-Message-Id: id-1\r\n"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"HTTP/1.1 202 Accepted\r\n" + ID + b"Content-Length: 0\r\n\r\n", Verdict.ACCEPTED),
        # The words are cut off, the answer is not.
        (b"HTTP/1.1 202 Accepted\r\n" + ID + b"Content-Length: 99\r\n\r\nshort", Verdict.ACCEPTED),
        (b"HTTP/1.1 202 Accepted\r\n" + ID + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Verdict.ACCEPTED),
        (b"HTTP/1.1 429 Slow down\r\nContent-Length: 99\r\n\r\n{", Verdict.RETRY),
        (b"HTTP/1.1 202 Accepted\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 20", Verdict.UNKNOWN),
        (b"", Verdict.UNKNOWN),
        (b"\x00\xff\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 abc no\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 408 Timeout\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 499 Gone\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 303 See other\r\nLocation: http://[bad\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 308 Moved\r\nLocation: /\xff\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 103 Hints\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 999 What\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 503 Later\r\nRetry-After: 1\r\n\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 500 Error\r\n" + b"A: b\r\n" * 200 + b"\r\n", Verdict.UNKNOWN),
        (b"HTTP/1.1 407 Login\r\n\r\n", Verdict.PAUSED),
        (b"HTTP/1.1 400 No\r\n\r\n", Verdict.FAILED),
    ],
)
def test_a_whole_request_is_tried_again_only_after_a_clear_no(
    mail_with: MailWith, api_key: str, answer: bytes, verdict: Verdict
) -> None:
    provider = RawProvider(answer)
    outcome = by_http(provider.port, mail_with(), api_key)
    provider.close()
    assert (outcome.verdict, provider.taken) == (verdict, 1)


def test_a_connection_that_is_lost_before_the_request_left_is_tried_again(mail_with: MailWith, api_key: str) -> None:
    large = mail_with()
    object.__setattr__(large, "text", "a" * 20_000_000)
    provider = RawProvider(b"", read="head")
    outcome = by_http(provider.port, large, api_key)
    provider.close()
    assert (outcome.verdict, provider.taken) == (Verdict.RETRY, 0)


def test_a_provider_that_speaks_no_encryption_is_tried_again(mail_with: MailWith, api_key: str) -> None:
    provider = RawProvider(b"HTTP/1.1 400 Plain text to a TLS port\r\n\r\n", read="nothing")
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host=f"https://127.0.0.1:{provider.port}"),
        timeout_s=0.5,
    )
    outcome = make_transport(settings).send(mail_with())
    provider.close()
    assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Log in first\r\n\r\n", b"HTTP/1.1 502 No way\r\n\r\n", b""])
def test_a_proxy_that_does_not_connect_is_tried_again(
    mail_with: MailWith, api_key: str, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    proxy = Listener(refuse)
    monkeypatch.setenv("https_proxy", f"http://someone:secret@127.0.0.1:{proxy.port}")
    settings = TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host="https://mail-api.platform.example"),
        timeout_s=2.0,
    )
    outcome = make_transport(settings).send(mail_with())
    proxy.close()
    assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)
    assert "secret" not in outcome.detail


@pytest.mark.parametrize("kind", ["file", "smtp", "sendgrid"])
def test_a_mail_that_cannot_be_put_together_waits_for_a_person(
    mail_with: MailWith, api_key: str, kind: str, closed_port: int, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broken = mail_with()
    object.__setattr__(broken, "text", "\ud800")
    object.__setattr__(broken, "html", None)
    settings = TransportSettings(
        kind=kind,
        mail_from="reports@signal.example",
        file=FileSettings(folder=tmp_path),
        smtp=SmtpSettings(port=closed_port, security="none"),
        sendgrid=SendGridSettings(api_key=api_key, host=f"http://127.0.0.1:{closed_port}"),
    )
    outcome = make_transport(settings).send(broken)
    # JSON takes anything: there it is the connection that fails.
    assert outcome.verdict is (Verdict.RETRY if kind == "sendgrid" else Verdict.FAILED)


def test_the_scripted_server_takes_a_mail_whole(mail_with: MailWith) -> None:
    server = ScriptedMailServer()
    assert by_smtp(server.port, mail_with()).verdict is Verdict.ACCEPTED
    server.close()
    assert server.taken == 1
