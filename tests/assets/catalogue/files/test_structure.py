"""Every way in which an entry breaks the schema is named with its line, and the schema fits the kinds."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from assets.catalogue.files.structure import check, forms_of, schema_text
from assets.catalogue.files.yaml_files import read_yaml
from assets.catalogue.kinds import KINDS


def problems(text: str) -> list[str]:
    raws, wrong = read_yaml("f.yaml", text)
    assert wrong == []
    return [str(each) for each in check(raws)[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shows:\n  - {id: a, titel: A}", "f.yaml:2: shows have no field 'titel'; did you mean title?"),
        ("shows:\n  - title: A", "f.yaml:2: one of shows needs its id"),
        ("campaigns:\n  - id: a\n    starts_on: 31.3.2026", "f.yaml:3: starts_on: '31.3.2026' is no day"),
        ("campaigns:\n  - id: a\n    goal_kind: buy", "f.yaml:3: goal_kind: 'buy' is none of visit"),
        ("campaigns:\n  - id: a\n    margin: 2", "f.yaml:3: margin: 2 is more than 1"),
        ("campaigns:\n  - id: Spring 26", "f.yaml:2: id: 'Spring 26' does not look like one"),
        (
            "placements:\n  - {id: a, booked_impressions: many}",
            "f.yaml:2: booked_impressions: 'many' is no whole number",
        ),
        ("placements:\n  - {id: a, name: null}", "f.yaml:2: name cannot be empty"),
        ("spans:\n  - {file: a, start: 1}", "f.yaml:2: a span needs start and end"),
        ("attribution:\n  - {campaign: a, include_clicks: maybe}", "f.yaml:2: include_clicks: 'maybe' is neither"),
        ("shows:\n  - {id: [a, b]}", "f.yaml:2: id: one value is wanted here"),
    ],
)
def test_what_breaks_the_schema_is_named_with_its_line(text: str, expected: str) -> None:
    found = problems(text)
    assert any(each.startswith(expected) for each in found), found


def test_all_of_a_files_errors_are_named_at_once() -> None:
    assert len(problems("shows:\n  - {titel: A}\ncampaigns:\n  - {id: a, margin: 2, starts_on: soon}")) == 4


def test_the_schema_is_one_and_has_the_fields_of_every_kind() -> None:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {"tenant", *KINDS}
    for name in KINDS:
        assert set(schema["$defs"][name]["properties"]) - {"tenant"} == set(forms_of(name))
        assert set(KINDS[name].key) >= set(schema["$defs"][name]["required"]) - {"day"} - {"placement"}
