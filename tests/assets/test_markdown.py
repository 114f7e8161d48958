"""Text from outside is shown as it is, and is no markup, no link and no further cell."""

from __future__ import annotations

import pytest

from assets.markdown import cell, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("*star* `code`", r"\*star\* \`code\`"),
        ("_slanted_ snake_case", r"\_slanted\_ snake_case"),
        ("[a](b) <b> #1 ~2~ &amp;", r"\[a\](b) \<b\> \#1 \~2\~ \&amp;"),
        (
            "https://evil.example www.evil.example a@evil.example",
            r"https\://evil.example www\.evil.example a\@evil.example",
        ),
        ("at 08:00, 3.5", "at 08:00, 3.5"),
        ("back\\slash", "back\\\\slash"),
        ("two\nlines", "two lines"),
        (None, "None"),
    ],
)
def test_a_cell_shows_exactly_its_text(text: object, shown: str) -> None:
    assert cell(text) == shown


def test_a_table_has_a_column_for_each_heading_and_numbers_to_the_right() -> None:
    found = table(["tenant", "rows"], [("quay|side", 3), ("harbour", 12)], right=["rows"])

    assert found.splitlines() == ["| tenant | rows |", "|---|---:|", r"| quay\|side | 3 |", "| harbour | 12 |"]
