"""YAML is read as it is written, with its lines, and what cannot be read is named."""

from __future__ import annotations

import pytest

from assets.catalogue.files.yaml_files import read_yaml


def test_values_stay_texts_whatever_yaml_takes_them_for() -> None:
    raws, problems = read_yaml("f.yaml", "tenant: harbor\nshows:\n  - id: no\n    title: 12:30\n    language: ~\n")
    assert problems == []
    assert dict(raws[0].values) == {"id": "no", "title": "12:30", "language": None}
    assert (raws[0].tenant, str(raws[0].at("title"))) == ("harbor", "f.yaml:4")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("shows:\n  - id: a\n   title: b", 3, "no YAML"),
        ("shows:\n  - {id: a, id: b}", 2, "twice"),
        ("show:\n  - {id: a}", 1, "did you mean shows"),
        ("shows:\n  id: a", 2, "begins with a dash"),
        ("shows:\n  - just text", 2, "names and values"),
        ("- a", 1, "names and values"),
        ("shows: &all\n  - {id: a}\nepisodes: *all", 3, "anchors"),
        ("tenant: [a]", 1, "one tenant"),
        ("a: \x00", 1, "no YAML"),
        ("a: b\r\nc: \x07", 2, "special characters are not allowed (U+0007)"),
        ("shows:\n  - " + "- " * 3000 + "x", 2, "nested more than 50 deep"),
        ('{"shows": [{"id": "a", "title": "\\ud800"}]}', 1, "half of one"),
        ('{"shows": [{"id": "a", "title": "\\u0000"}]}', 1, "NUL"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, line: int, message: str) -> None:
    _, problems = read_yaml("f.yaml", text)
    assert [each.place.line for each in problems] == [line], problems
    assert message in problems[0].message


def test_json_is_read_too() -> None:
    raws, problems = read_yaml("f.json", '{"tenant": "harbor", "shows": [{"id": "a", "title": "A"}]}')
    assert (problems, raws[0].values["title"]) == ([], "A")
