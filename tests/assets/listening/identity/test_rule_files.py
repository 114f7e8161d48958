"""Files of rules and networks: what is read, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.listening.identity.rule_files import MOST_BYTES, parse_list, read_list, shown
from sql.values import PermanentError


@pytest.mark.parametrize("content", [b"[1, 2]", b'{"entries": [1, 2], "version": 3}', b"\xef\xbb\xbf[1, 2]"])
def test_an_array_and_an_object_with_entries_are_the_same_list(content: bytes) -> None:
    assert parse_list(content, "agents.json") == [1, 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "no UTF-8 text"),
        (b"[1,", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"agents": []}', "no list"),
        (b"7", "no list"),
    ],
)
def test_what_is_no_list_is_refused_by_its_name_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(PermanentError, match=rf"agents\.json is {reason}"):
        parse_list(content, "agents.json")


def test_a_file_that_is_not_there_or_too_long_is_refused_by_its_name(tmp_path: Path) -> None:
    long = tmp_path / "long.json"
    long.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(PermanentError, match=r"long\.json is longer than 10,000,000 bytes"):
        read_list(long)
    with pytest.raises(PermanentError, match=r"none\.json cannot be read"):
        read_list(tmp_path / "none.json")


def test_a_broken_entry_is_shown_short_and_printable() -> None:
    assert shown("line\nbreak") == "line\\nbreak"
    assert len(shown("x" * 1_000)) == 80
