"""Mapping files, packaged and of an operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assets.importing import parser_of
from assets.importing.mappings.mapping import (
    COLUMN_MEANINGS,
    COLUMNS,
    MEANINGS,
    Column,
    LogMapping,
    load_mapping,
    parse_mapping,
)
from assets.importing.requests import REQUEST_SCHEMA
from sql.values import PermanentError
from tests.assets.importing.mappings import page
from tests.assets.importing.reading import numbered

OWN = """
title: Our player's log
kind: lines
pattern: '^(?P<when>\\S+ \\S+) (?P<who>\\S+) (?P<what>\\S+) (?P<much>\\d+)$'
columns:
  occurred_at: {from: when, as: "%d.%m.%Y %H:%M:%S"}
  client_ip: who
  target: what
  bytes_sent: much
"""


def test_an_operators_own_mapping_reads_an_operators_own_log(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    mapping = load_mapping(path)

    found = parser_of(mapping).parse(numbered("14.10.2026 06:12:41 203.0.113.7 /a.mp3 500")).requests.row(0, named=True)

    assert (mapping.name, mapping.title) == ("own", "Our player's log")
    assert (str(found["occurred_at"]), found["client_ip"]) == ("2026-10-14 06:12:41+00:00", "203.0.113.7")
    assert (found["target"], found["bytes_sent"]) == ("/a.mp3", 500)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "has the key 'titel', which is none; did you mean title"),
        ({"columns": {"occured_at": "x"}}, "did you mean occurred_at"),
        ({"columns": {"occurred_at": {"form": "x"}}}, "did you mean from"),
        ({"columns": {"client_ip": "x"}}, "no occurred_at"),
        ({"columns": []}, "is no mapping of keys"),
        ({"kind": "xml"}, "kind is one of"),
        ({"source": "cdn"}, "source is server_log or prefix"),
        ({"identity": "line"}, "identity is request or id"),
        ({"kind": "lines", "pattern": "("}, "is no regular expression"),
        ({"kind": "lines", "pattern": "(?P<x>.)"}, "no group called time"),
        ({"columns": {"occurred_at": {"from": "x", "extract": "("}}}, "is no regular expression"),
        ({"columns": {"occurred_at": {"from": "x", "decode": "html"}}}, "decode is"),
        ({"columns": {"occurred_at": {"from": "x", "extract": "a"}}}, "extract has no group"),
        ({"columns": {"occurred_at": {"from": {"a": "b"}}}}, "where a text or a list of texts is wanted"),
        ({"needed": [["a"]]}, "where a text or a list of texts is wanted"),
        ({"only_if": ["a"]}, "only_if is a mapping of fields to values"),
        ({"title": ["a"]}, "title is one text"),
        ({"kind": "lines", "pattern": 5}, "pattern is one text"),
        ({"kind": "lines", "pattern": "(?P<time>.)(?=a)"}, "no regular expression that can be used"),
        ({"once": "["}, "once is no regular expression"),
        ({"separators": ""}, "separators are single signs"),
        ({"chosen_fields": "no"}, "chosen_fields is true or false"),
    ],
)
def test_what_a_mapping_gets_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    good = {"title": "t", "kind": "json", "columns": {"occurred_at": "time"}}

    with pytest.raises(PermanentError, match=message):
        parse_mapping("own", good | changes, "own.yaml")


def test_a_file_that_is_no_yaml_or_lacks_what_it_must_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("a: [")
    with pytest.raises(PermanentError, match=r"own\.yaml cannot be read"):
        load_mapping(path)
    with pytest.raises(PermanentError, match="has no kind"):
        parse_mapping("own", {"title": "t"}, "own.yaml")


def test_every_key_has_its_meaning() -> None:
    assert {name.rstrip("_") for name in LogMapping.__slots__} - {"name"} == set(MEANINGS)
    assert {name.rstrip("_") for name in Column.__slots__} == set(COLUMN_MEANINGS)
    helpers = {"request", "guid", "hashed_ip", "requested_range", "sent_range", "object_bytes"}
    assert set(COLUMNS) - helpers <= set(REQUEST_SCHEMA)


def test_the_page_of_formats_is_made_of_the_mappings() -> None:
    assert page.PAGE.read_text("utf-8") == page.text(), "python -m tests.assets.importing.mappings.page"
