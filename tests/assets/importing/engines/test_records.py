"""JSON objects and separated values, each row by itself."""

from __future__ import annotations

import json

import pytest

from assets.importing import parser_of
from assets.importing.engines.records import CsvParser
from assets.importing.mappings.mapping import parse_mapping
from tests.assets.importing.reading import numbered, one, parse

ROW = {
    "time_iso8601": "2026-10-14T08:12:41+02:00",
    "remote_addr": "203.0.113.7",
    "request_uri": "/a.mp3",
    "status": 206,
    "body_bytes_sent": "10",
}


def row(**changes: object) -> str:
    return json.dumps(ROW | changes)


@pytest.mark.parametrize(
    "broken", [r'{"status": "\ud800"}', "{", "[1]", "7", "", row() + row(), row()[:40], '{"a": NaN}']
)
def test_one_bad_row_is_lost_alone_and_counted(broken: str) -> None:
    parsed = parse("nginx-json", row(), broken or " ", row())

    assert (parsed.requests.height, parsed.rejects.height) == (2, 1)


@pytest.mark.parametrize(
    "front",
    [
        "<134>2026-10-14T06:12:41Z cache-fra8220 podcast[62959]: ",
        "Oct 14 08:12:41 web1 nginx: ",
        "<190>1 2026-10-14T08:12:41Z web1 nginx 33 - - ",
    ],
)
def test_json_behind_what_syslog_puts_in_front_is_read(front: str) -> None:
    assert one("nginx-json", front + row())["target"] == "/a.mp3"
    assert parse("nginx-json", "anything " + row()).requests.is_empty()


def test_what_was_written_for_nothing_is_nothing() -> None:
    found = one("nginx-json", row(http_user_agent="(null)", request_id="(null)", body_bytes_sent="-", http_referer=""))

    assert [found[name] for name in ("user_agent", "request_id", "bytes_sent", "referrer")] == [None] * 4


def test_json_that_nginx_has_escaped_in_its_own_way_is_read() -> None:
    line = row(request_uri="/URI", http_user_agent="AGENT")
    escaped = line.replace("/URI", r"/f\xC3\xBCr.mp3").replace("AGENT", r"A \x22B\x22 \\xC3")
    found = one("nginx-json", escaped)

    assert (found["target"], found["user_agent"]) == ("/für.mp3", 'A "B" \\xC3')


def test_a_lone_surrogate_or_nul_in_a_value_loses_at_most_its_row() -> None:
    surrogate = row().replace("/a.mp3", r"/\ud800.mp3")

    parsed = parse("nginx-json", surrogate, row(request_uri="/nul\x00.mp3"), row())

    assert parsed.requests["target"].to_list() == ["/nul\ufffd.mp3", "/a.mp3"]
    assert parsed.rejects["line_number"].to_list() == [1]


def test_numbers_are_read_as_numbers_or_as_text_and_lists_by_their_first() -> None:
    found = one("nginx-json", row(status="206", body_bytes_sent=1e3))
    caddy = {
        "ts": 1791958361.5,
        "request": {"remote_ip": "203.0.113.7", "method": "GET", "uri": "/a.mp3"},
        "status": 200,
    }
    caddy["request"]["headers"] = {"User-Agent": ["Castro", "x"], "Range": []}  # type: ignore[index]

    assert (found["http_status"], found["bytes_sent"]) == (206, 1000)
    assert one("caddy", json.dumps(caddy))["user_agent"] == "Castro"


@pytest.mark.parametrize("end", ['"status": 200}', '"status" : 200}', '"status"\t:200}', r'"st\u0061tus": 200}'])
def test_a_field_with_two_values_costs_its_row_which_says_so(end: str) -> None:
    parsed = parse("nginx-json", row(), row()[:-1] + ", " + end, "[" + row() + ",")

    assert parsed.requests.height == 2
    assert parsed.rejects["reason"].to_list() == ["it names status twice, with two values"]


def test_a_field_that_is_there_twice_with_one_value_or_is_not_read_costs_nothing() -> None:
    same, unread = row()[:-1] + ', "status": 206}', row()[:-1] + ', "x": 1, "x": {"status": 1, "status": 2}}'
    text = row(http_user_agent='a "status": b, "status": c')

    assert parse("nginx-json", same, unread, text).requests["http_status"].to_list() == [206] * 3


@pytest.mark.parametrize(
    "inside", ['"headers": {"Range": ["bytes=0-1"], "Range": ["bytes=5-9"]}', '"uri": "/b.mp3"', '"remote_ip": null']
)
def test_a_field_with_two_values_inside_of_another_costs_its_row_too(inside: str) -> None:
    record = '{"ts": 1791958361.5, "status": 200, "request": {"remote_ip": "203.0.113.7", "uri": "/a.mp3"%s}}'
    whole = '{"ts": 1791958361.5, "request": {"remote_ip": "203.0.113.7"}, "status": 200, ' + (record % "")[1:]

    parsed = parse("caddy", record % "", record % (", " + inside), whole)

    assert parsed.rejects["line_number"].to_list() == [2, 3]
    assert all("twice, with two values" in reason for reason in parsed.rejects["reason"])


