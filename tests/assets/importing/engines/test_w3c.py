"""Lines are read by the #Fields line above them, whatever batch it came in."""

from __future__ import annotations

import polars as pl

from assets.importing import FORMATS
from assets.importing.engines.w3c import W3CParser
from assets.importing.requests import Parsed

STANDARD = FORMATS["cloudfront"]

FIELDS = "#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)"
LINE = "2026-11-02\t08:00:00\t203.0.113.7\tGET\t/a.mp3\t200\tOvercast"


def parse(parser: W3CParser, *lines: str) -> Parsed:
    return parser.parse(pl.DataFrame({"line_number": range(1, len(lines) + 1), "line": lines}))


def test_fields_hold_until_the_next_ones_across_batches() -> None:
    parser = W3CParser(STANDARD)
    assert parse(parser, "#Version: 1.0", FIELDS, LINE).requests["target"].to_list() == ["/a.mp3"]
    assert parse(parser, LINE).requests["target"].to_list() == ["/a.mp3"]
    turned = parse(parser, FIELDS.replace("cs-method cs-uri-stem", "cs-uri-stem cs-method"), LINE)
    assert turned.requests["http_method"].to_list() == ["/a.mp3"]


def test_fields_of_other_lengths_and_lacking_ones_are_rejected_with_a_reason() -> None:
    short = parse(W3CParser(STANDARD), FIELDS, LINE.removesuffix("\tOvercast"))
    assert short.rejects["reason"].to_list() == ["it has not the 7 tab-separated fields of its #Fields line"]
    lacking = parse(W3CParser(STANDARD), "#Fields: date time", "2026-11-02\t08:00:00")
    assert lacking.rejects["reason"].to_list() == [
        "its #Fields line lacks c-ip, cs-method, cs-uri-stem, sc-status, cs(User-Agent)"
    ]


def test_a_file_of_comments_alone_has_no_requests() -> None:
    found = parse(W3CParser(STANDARD), "#Version: 1.0", FIELDS)
    assert (found.requests.height, found.rejects.height) == (0, 0)


def test_fields_between_other_signs_are_found_by_the_sign_that_fits() -> None:
    names = FIELDS.removeprefix("#Fields: ")
    for sign in (" ", ",", "|"):
        found = parse(W3CParser(STANDARD), "#Fields: " + names.replace(" ", sign), LINE.replace("\t", sign))
        assert found.requests["target"].to_list() == ["/a.mp3"]


def test_names_that_are_joined_to_the_line_before_hold_and_the_line_is_none() -> None:
    turned = FIELDS.replace("cs-method cs-uri-stem", "cs-uri-stem cs-method")
    found = parse(W3CParser(STANDARD), FIELDS, LINE + turned, LINE.replace("GET\t/a.mp3", "/b.mp3\tGET"))
    assert found.requests["target"].to_list() == ["/b.mp3"]
    assert found.rejects["line_number"].to_list() == [2]
    joined = parse(W3CParser(STANDARD), FIELDS, LINE + "#Version: 1.0", FIELDS, LINE)
    assert (joined.requests["line_number"].to_list(), joined.rejects["line_number"].to_list()) == ([4], [2])


def test_a_field_that_is_named_twice_is_read_from_neither_place() -> None:
    found = parse(W3CParser(STANDARD), FIELDS + " c-ip", LINE + "\t192.0.2.1")
    assert found.rejects["reason"].to_list() == ["its #Fields line names c-ip twice"]
    other = parse(W3CParser(STANDARD), FIELDS + " x-note x-note", LINE + "\ta\tb")
    assert other.requests.height == 1


def test_two_lines_that_run_together_are_no_line() -> None:
    joined = LINE.removesuffix("00\tOvercast") + LINE

    assert parse(W3CParser(STANDARD), FIELDS, joined).requests.is_empty()
