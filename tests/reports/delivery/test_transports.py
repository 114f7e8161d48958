"""Every transport against a real server on loopback, good and bad."""

from __future__ import annotations

import http.client
import logging
import resource
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from reports.delivery import make_transport
from reports.delivery.message import Mail, to_mime
from reports.delivery.outcomes import Verdict
from reports.delivery.transports import SendGridTransport, SmtpTransport
from reports.mail_settings import FileSettings, SendGridSettings, SmtpSettings, TransportSettings
from sql.values import PermanentError

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import MailServer, SendGridServer

MailWith = Callable[..., Mail]


@pytest.fixture
def settings(sendgrid: SendGridServer, api_key: str) -> TransportSettings:
    return TransportSettings(
        kind="sendgrid",
        mail_from="reports@signal.example",
        sendgrid=SendGridSettings(api_key=api_key, host=sendgrid.url),
        timeout_s=0.5,
    )


class TestFile:
    def test_a_mail_becomes_one_file_that_mail_programs_open(self, tmp_path: Path, mail_with: MailWith) -> None:
        outcome = make_transport(TransportSettings(file=FileSettings(folder=tmp_path / "outbox"))).send(mail_with())
        (written,) = (tmp_path / "outbox").glob("*.eml")
        assert outcome.verdict is Verdict.ACCEPTED
        assert written.name == outcome.provider_message_id
        assert BytesParser(policy=policy.default).parsebytes(written.read_bytes())["To"] == "alex@acme.example"

    def test_the_same_delivery_twice_is_one_file(self, tmp_path: Path, mail_with: MailWith) -> None:
        transport = make_transport(TransportSettings(file=FileSettings(folder=tmp_path)))
        transport.send(mail_with())
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        transport.send(mail_with())
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_two_deliveries_are_two_files(self, tmp_path: Path, mail_with: MailWith) -> None:
        transport = make_transport(TransportSettings(file=FileSettings(folder=tmp_path)))
        transport.send(mail_with())
        transport.send(mail_with(delivery_id=UUID(int=5)))
        assert len(list(tmp_path.glob("*.eml"))) == 2

    def test_the_preview_shows_the_picture_in_a_browser(self, tmp_path: Path, mail_with: MailWith) -> None:
        outcome = make_transport(TransportSettings(file=FileSettings(folder=tmp_path))).send(mail_with())
        (preview,) = tmp_path.glob("*.html")
        assert str(preview) in outcome.detail
        assert "cid:" not in preview.read_text()
        assert "data:image/png;base64," in preview.read_text()

    def test_a_subject_cannot_leave_the_folder(self, tmp_path: Path, mail_with: MailWith) -> None:
        make_transport(TransportSettings(file=FileSettings(folder=tmp_path / "in"))).send(
            mail_with(subject="../../etc/x\x00")
        )
        assert [path.name for path in tmp_path.iterdir()] == ["in"]

    def test_a_folder_that_cannot_be_written_is_tried_again(self, tmp_path: Path, mail_with: MailWith) -> None:
        (tmp_path / "taken").write_text("a file, not a folder")
        outcome = make_transport(TransportSettings(file=FileSettings(folder=tmp_path / "taken"))).send(mail_with())
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)

    def test_a_name_that_cannot_be_given_leaves_nothing_behind(self, tmp_path: Path, mail_with: MailWith) -> None:
        transport = make_transport(TransportSettings(file=FileSettings(folder=tmp_path)))
        transport.send(mail_with())
        (written,) = tmp_path.glob("*.eml")
        written.unlink()
        (written / "in the way").mkdir(parents=True)
        outcome = transport.send(mail_with())
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)
        assert [path.name for path in tmp_path.glob("*.eml")] == [written.name]
        assert list(tmp_path.glob(".*")) == []

    def test_a_full_disk_leaves_no_half_mail(self, tmp_path: Path, mail_with: MailWith) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            outcome = make_transport(TransportSettings(file=FileSettings(folder=tmp_path))).send(mail_with())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)
        assert [path.suffix for path in tmp_path.iterdir()] == [".html"]


