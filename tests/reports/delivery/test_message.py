"""The mail itself: whole, the same bytes every time, and nothing from outside in its head."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.compose import compose
from reports.delivery.addresses import AddressError, as_recipient, clean_address, header_text, is_allowed
from reports.delivery.message import (
    STOP_LINK_PLACEHOLDER,
    ArtefactError,
    FrozenFile,
    Mail,
    assemble,
    to_mime,
    to_payload,
)
from reports.delivery.unsubscribe import Sender
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import render

MailWith = Callable[..., Mail]
SECRET = "an invented secret of more than thirty-two bytes"


def parsed(mail: Mail) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(to_mime(mail))


def test_a_mail_carries_both_texts_the_picture_and_both_files(mail_with: MailWith) -> None:
    kinds = [part.get_content_type() for part in parsed(mail_with()).walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "application/zip",
    ]


def test_the_picture_in_the_text_is_the_picture_in_the_mail(mail_with: MailWith) -> None:
    mail = mail_with()
    picture = next(part for part in parsed(mail).walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<chart.1@earshot>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == mail.pictures[0].body


def test_attachments_arrive_as_the_bytes_that_were_frozen(mail_with: MailWith) -> None:
    mail = mail_with()
    arrived = {part.get_filename(): part.get_payload(decode=True) for part in parsed(mail).iter_attachments()}
    assert arrived == {each.name: each.body for each in mail.attachments}


def test_attachments_are_named_so_that_last_weeks_differ(mail_with: MailWith) -> None:
    names = [each.name for each in mail_with(subject="Acme: 3.4× Röntgen/../in week 41").attachments]
    assert names == ["acme-3-4-rontgen-in-week-41.pdf", "acme-3-4-rontgen-in-week-41.zip"]
    assert mail_with(subject="週報").attachments[0].name == "report.pdf"


def test_the_same_delivery_gives_the_same_bytes(mail_with: MailWith) -> None:
    assert to_mime(mail_with()) == to_mime(mail_with())


def test_date_and_message_id_come_from_the_delivery(mail_with: MailWith, noon: datetime) -> None:
    head = parsed(mail_with())
    assert head["Message-ID"] == "<7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10@signal.example>"
    assert parsedate_to_datetime(head["Date"]) == noon


def test_the_sender_shows_the_tenants_brand(mail_with: MailWith) -> None:
    head = parsed(mail_with(brand='Hör, "mal" <zu>; Inc.'))
    assert head["From"].addresses[0].display_name == 'Hör, "mal" <zu>; Inc.'
    assert head["From"].addresses[0].addr_spec == "reports@signal.example"
    assert head["Reply-To"] == "sponsors@signal.example"


@pytest.mark.parametrize(
    "brand",
    ["Evil <ceo@bank.example> " + "and so on " * 7, "a, <b@c> d; " * 8, "日本語" * 30, '"q\\" <a@b.example>' * 5],
)
def test_no_brand_becomes_the_senders_address_however_long_it_is(mail_with: MailWith, brand: str) -> None:
    [sender] = parsed(mail_with(brand=brand))["From"].addresses
    assert sender.addr_spec == "reports@signal.example"
    assert "".join(sender.display_name.split()) == "".join(brand[:100].split())


def test_every_line_fits_what_mail_servers_take(mail_with: MailWith) -> None:
    sender = Sender("reports@signal.example", "https://platform.example/stop?lang=en", SECRET)
    assert max(map(len, to_mime(mail_with(sender)).split(b"\r\n"))) <= 998


def test_a_mailbox_is_the_usual_way_to_stop(mail_with: MailWith) -> None:
    head = parsed(mail_with())
    stop = "mailto:sponsors@signal.example?subject=unsubscribe%207d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"
    assert head["List-Unsubscribe"] == f"<{stop}>"
    assert "List-Unsubscribe-Post" not in head
    assert stop in mail_with().text
    assert "earshot.invalid/stop" not in mail_with().html + mail_with().text


def test_a_configured_endpoint_gets_one_click_and_a_token(mail_with: MailWith) -> None:
    mail = mail_with(Sender("reports@signal.example", "https://platform.example/stop?lang=en", SECRET))
    head = parsed(mail)
    assert head["List-Unsubscribe"].startswith("<https://platform.example/stop?lang=en&token=")
    assert head["List-Unsubscribe"].endswith(">, <" + mail.envelope.stop.headers["List-Unsubscribe"].split(", <")[1])
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "?lang=en&amp;token=" in mail.html


@pytest.mark.parametrize("field", ["subject", "brand"])
def test_a_line_break_cannot_add_a_header(mail_with: MailWith, field: str) -> None:
    head = parsed(mail_with(**{field: "Report\r\nBcc: everyone@rival.example\r\n\r\n<h1>hello</h1>"}))
    assert head["Bcc"] is None
    assert head["To"] == "alex@acme.example"


@pytest.mark.parametrize(
    "address",
    [
        "alex@acme.example\r\nBcc: everyone@rival.example",
        "alex@acme.example, everyone@rival.example",
        "alex@acme.example\x00",
        '"a b"@acme.example',
        "<alex@acme.example> <everyone@rival.example>",
        "alex@@acme.example",
        ".alex@acme.example",
        "alex@acme",
        "alex@-acme.example",
        "älex@acme.example",
        "x" * 65 + "@acme.example",
        "",
        "everyone",
    ],
)
def test_what_is_not_one_plain_address_gets_no_mail(mail_with: MailWith, address: str) -> None:
    if address == "alex@acme.example\x00":
        assert mail_with(recipient=address).envelope.recipient == "alex@acme.example"
        return
    with pytest.raises(AddressError):
        mail_with(recipient=address)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_subject_or_brand_changes_the_head(subject: str, brand: str) -> None:
    line = header_text(f"{subject}\n{brand}")
    assert "\n" not in line
    assert "\r" not in line
    assert len(line.splitlines()) <= 1


def test_addresses_are_compared_without_case_and_names() -> None:
    assert clean_address("Alex Doe <Alex@ACME.example>\n") == "alex@acme.example"
    assert clean_address("post@bücher.example") == "post@xn--bcher-kva.example"
    assert as_recipient("no\naddress") == "no address"


def test_an_allow_list_means_these_domains_and_no_others() -> None:
    assert is_allowed("alex@acme.example", [])
    assert is_allowed("alex@acme.example", ["@ACME.example"])
    assert not is_allowed("alex@evil-acme.example", ["acme.example"])
    assert not is_allowed("alex@sub.acme.example", ["acme.example"])


@pytest.mark.parametrize("name", ["report.html", "report.txt", "report.pdf", "report.zip"])
def test_a_mail_without_one_of_its_parts_is_never_made(
    mail_with: MailWith, files_with: Callable[..., list[FrozenFile]], name: str
) -> None:
    files = [each for each in files_with() if each.name != name]
    with pytest.raises(ArtefactError, match=name):
        assemble(mail_with().envelope, files)


def test_an_empty_file_is_a_missing_file(mail_with: MailWith, files_with: Callable[..., list[FrozenFile]]) -> None:
    with pytest.raises(ArtefactError, match=r"report\.pdf"):
        assemble(mail_with().envelope, files_with(report_pdf=b""))


def test_a_file_that_changed_after_freezing_is_not_sent(
    mail_with: MailWith, files_with: Callable[..., list[FrozenFile]]
) -> None:
    files = [replace(each, body=each.body + b"!") if each.name == "report.zip" else each for each in files_with()]
    with pytest.raises(ArtefactError, match="not what was frozen"):
        assemble(mail_with().envelope, files)


def test_a_picture_that_the_mail_shows_but_does_not_carry_stops_it(
    mail_with: MailWith, files_with: Callable[..., list[FrozenFile]]
) -> None:
    files = [each for each in files_with() if each.name != "chart.png"]
    with pytest.raises(ArtefactError, match="pictures"):
        assemble(mail_with().envelope, files)


def test_the_provider_gets_the_opaque_delivery_id_and_nothing_personal(mail_with: MailWith) -> None:
    (envelope,) = to_payload(mail_with())["personalizations"]
    assert envelope["custom_args"] == {"earshot_delivery": "7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"}


def test_the_provider_neither_rewrites_links_nor_adds_a_pixel(mail_with: MailWith) -> None:
    tracking = to_payload(mail_with())["tracking_settings"]
    assert {name: settings["enable"] for name, settings in tracking.items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
    }


def test_a_rendered_report_makes_a_whole_mail(mail_with: MailWith, change_facts: Callable[..., ReportFacts]) -> None:
    rendered = render(compose(change_facts(unsubscribe=STOP_LINK_PLACEHOLDER)))
    files = [FrozenFile(each.name, each.media_type, each.content_id, each.body, each.sha256) for each in rendered]
    mail = assemble(mail_with().envelope, files)
    assert len(mail.pictures) == 2
    assert STOP_LINK_PLACEHOLDER not in mail.html + mail.text
    assert mail.envelope.stop.link in mail.text
    assert len(to_mime(mail)) < 1_500_000


def test_hashes_may_name_their_kind(mail_with: MailWith, files_with: Callable[..., list[FrozenFile]]) -> None:
    files = [replace(each, sha256=f"sha256:{hashlib.sha256(each.body).hexdigest()}") for each in files_with()]
    assert assemble(mail_with().envelope, files).attachments
