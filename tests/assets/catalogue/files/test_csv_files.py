"""A CSV file is one list, named by the file; empty cells say nothing."""

from __future__ import annotations

import pytest

from assets.catalogue.files.csv_files import kind_of, read_csv


def test_rows_are_entries_with_their_lines() -> None:
    text = 'tenant;id;Name\nharbor;a;"A\nB"\n\nharbor;b;\nharbor;c;null\n'
    raws, problems = read_csv("sponsors-2026.csv", text)
    assert problems == []
    assert [(raw.place.line, dict(raw.values), raw.tenant) for raw in raws] == [
        (2, {"id": "a", "name": "A\nB"}, "harbor"),
        (5, {"id": "b"}, "harbor"),
        (6, {"id": "c", "name": None}, "harbor"),
    ]


def test_recipients_are_parted_by_blanks_or_signs() -> None:
    raws, _ = read_csv("subscriptions.csv", "id,recipients\na,ann@a.example; bo@b.example\n")
    assert raws[0].values["recipients"] == ["ann@a.example", "bo@b.example"]


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("placement.csv", "id\na", 0, "placements.csv"),
        ("codes.csv", "code,code\na,b", 1, "twice"),
        ("codes.csv", "code\na,b", 2, "2 cells"),
        ("codes.csv", 'code\n"a', 2, "no CSV"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, line: int, message: str) -> None:
    _, problems = read_csv(name, text)
    assert [each.place.line for each in problems] == [line]
    assert message in problems[0].message


def test_a_file_is_of_the_kind_that_its_name_begins_with() -> None:
    assert [kind_of(name) for name in ("a/placements.csv", "harbor.codes.csv", "notes.csv")] == [
        "placements",
        "codes",
        None,
    ]