class TestSmtp:
    def transport(self, server: MailServer, **changes: Any) -> SmtpTransport:
        smtp = SmtpSettings(**{"port": server.port, "security": "none", **changes})
        return SmtpTransport(TransportSettings("smtp", "reports@signal.example", timeout_s=2.0, smtp=smtp))

    def test_the_mail_arrives_byte_for_byte(self, mail_server: MailServer, mail_with: MailWith) -> None:
        outcome = self.transport(mail_server).send(mail_with())
        assert (outcome.verdict, outcome.status_code) == (Verdict.ACCEPTED, 250)
        assert mail_server.taken == [("alex@acme.example", to_mime(mail_with()))]

    @pytest.mark.parametrize(
        ("behaviour", "verdict", "stops", "taken"),
        [
            ("rcpt 450 greylisted", Verdict.RETRY, False, 0),
            ("rcpt 550 no such user", Verdict.FAILED, False, 0),
            ("421 closing for maintenance", Verdict.RETRY, True, 0),
            ("data 452 disk full", Verdict.RETRY, False, 0),
            ("data 554 looks like spam", Verdict.FAILED, False, 0),
            ("drop-early", Verdict.RETRY, False, 0),
            ("accept-then-drop", Verdict.UNKNOWN, False, 1),
        ],
    )
    def test_a_bad_server_is_understood(
        self, mail_server: MailServer, mail_with: MailWith, behaviour: str, verdict: Verdict, stops: bool, taken: int
    ) -> None:
        mail_server.behave = lambda _: behaviour
        outcome = self.transport(mail_server).send(mail_with())
        assert (outcome.verdict, outcome.stop_run, len(mail_server.taken)) == (verdict, stops, taken)

    def test_the_servers_text_reaches_the_operator(self, mail_server: MailServer, mail_with: MailWith) -> None:
        mail_server.behave = lambda _: "rcpt 550 no such user here"
        assert "no such user here" in self.transport(mail_server).send(mail_with()).detail

    def test_nobody_at_the_port_is_tried_again(
        self, mail_server: MailServer, mail_with: MailWith, closed_port: int
    ) -> None:
        outcome = self.transport(mail_server, port=closed_port).send(mail_with())
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)

    def test_a_right_password_sends_and_a_wrong_one_pauses(self, mail_server: MailServer, mail_with: MailWith) -> None:
        right = self.transport(mail_server, user="earshot", password=mail_server.password)
        wrong = self.transport(mail_server, user="earshot", password="wrong")
        assert right.send(mail_with()).verdict is Verdict.ACCEPTED
        outcome = wrong.send(mail_with())
        assert (outcome.verdict, outcome.stop_run) == (Verdict.PAUSED, True)
        assert "wrong" not in outcome.detail + repr(wrong)

    def test_encryption_that_the_server_lacks_is_not_gone_without(
        self, mail_server: MailServer, mail_with: MailWith
    ) -> None:
        outcome = self.transport(mail_server, security="starttls").send(mail_with())
        assert (outcome.verdict, mail_server.taken) == (Verdict.RETRY, [])

    def test_a_password_is_never_sent_in_the_clear_across_a_network(self) -> None:
        settings = TransportSettings(
            kind="smtp",
            mail_from="reports@signal.example",
            smtp=SmtpSettings(host="mail.example", user="a", password="secret", security="none"),
        )
        with pytest.raises(PermanentError, match="in the clear"):
            make_transport(settings)


