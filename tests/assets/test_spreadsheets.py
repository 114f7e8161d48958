"""Spreadsheets: the line that names the separator is told from a heading."""

from __future__ import annotations

import pytest

from assets.spreadsheets import named_separator, separator_of


@pytest.mark.parametrize(
    ("line", "separator"),
    [("sep=;\r\n", ";"), ('"SEP=,"', ","), ("sep=\t\n", "\t"), ("sep=|", "|"), ("sep=", None), ("sep;name", None)],
)
def test_a_line_may_name_the_separator(line: str, separator: str | None) -> None:
    assert named_separator(line) == separator


def test_a_heading_is_parted_by_what_it_has_most_of() -> None:
    assert [separator_of(text) for text in ("a;b,c;d", "a\tb\tc", "a,b", "a")] == [";", "\t", ",", ","]