def test_brackets_without_end_are_no_object() -> None:
    deep = row()[:-1] + ', "status": 200, "x": ' + "[" * 990 + "]" * 990 + "}"

    assert parse("nginx-json", row(), deep).rejects.height == 1


@pytest.mark.parametrize("nothing", [None, "", "-"])
def test_a_spelling_that_says_nothing_hides_no_other_one(nothing: str | None) -> None:
    assert one("nginx-json", row(http_range=nothing, Http_Range="bytes=0-9"))["range_end"] == 9
    assert one("nginx-json", row(http_range="bytes=0-9", Http_Range=nothing))["range_end"] == 9


def test_names_are_found_in_each_object_however_its_client_spelled_them() -> None:
    def record(**headers: str) -> str:
        inside = {"remote_ip": "203.0.113.7", "method": "GET", "uri": "/a.mp3", "headers": headers}
        return json.dumps({"ts": 1791958361.5, "status": 200, "request": inside})

    lines = [record(**{name: "Castro"}) for name in ("User-Agent", "user-agent", "USER_AGENT")]
    both = record(**{"user-agent": "other", "User-Agent": "Castro"})

    assert parse("caddy", *lines * 20, both).requests["user_agent"].to_list() == ["Castro"] * 61
    upper = row().replace('"status"', '"Status"')
    assert parse("nginx-json", row(), upper).requests["http_status"].to_list() == [206, 206]
    assert parse("nginx-json", row(), upper[:-1] + ', "Status": 1}').rejects.height == 1


def test_a_header_that_was_sent_several_times_is_one_list_of_addresses() -> None:
    record = {
        "ts": 1791958361.5,
        "request": {"remote_ip": "10.0.0.1", "method": "GET", "uri": "/a.mp3"},
        "status": 200,
    }
    record["request"]["headers"] = {"X-Forwarded-For": ["1.2.3.4", "203.0.113.7, 10.0.0.2"]}  # type: ignore[index]

    assert one("caddy", json.dumps(record))["forwarded_for"] == "1.2.3.4, 203.0.113.7, 10.0.0.2"


def test_a_request_line_is_read_where_the_parts_are_not_logged() -> None:
    found = one("nginx-json", json.dumps({**ROW, "request_uri": None, "request": "GET /b c.mp3 HTTP/2.0"}))

    assert (found["http_method"], found["target"]) == ("GET", "/b c.mp3")


def test_what_is_needed_and_lacks_is_named() -> None:
    assert parse("nginx-json", row(remote_addr="-")).rejects["reason"].to_list() == ["it has no remote_addr"]


def test_rows_of_another_kind_are_no_requests_and_counted() -> None:
    record = {"created_at": "2026-10-14T06:12:41Z", "episode_id": "e", "delivery_type": "play"}

    [reason] = parse("megaphone-delivery", json.dumps(record)).rejects["reason"]

    assert reason == "it is no request: its delivery_type is not download"


def test_quoted_values_hold_separators_and_a_quote_that_does_not_close_ends_in_its_row() -> None:
    content = {"title": "t", "kind": "csv", "separators": [","], "header_has": ["time", "ip"], "needed": ["time"]}
    mapping = parse_mapping(
        "own", content | {"columns": {"occurred_at": "time", "client_ip": "ip", "target": "path"}}, "own"
    )
    parsed = CsvParser(mapping).parse(
        numbered("time,ip,path", '2026-10-14 06:12:41,203.0.113.7,"/a, ""b"".mp3"', '2026-10-14 06:12:42,"203', "x")
    )

    assert parsed.requests["target"].to_list() == ['/a, "b".mp3']
    assert parsed.rejects["line_number"].to_list() == [3, 4]


def test_a_header_holds_across_batches_until_the_next_one() -> None:
    parser = parser_of("op3")
    parser.parse(numbered("time\turl\thashedIpAddress\tagentName"))

    parsed = parser.parse(numbered("2026-10-14T06:12:41.031Z\thttps://op3.dev/e/m.example.com/a.mp3\taa\tCastro"))

    assert parsed.requests["user_agent"].to_list() == ["Castro"]


def test_a_header_that_names_a_field_twice_reads_neither() -> None:
    mapping = parse_mapping(
        "m",
        {"title": "m", "kind": "csv", "columns": {"occurred_at": "time", "target": "url"}, "header_has": ["url"]},
        "m",
    )
    twice = CsvParser(mapping).parse(numbered("time\turl\turl", "2026-10-14T06:12:41Z\t/a\t/b"))
    assert twice.rejects["reason"].to_list() == ["the header before it names url twice"]
    other = CsvParser(mapping).parse(numbered("time\turl\tx\tx", "2026-10-14T06:12:41Z\t/a\t1\t2"))
    assert other.requests["target"].to_list() == ["/a"]
