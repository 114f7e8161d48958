"""Each log format, line by line, and the files in docs/examples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing import FORMATS, guess_format, parser_of, read_batches
from assets.importing.requests import REQUEST_SCHEMA, Parsed
from assets.listening.identity.agent_rules import load_rules, match_agent
from sql.values import PermanentError

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
FILES = {
    "cloudfront": "cloudfront.log",
    "cloudfront-realtime": "cloudfront-realtime.log",
    "combined": "combined.log",
    "megaphone": "megaphone-metrics.json",
    "op3": "op3-downloads.tsv",
    "s3": "s3-access.log",
}

FIELDS = "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(Referer) cs(User-Agent) x-edge-request-id"


def numbered(*lines: str, first: int = 1) -> pl.DataFrame:
    frame = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("line_number", offset=first)
    return frame.with_columns(pl.col("line_number").cast(pl.Int64))


def parse(name: str, *lines: str) -> Parsed:
    return parser_of(name).parse(numbered(*lines))


def one(name: str, *lines: str) -> dict[str, object]:
    return parse(name, *lines).requests.row(0, named=True)


def example(name: str) -> Parsed:
    [batch] = read_batches(EXAMPLES / FILES[name])
    return parser_of(name).parse(batch.lines)


def combined(request: str = "GET /a.mp3 HTTP/1.1", status: str = "200", size: str = "10", more: str = "") -> str:
    return f'203.0.113.7 - - [14/Oct/2026:08:12:41 +0200] "{request}" {status} {size} "-" "AntennaPod/3.4.0"{more}'


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_of_each_format_is_read_but_for_its_one_broken_line(name: str) -> None:
    parsed = example(name)

    assert parsed.requests.schema == REQUEST_SCHEMA
    assert parsed.requests.height >= 4
    assert parsed.rejects.height == 1
    assert parsed.requests["occurred_at"].dt.date().unique().len() == 1


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_of_each_example_is_guessed(name: str) -> None:
    [batch] = read_batches(EXAMPLES / FILES[name])

    assert guess_format(batch.lines) == name


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(FORMATS)))
def test_a_damaged_line_is_a_request_or_a_reject_and_never_lost(data: st.DataObject, name: str) -> None:
    lines = (EXAMPLES / FILES[name]).read_text().splitlines()
    line = data.draw(st.sampled_from(lines[2:]))
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    noise = data.draw(st.text(st.characters(blacklist_characters="\n\r\x00", blacklist_categories=["Cs"]), max_size=8))
    damaged = line[:start] + noise + line[end:]
    header = {"cloudfront": lines[:2], "op3": lines[:1]}.get(name, [])
    is_comment = name.startswith("cloudfront") and damaged.startswith("#")

    parsed = parse(name, *header, damaged)

    assert parsed.requests.height + parsed.rejects.height == (0 if is_comment else 1)
    assert parsed.requests["occurred_at"].null_count() == 0


def test_prose_looks_like_no_format() -> None:
    assert guess_format(numbered("Dear listener,", "thank you for your letter.")) is None


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PermanentError, match=", ".join(FORMATS)):
        parser_of("iis")


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


def test_the_time_of_a_combined_line_is_turned_to_utc() -> None:
    assert one("combined", combined())["occurred_at"] == datetime(2026, 10, 14, 6, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "start", "end"),
    [
        ("", None, None),
        (' "-"', None, None),
        (' "bytes=0-1"', 0, 1),
        (' "bytes=1048576-"', 1048576, None),
        (' "bytes=-500"', None, None),
        (' "bytes=0-1,5-9"', None, None),
        (' "bytes=0-" "bytes 0-99/1000"', 0, 99),
        (' 0.031 "bytes=7-9" 0123456789abcdef0123456789abcdef', 7, 9),
    ],
)
def test_an_appended_range_is_found(more: str, start: int | None, end: int | None) -> None:
    found = one("combined", combined(status="206", more=more))

    assert (found["range_start"], found["range_end"]) == (start, end)


@pytest.mark.parametrize(("asked", "start"), [("bytes=500-999", None), ("bytes=0-1", 0)])
def test_a_whole_file_in_answer_to_a_range_is_a_whole_file(asked: str, start: int | None) -> None:
    assert one("combined", combined(status="200", more=f' "{asked}"'))["range_start"] == start


def test_an_appended_request_id_is_found() -> None:
    found = one("combined", combined(more=' "-" 0123456789abcdef0123456789abcdef'))

    assert found["request_id"] == "0123456789abcdef0123456789abcdef"


def test_quotes_and_bytes_in_an_agent_are_unescaped() -> None:
    line = (
        r'203.0.113.7 - - [14/Oct/2026:08:12:41 +0200] "GET /a.mp3 HTTP/1.1" 200 10 "-" "My \"best\" \xc3\xa4pp \\ 1"'
    )

    assert one("combined", line)["user_agent"] == 'My "best" äpp \\ 1'


def test_a_request_that_is_none_is_kept_without_a_method() -> None:
    found = one("combined", combined(request=r"\x16\x03\x01", status="400"))

    assert (found["http_method"], found["target"], found["http_status"]) == ("-", None, 400)


def test_a_dash_for_bytes_means_that_none_were_sent() -> None:
    assert one("combined", combined(status="304", size="-"))["bytes_sent"] == 0


def test_the_common_format_lacks_referrer_and_agent() -> None:
    found = one("combined", '203.0.113.7 - - [14/Oct/2026:08:12:41 +0000] "GET /a.mp3 HTTP/1.0" 200 2326')

    assert (found["user_agent"], found["referrer"], found["bytes_sent"]) == (None, None, 2326)


def test_a_time_that_never_was_is_rejected() -> None:
    parsed = parse("combined", combined().replace("14/Oct", "31/Feb"), "no log line at all")

    assert parsed.rejects["line_number"].to_list() == [1, 2]
    assert "time" in parsed.rejects["reason"][0]


def test_an_op3_row_keeps_a_household_key_and_the_name_of_its_app() -> None:
    first, second = example("op3").requests.head(2).iter_rows(named=True)

    assert first["household_key"] != second["household_key"]
    assert (first["client_ip"], first["key_version"], first["http_status"]) == (None, 0, 302)
    assert match_agent(str(first["user_agent"]), load_rules()).app == "Apple Podcasts"
    assert first["country_code"] == "DE"


def test_what_op3_took_for_a_bot_is_one_here() -> None:
    bot = example("op3").requests.row(3, named=True)

    assert match_agent(str(bot["user_agent"]), load_rules()).is_bot


def test_an_hourly_file_of_op3_calls_its_columns_otherwise() -> None:
    header = "serverUrl\taudienceId\ttime\thashedIpAddress\tagentType\tagentName\tasn"
    row = "https://op3.dev/e/media.example.com/a.mp3\taa\t2026-10-14T06:12:41.031Z\tbb\tapp\tCastro\t64496"

    found = one("op3", header, row, header)

    assert (found["target"], found["asn"]) == ("https://op3.dev/e/media.example.com/a.mp3", 64496)


def test_an_op3_file_without_header_says_so() -> None:
    assert "no header" in parse("op3", "a\tb\tc").rejects["reason"][0]
