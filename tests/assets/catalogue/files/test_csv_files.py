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


@pytest.mark.parametrize("first", ["sep=;\r\n", '"SEP=;"\r\n', "\r\nsep=;\r\n", "\r\n"])
def test_a_line_that_tells_a_spreadsheet_the_separator_is_no_heading(first: str) -> None:
    raws, problems = read_csv("sponsors.csv", f"{first}id;name\r\na;A, and more\r\n")
    assert problems == []
    assert [(raw.place.line, dict(raw.values)) for raw in raws] == [
        (first.count("\n") + 2, {"id": "a", "name": "A, and more"})
    ]


def test_the_separator_that_is_named_holds_whatever_the_heading_has_more_of() -> None:
    raws, problems = read_csv("sponsors.csv", "sep=|\nid|name\na|A,B;C\n")
    assert problems == []
    assert dict(raws[0].values) == {"id": "a", "name": "A,B;C"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_machine_ends_them(end: str) -> None:
    raws, problems = read_csv("sponsors.csv", end.join(["id\tname", "a\tA", "b\tB", ""]))
    assert problems == []
    assert [(raw.place.line, raw.values["name"]) for raw in raws] == [(2, "A"), (3, "B")]


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("placement.csv", "id\na", 0, "placements.csv"),
        ("codes.csv", "code,code\na,b", 1, "twice"),
        ("codes.csv", "code\na,b", 2, "2 cells"),
        ("codes.csv", 'code\n"a', 2, "no CSV"),
        ("codes.csv", 'code\n"a\nb\n', 2, "no CSV"),
        ("codes.csv", "sep=;\ncode,placement\na,b\n", 2, "the heading has none"),
        ("codes.csv", "code,,placement\na,b,c\n", 2, "its cell 2 holds 'b'"),
        ("codes.csv", "code\na\0b\n", 2, "NUL"),
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
