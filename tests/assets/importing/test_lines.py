"""Files as batches of numbered lines."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.importing.lines import read_batches
from sql.values import PermanentError


def lines_of(path: Path, batch_bytes: int = 1 << 20) -> list[tuple[int, str]]:
    return list(pl.concat([batch.lines for batch in read_batches(path, batch_bytes)]).iter_rows())


def test_lines_keep_the_number_that_an_editor_shows(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"\xef\xbb\xbfone\r\n\r\nthree\n   \nfive")

    assert lines_of(log) == [(1, "one"), (3, "three"), (5, "five")]


def test_a_gzip_file_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))

    assert lines_of(log) == [(1, "one"), (2, "two")]


def test_bytes_that_the_database_cannot_hold_are_replaced(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"caf\xe9 \x00\n")

    assert lines_of(log) == [(1, "caf\ufffd \ufffd")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(blacklist_characters="\r\n\x00", blacklist_categories=["Cs"]), max_size=12)),
    st.integers(1, 16),
)
def test_the_size_of_the_batches_changes_nothing(tmp_path: Path, lines: list[str], batch_bytes: int) -> None:
    log = tmp_path / "access.log"
    log.write_text("line\n" + "\n".join(lines), encoding="utf-8", newline="")

    assert lines_of(log, batch_bytes) == lines_of(log)


def test_a_damaged_gzip_file_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    log = tmp_path / "access.log.gz"
    log.write_bytes(gzip.compress(b"one line of many\n" * 5000)[:-20])

    with pytest.raises(PermanentError, match="damaged gzip"):
        lines_of(log, 1000)


def test_what_is_no_log_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    (tmp_path / "endless.bin").write_bytes(b"x" * 5_000_000)

    for name, reason in (
        ("none.log", "does not exist"),
        ("", "is a folder"),
        ("empty.log", "is empty"),
        ("endless.bin", "no log"),
    ):
        with pytest.raises(PermanentError, match=reason):
            lines_of(tmp_path / name)
