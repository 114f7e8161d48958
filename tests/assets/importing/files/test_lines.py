"""Files as batches of numbered lines."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.importing.files.batches import read_batches
from assets.importing.files.lines import cut_lines
from sql.values import PermanentError


def lines_of(path: Path, batch_bytes: int = 1 << 20) -> list[tuple[int, str]]:
    return list(pl.concat([batch.lines for batch in read_batches(path, batch_bytes)]).iter_rows())


def test_lines_keep_the_number_that_an_editor_shows(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"\xef\xbb\xbfone\r\n\r\nthree\n   \nfive")

    assert lines_of(log) == [(1, "one"), (3, "three"), (5, "five")]


def test_bytes_that_the_database_cannot_hold_are_replaced(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"caf\xe9 \x00\n")

    assert lines_of(log) == [(1, "caf\ufffd \ufffd")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)),
    st.integers(1, 16),
)
def test_the_size_of_the_batches_changes_nothing(tmp_path: Path, lines: list[str], batch_bytes: int) -> None:
    log = tmp_path / "access.log"
    log.write_text("line\n" + "\n".join(lines), encoding="utf-8", newline="")

    assert lines_of(log, batch_bytes) == lines_of(log)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("batch_bytes", [1, 2, 3, 7, 100])
def test_a_line_ends_with_either_sign_or_both_wherever_a_batch_does(end: bytes, batch_bytes: int) -> None:
    content = io.BytesIO(end.join([b"one", b"two", b"", b"four"]))

    assert pl.concat(cut_lines(content, "a log", batch_bytes)).rows() == [(1, "one"), (2, "two"), (4, "four")]


@pytest.mark.parametrize("batch_bytes", [5, 1 << 20])
def test_what_was_never_written_is_left_out_and_joins_nothing(batch_bytes: int) -> None:
    hole = b"\x00" * 5000
    content = io.BytesIO(hole + b"one\n" + hole + b"two\nthr" + hole + b"four\n" + hole)

    assert pl.concat(cut_lines(content, "a log", batch_bytes)).rows() == [
        (1, "one"),
        (2, "two"),
        (3, "thr"),
        (3, "four"),
    ]


def test_the_last_line_of_what_broke_off_is_half_of_one() -> None:
    assert pl.concat(cut_lines(io.BytesIO(b"one\ntw"), "a log", is_cut=lambda: True)).rows() == [(1, "one")]


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
