"""What holds for every log format: the files in docs/examples, guesses, damaged lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing import FORMATS, guess_format, parser_of, read_batches
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
@pytest.mark.parametrize("page", [EXAMPLES / "README.md", EXAMPLES.parents[1] / "README.md"], ids=["examples", "front"])
def test_people_can_read_of_each_format(page: Path, name: str) -> None:
    assert re.search(rf"[` ]{name}[` ]", page.read_text("utf-8")), f"{page} has no {name}"


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(FORMATS)))
def test_a_damaged_line_is_a_request_or_a_reject_and_never_lost(data: st.DataObject, name: str) -> None:
    lines = (EXAMPLES / FILES[name]).read_text().splitlines()
    line = data.draw(st.sampled_from(lines[2:]))
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    noise = data.draw(st.text(st.characters(blacklist_characters="\n\r\x00", blacklist_categories=["Cs"]), max_size=8))
    damaged = line[:start] + noise + line[end:]
    header = lines[: HEADERS.get(name, 0)]
    is_comment = name.startswith("cloudfront") and damaged.startswith("#")

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
