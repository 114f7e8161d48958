"""CloudFront's standard and real-time logs, field by field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assets.importing import parser_of
from sql.values import PermanentError
from tests.assets.importing.reading import example, numbered, one, parse

FIELDS = "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(Referer) cs(User-Agent) x-edge-request-id"


def test_a_cloudfront_line_says_everything_that_measuring_needs() -> None:
    found = example("cloudfront").requests.row(2, named=True)

    assert found["occurred_at"] == datetime(2026, 10, 14, 6, 13, 2, tzinfo=UTC)
    assert found["request_id"] == "Qm9hdC0wMDAz"
    assert found["user_agent"] == "AppleCoreMedia/1.0.0.22F76 (iPhone; U; CPU OS 18_5 like Mac OS X; en_us)"
    assert (found["http_method"], found["http_status"], found["client_ip"]) == ("GET", 206, "10.31.7.88")
    assert (found["range_start"], found["range_end"], found["bytes_sent"]) == (0, 1048575, 1048576)


def test_response_headers_are_not_content_bytes() -> None:
    assert example("cloudfront").requests.row(0, named=True)["bytes_sent"] == 28411200


def test_a_cloudfront_body_that_broke_off_counts_what_was_sent() -> None:
    fields = "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(User-Agent) sc-content-len"
    line = "2026-10-14\t06:12:41\t5000\t203.0.113.7\tGET\t/a.mp3\t200\tCastro%202024\t90000"

    assert one("cloudfront", fields, line)["bytes_sent"] == 5000


def test_a_fields_line_holds_across_batches_until_the_next_one() -> None:
    parser = parser_of("cloudfront")
    parser.parse(numbered("#Version: 1.0", FIELDS))
    line = "2026-10-14\t06:12:41\t5000\t203.0.113.7\tGET\t/a.mp3\t200\t-\tCastro%202024\tabc"
    other = "203.0.113.9\t2026-10-14\t06:12:42\tGET\t/b.mp3\t200\tOvercast"

    parsed = parser.parse(
        numbered(line, "#Fields: c-ip date time cs-method cs-uri-stem sc-status cs(User-Agent)", other, first=3)
    )

    assert parsed.requests["client_ip"].to_list() == ["203.0.113.7", "203.0.113.9"]
    assert parsed.requests["line_number"].to_list() == [3, 5]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Castro%202024.2/1502", "Castro 2024.2/1502"),
        ("Mozilla/5.0%2520(Windows%2520NT)", "Mozilla/5.0 (Windows NT)"),
        ("Amazon%2520Music/1%20CFNetwork/1490", "Amazon%20Music/1 CFNetwork/1490"),
        ("plain", "plain"),
        ("-", None),
        ("nul%00byte", "nul\ufffdbyte"),
    ],
)
def test_a_cloudfront_agent_is_decoded_as_often_as_it_was_encoded(written: str, meant: str | None) -> None:
    line = f"2026-10-14\t06:12:41\t5000\t203.0.113.7\tGET\t/a.mp3\t200\t-\t{written}\tabc"

    assert one("cloudfront", FIELDS, line)["user_agent"] == meant


def test_a_cloudfront_line_that_is_cut_or_has_no_time_is_rejected_with_the_reason() -> None:
    cut = "2026-10-14\t06:12:41\t5000"
    timeless = "2026-10-14\t-\t5000\t203.0.113.7\tGET\t/a.mp3\t200\t-\tCastro\tabc"

    reasons = parse("cloudfront", FIELDS, cut, timeless).rejects["reason"].to_list()

    assert "10 tab-separated fields" in reasons[0]
    assert "date and time" in reasons[1]


def test_a_log_without_the_needed_fields_names_them() -> None:
    parsed = parse("cloudfront", "#Fields: date time sc-bytes", "2026-10-14\t06:12:41\t5000")

    assert "lacks c-ip, cs-method" in parsed.rejects["reason"][0]


CHOSEN = ("timestamp", "c-ip", "sc-status", "cs-method", "cs-uri-stem", "cs-user-agent")


@pytest.mark.parametrize(
    ("written", "microsecond"), [("1791958361.031", 31_000), ("1791958361.5", 500_000), ("1791958361", 0)]
)
def test_the_seconds_of_a_real_time_record_are_exact(written: str, microsecond: int) -> None:
    line = f"{written}\t203.0.113.7\t200\tGET\t/a.mp3\tCastro%202024"

    found = one("cloudfront-realtime", line, fields=CHOSEN)

    assert found["occurred_at"] == datetime(2026, 10, 14, 6, 12, 41, microsecond, tzinfo=UTC)
    assert found["user_agent"] == "Castro 2024"


def test_a_record_with_other_fields_than_the_configuration_says_how_to_name_them() -> None:
    parsed = parse("cloudfront-realtime", "1791958361.031\t203.0.113.7\t200")

    assert "40 tab-separated fields" in parsed.rejects["reason"][0]
    assert "--fields" in parsed.rejects["reason"][0]


def test_a_configuration_without_what_measuring_needs_is_refused() -> None:
    with pytest.raises(PermanentError, match="lack c-ip, sc-status, cs-user-agent"):
        parser_of("cloudfront-realtime", ("timestamp", "cs-method", "cs-uri-stem"))


def test_a_timestamp_that_is_none_is_rejected() -> None:
    parsed = parse("cloudfront-realtime", "today\t203.0.113.7\t200\tGET\t/a.mp3\tCastro", fields=CHOSEN)

    assert "timestamp" in parsed.rejects["reason"][0]
