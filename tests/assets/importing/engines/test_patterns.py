"""Lines by a pattern: whatever stands before the time, and no line in another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing.addresses import TrustedProxies, read_clients
from assets.importing.engines.patterns import addresses_of
from tests.assets.importing.reading import one, parse

REST = '[14/Oct/2026:08:12:41 +0000] "GET /a.mp3 HTTP/1.1" 200 10 "-" "AntennaPod/3.4.0"'


@pytest.mark.parametrize(
    ("lead", "address"),
    [
        ("203.0.113.7 - - ", "203.0.113.7"),
        ("203.0.113.7:51234 - anna ", "203.0.113.7"),
        ("203.0.113.7 - anna von berg ", "203.0.113.7"),
        ("[2001:db8::7]:51234 - - ", "2001:db8::7"),
        ("2001:db8::7 - - ", "2001:db8::7"),
        ("media.example.com:443 203.0.113.7 - - ", "203.0.113.7"),
        ("media.example.com 203.0.113.7 - - ", "203.0.113.7"),
        ("192.0.2.10:443 203.0.113.7 - - ", "203.0.113.7"),
        ('"203.0.113.7, 10.0.0.7" - - ', "203.0.113.7"),
        ('media.example.com "203.0.113.7, 10.0.0.7" - - ', "203.0.113.7"),
        ("203.0.113.7, 10.0.0.7 - - ", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7 - - ", "203.0.113.7"),
        ("203.0.113.7; 10.0.0.7 - - ", "203.0.113.7"),
        ("203.0.113.7|10.0.0.7 192.168.0.1 - - ", "203.0.113.7"),
        ("for=203.0.113.7;proto=https - - ", "203.0.113.7"),
        ('"203.0.113.7" - - ', "203.0.113.7"),
        ("<134>2026-10-14T08:12:41Z cache-fra8220 podcast[62959]: 203.0.113.7 - - ", "203.0.113.7"),
        ("Oct 14 08:12:41 web1 nginx: 203.0.113.7 - - ", "203.0.113.7"),
        ("Oct 14 08:12:41 10.0.0.5 nginx: 203.0.113.7 - - ", "203.0.113.7"),
        ("<190>Oct  4 08:12:41 2001:db8::1 nginx[33]: 203.0.113.7 - - ", "203.0.113.7"),
        ("<190>1 2026-10-14T08:12:41Z 10.0.0.5 nginx 33 - - 203.0.113.7 - - ", "203.0.113.7"),
        ("unix: - - ", None),
        ("- - - ", None),
        ("localhost - - ", None),
    ],
)
def test_an_address_is_found_in_every_place_and_spelling(lead: str, address: str | None) -> None:
    parsed = parse("combined", lead + REST)

    assert read_clients(parsed.requests, TrustedProxies())["client_ip"].to_list() == [address]


A = "203.0.113.7 - anna " + REST.replace("/a.mp3", "/first.mp3") + ' "bytes=0-99"'
B = "198.51.100.8 - - " + REST.replace("/a.mp3", "/second.mp3")


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(A)))
def test_a_line_that_breaks_off_in_another_gives_neither_the_others_request(cut: int) -> None:
    parsed = parse("combined", A[:cut] + B)

    for address, target in parsed.requests.select("client_ip", "target").iter_rows():
        targets = {"203.0.113.7": "/first.mp3", "198.51.100.8": "/second.mp3"}
        first = address.split(",")[-1]
        assert first not in targets or targets[first] == target
    assert parsed.requests.height + parsed.rejects.height == 1


def test_two_whole_lines_in_one_are_rejected_with_the_reason() -> None:
    assert "two lines are joined" in parse("combined", A + B).rejects["reason"][0]
    assert "two lines are joined" in parse("combined", "203.0.113.7 - - " + B).rejects["reason"][0]
    assert addresses_of("203.0.113.7 - 198.51.100.8 - - ") == ""


@pytest.mark.parametrize(
    "time", ["14/Oct/2026:08:12:41.031 +0000", "2026-10-14T08:12:41Z", "2026-10-14T08:12:41+02:00", "1791958361.031"]
)
def test_a_line_behind_another_one_is_found_however_its_time_is_written(time: str) -> None:
    first, second = (line.replace("14/Oct/2026:08:12:41 +0000", time) for line in (A, B))

    assert parse("combined", first, second).requests.height == 2
    assert "two lines are joined" in parse("combined", first + second).rejects["reason"][0]
    assert "two lines are joined" in parse("combined", first + " " + second).rejects["reason"][0]


def test_tabs_and_several_blanks_between_the_fields_are_read_as_one() -> None:
    line = A.replace("203.0.113.7 - anna ", "203.0.113.7\t-\tanna\t").replace('] "', ']\t"').replace('" "', '"\t"')
    found, plain = one("combined", line.replace('" 200 10', '"\t200  10')), one("combined", A)

    assert {**found, "line": None} == {**plain, "line": None}


def test_the_first_half_of_a_bucket_log_is_not_read_with_the_second_of_the_next() -> None:
    line = (
        "owner media [14/Oct/2026:06:12:41 +0000] 203.0.113.7 - 3E57 REST.GET.OBJECT a.mp3 "
        '"GET /a.mp3 HTTP/1.1" 200 - 10 10 7 6 "-" "Castro 2024" -'
    )

    assert parse("s3", line[:100] + line.replace("203.0.113.7", "198.51.100.8")).requests.is_empty()


@pytest.mark.parametrize(
    ("request_line", "target"),
    [
        ("GET /ferry days.mp3 HTTP/1.1", "/ferry days.mp3"),
        (r"GET /f\xC3\xBCr.mp3 HTTP/1.1", r"/f\xC3\xBCr.mp3"),
        (r"GET /a\"b\".mp3 HTTP/1.1", r"/a\"b\".mp3"),
        ("GET /a.mp3", "/a.mp3"),
    ],
)
def test_a_target_is_kept_as_it_was_written(request_line: str, target: str) -> None:
    line = "203.0.113.7 - - " + REST.replace("GET /a.mp3 HTTP/1.1", request_line)

    assert (one("combined", line)["target"], one("combined", line)["http_method"]) == (target, "GET")


@pytest.mark.parametrize(
    "header",
    [
        *(
            "203.0.113.9; 10.0.0.2",
            "203.0.113.9|10.0.0.2",
            "203.0.113.9%2C%2010.0.0.2",
            "unknown; 203.0.113.9 10.0.0.2,",
        ),
        *("for=203.0.113.9;proto=https", "proto=https;for=203.0.113.9", r"for=\"203.0.113.9:80\"", "_x, 203.0.113.9"),
    ],
)
def test_a_list_of_addresses_behind_the_agent_is_read_in_every_spelling(header: str) -> None:
    parsed = parse("combined", "10.0.0.7 - - " + REST + f' "0.021" "{header}"')

    assert read_clients(parsed.requests, TrustedProxies.of(["10.0.0.0/8"]))["client_ip"].to_list() == ["203.0.113.9"]


def test_x_forwarded_for_behind_the_agent_is_found_in_any_place() -> None:
    assert one("combined", A + ' "203.0.113.9, 10.0.0.2"')["forwarded_for"] == "203.0.113.9, 10.0.0.2"
    assert one("combined", A + ' "0.021" "2001:db8::7"')["forwarded_for"] == "2001:db8::7"
    assert one("combined", A)["forwarded_for"] is None
    assert one("combined", A + ' ua="10.0.0.7:80" xff="203.0.113.9"')["forwarded_for"] == "203.0.113.9"
    assert one("combined", A + ' "-" ua="10.0.0.7:80"')["forwarded_for"] is None