class TestSendGrid:
    def test_a_request_keeps_to_the_published_contract(
        self, sendgrid_contract: Path, sendgrid: SendGridServer, settings: TransportSettings, mail_with: MailWith
    ) -> None:
        outcome = make_transport(settings).send(mail_with())
        assert sendgrid.violations == []
        assert (outcome.verdict, outcome.provider_message_id) == (Verdict.ACCEPTED, "id-1")

    def test_the_contract_is_really_checked(
        self, sendgrid_contract: Path, sendgrid: SendGridServer, settings: TransportSettings, api_key: str
    ) -> None:
        connection = http.client.HTTPConnection(sendgrid.url.removeprefix("http://"))
        connection.request("POST", "/v3/mail/send", b'{"from": {"name": "nobody"}}')
        answer = connection.getresponse()
        connection.close()
        assert answer.status == 400
        assert len(sendgrid.violations) == 2

    @pytest.mark.parametrize(
        ("behaviour", "verdict", "taken"),
        [
            ("400", Verdict.FAILED, 0),
            ("401", Verdict.PAUSED, 0),
            ("403", Verdict.PAUSED, 0),
            ("413", Verdict.FAILED, 0),
            ("429", Verdict.RETRY, 0),
            ("500", Verdict.UNKNOWN, 0),
            ("503", Verdict.UNKNOWN, 0),
            ("502", Verdict.UNKNOWN, 0),
            ("504", Verdict.UNKNOWN, 0),
            ("302", Verdict.UNKNOWN, 0),
            ("reset", Verdict.UNKNOWN, 0),
            ("hang", Verdict.UNKNOWN, 0),
            ("accept-then-drop", Verdict.UNKNOWN, 1),
            ("accept-then-hang", Verdict.UNKNOWN, 1),
            ("accept-without-id", Verdict.UNKNOWN, 1),
            ("accept-then-500", Verdict.UNKNOWN, 1),
        ],
    )
    def test_a_bad_provider_is_understood(
        self,
        sendgrid: SendGridServer,
        settings: TransportSettings,
        mail_with: MailWith,
        behaviour: str,
        verdict: Verdict,
        taken: int,
    ) -> None:
        sendgrid.behave = lambda _: behaviour
        outcome = make_transport(settings).send(mail_with())
        assert (outcome.verdict, sendgrid.taken.total(), len(sendgrid.requests)) == (verdict, taken, 1)

    def test_a_redirect_is_not_followed(
        self, sendgrid: SendGridServer, settings: TransportSettings, mail_with: MailWith
    ) -> None:
        sendgrid.behave = lambda _: "302"
        outcome = make_transport(settings).send(mail_with())
        assert "/signed-in" in outcome.detail
        assert sendgrid.followed == 0

    def test_the_providers_text_reaches_the_operator(
        self, sendgrid: SendGridServer, settings: TransportSettings, mail_with: MailWith
    ) -> None:
        sendgrid.behave = lambda _: "400"
        assert "invented trouble 400 (from)" in make_transport(settings).send(mail_with()).detail

    def test_nobody_at_the_port_is_tried_again(
        self, settings: TransportSettings, mail_with: MailWith, closed_port: int
    ) -> None:
        nobody = TransportSettings(
            kind="sendgrid",
            mail_from="reports@signal.example",
            sendgrid=SendGridSettings(api_key=settings.sendgrid.api_key, host=f"http://127.0.0.1:{closed_port}"),
        )
        outcome = make_transport(nobody).send(mail_with())
        assert (outcome.verdict, outcome.stop_run) == (Verdict.RETRY, True)

    def test_a_sandbox_mails_nothing(self, sendgrid: SendGridServer, api_key: str, mail_with: MailWith) -> None:
        transport = make_transport(
            TransportSettings(
                kind="sendgrid",
                mail_from="reports@signal.example",
                sendgrid=SendGridSettings(api_key=api_key, host=sendgrid.url, sandbox=True),
            )
        )
        assert transport.send(mail_with()).verdict is Verdict.ACCEPTED
        assert sendgrid.taken.total() == 0

    def test_neither_key_nor_mail_is_ever_logged(
        self,
        sendgrid: SendGridServer,
        settings: TransportSettings,
        mail_with: MailWith,
        api_key: str,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
        transport = make_transport(settings)
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.DEBUG, logger="python_http_client.client")
        transport.send(mail_with())
        sendgrid.behave = lambda _: "400"
        transport.send(mail_with())
        printed = "".join(capsys.readouterr())
        for secret in (api_key, "alex@acme.example", "PAYLOAD"):
            assert secret not in caplog.text + printed

    def test_the_key_is_masked_wherever_an_object_is_shown(self, settings: TransportSettings, api_key: str) -> None:
        assert api_key not in repr(settings) + repr(make_transport(settings))

    @pytest.mark.parametrize("key", [None, "", "  ", "SG.broken\r\nX-Other: 1"])
    def test_a_missing_or_broken_key_is_reported_before_anything_is_sent(
        self, key: str | None, sendgrid: SendGridServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SENDGRID_API_KEY", "SG.of-the-environment")
        with pytest.raises(PermanentError, match="SENDGRID_API_KEY") as caught:
            make_transport(
                TransportSettings(
                    kind="sendgrid",
                    mail_from="reports@signal.example",
                    sendgrid=SendGridSettings(api_key=key, host=sendgrid.url),
                )
            )
        assert "broken" not in str(caught.value)

    def test_headers_of_one_call_stay_out_of_the_next(
        self, sendgrid: SendGridServer, settings: TransportSettings, mail_with: MailWith, api_key: str
    ) -> None:
        transport = make_transport(settings)
        transport.send(mail_with())
        transport.send(mail_with())
        first, second = (headers for headers, _ in sendgrid.requests)
        assert first == second | {"Content-Length": first["Content-Length"]}
        assert first["Authorization"] == f"Bearer {api_key}"

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("eu", "https://api.eu.sendgrid.com"),
            ("global", "https://api.sendgrid.com"),
            ("https://mail-api.platform.example/", "https://mail-api.platform.example"),
        ],
    )
    def test_the_host_can_be_global_or_european(self, host: str, url: str, api_key: str) -> None:
        transport = SendGridTransport(TransportSettings(sendgrid=SendGridSettings(api_key=api_key, host=host)))
        assert f"host={url!r}" in repr(transport)

    @pytest.mark.parametrize("host", ["http://api.sendgrid.com", "ftp://127.0.0.1", "elsewhere", "https://"])
    def test_a_key_never_leaves_unencrypted(self, host: str, api_key: str) -> None:
        with pytest.raises(PermanentError, match="SENDGRID_HOST"):
            SendGridTransport(TransportSettings(sendgrid=SendGridSettings(api_key=api_key, host=host)))


def test_people_get_no_mail_from_an_address_that_does_not_exist(api_key: str) -> None:
    with pytest.raises(PermanentError, match="EARSHOT_MAIL_FROM"):
        make_transport(TransportSettings(kind="sendgrid", sendgrid=SendGridSettings(api_key=api_key)))


def test_an_unknown_transport_is_named() -> None:
    with pytest.raises(PermanentError, match="'pigeon'"):
        make_transport(TransportSettings(kind="pigeon"))
