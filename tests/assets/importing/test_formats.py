"""What holds for every log format: the files in docs/examples, guesses, damaged lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing import FORMATS, guess_format, parser_of, read_batches
from assets.importing.formats import choose_format
from assets.importing.requests import REQUEST_SCHEMA
from sql.values import PermanentError
from tests.assets.importing.reading import EXAMPLES, FILES, example, numbered, parse

# The first lines of an example that its other lines cannot be read without.
HEADERS = {"cloudfront": 2, "op3": 1}


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


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "page", [EXAMPLES / "README.md", EXAMPLES.parent / "log-formats.md"], ids=["examples", "formats"]
)
def test_people_can_read_of_each_format(page: str, name: str) -> None:
    assert re.search(rf"[` ]{name}[` ]", (EXAMPLES.parent / page).read_text("utf-8")), f"{page} has no {name}"


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(FORMATS)))
def test_a_damaged_line_is_a_request_or_a_reject_and_never_lost(data: st.DataObject, name: str) -> None:
    [batch] = read_batches(EXAMPLES / FILES[name])
    lines = batch.lines["line"].to_list() if name == "op3-json" else (EXAMPLES / FILES[name]).read_text().splitlines()
    line = data.draw(st.sampled_from(lines[2:]))
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    noise = data.draw(st.text(st.characters(blacklist_characters="\n\r\x00", blacklist_categories=["Cs"]), max_size=8))
    damaged = line[:start] + noise + line[end:]
    header = lines[: HEADERS.get(name, 0)]
    is_comment = name in ("cloudfront", "cloudfront-realtime") and damaged.startswith("#")

    parsed = parse(name, *header, damaged)

    assert parsed.requests.height + parsed.rejects.height == (0 if is_comment else 1)
    assert parsed.requests["occurred_at"].null_count() == 0


def test_prose_looks_like_no_format() -> None:
    assert guess_format(numbered("Dear listener,", "thank you for your letter.")) is None


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PermanentError, match=", ".join(FORMATS)):
        parser_of("iis")


def test_a_format_that_names_its_own_fields_takes_none() -> None:
    with pytest.raises(PermanentError, match="--fields is for cloudfront-realtime"):
        parser_of("combined", ("timestamp", "c-ip"))


def test_a_name_that_is_none_of_the_fields_is_refused_with_the_nearest() -> None:
    with pytest.raises(PermanentError, match="no field called 'cs-user-agnet': did you mean cs-user-agent"):
        parser_of(
            "cloudfront-realtime", ("timestamp", "c-ip", "sc-status", "cs-method", "cs-uri-stem", "cs-user-agnet")
        )
    with pytest.raises(PermanentError, match="name c-ip twice"):
        parser_of("cloudfront-realtime", ("timestamp", "c-ip", "c-ip"))


def test_the_one_format_of_a_file_is_chosen_and_none_where_several_or_none_fit() -> None:
    [batch] = read_batches(EXAMPLES / FILES["caddy"])
    assert choose_format(batch.lines, "a log") == "caddy"
    with pytest.raises(PermanentError, match="looks like none of the formats"):
        choose_format(numbered("Dear listener,"), "a letter")
    doubled = ("#Fields: date time c-ip cs-method cs-uri-stem sc-status c-ip", "2026-10-14\t1\t2\t3\t4\t5\t6")
    with pytest.raises(PermanentError, match="its #Fields line names c-ip twice: have the log name it once"):
        choose_format(numbered(*doubled), "a log")
    either = '{"time":"2026-10-14T06:12:41Z","client_ip":"203.0.113.7","uri":"/a.mp3","url":"/a.mp3","status":200}'
    with pytest.raises(PermanentError, match="may be one of fastly, nginx-json"):
        choose_format(numbered(either), "a log")


@pytest.mark.parametrize(
    "name",
    sorted(
        {*FORMATS} - {"combined", "megaphone", "megaphone-delivery", "op3", "op3-json", "s3", "cloudfront-realtime"}
    ),
)
def test_each_delivery_of_one_request_says_the_same(name: str) -> None:
    rows = [row for row in example(name).requests.iter_rows(named=True) if row["bytes_sent"] == 1048576]

    [row] = rows
    assert row["occurred_at"].isoformat()[:19] == "2026-10-14T06:13:02"
    assert (row["client_ip"].split(":")[0], row["http_status"]) == ("10.31.7.88", 206)
    assert row["user_agent"] == "AppleCoreMedia/1.0.0.22F76 (iPhone; U; CPU OS 18_5 like Mac OS X; en_us)"
    assert (
        row["target"]
        .removeprefix("https://media.example.com")
        .startswith(("/harbour-hours/041-the-lock-keeper.mp3", "harbour-hours/041", ":443/harbour-hours/041"))
    )
    assert row["http_method"] == (None if name.startswith("bunny") else "GET")
    without_range = ("azure-front-door", "bunny", "bunny-json", "google-cloud-cdn")
    assert (row["range_start"], row["range_end"]) == ((None, None) if name in without_range else (0, 1048575))
