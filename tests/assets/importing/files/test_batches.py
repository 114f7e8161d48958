"""The one door to a source."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from assets.importing.files.batches import open_log, read_batches
from sql.values import PermanentError
from tests.assets.importing.files.test_archives import tar
from tests.assets.importing.files.test_tables import parquet


def test_a_gzip_file_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))

    assert pl.concat(batch.lines for batch in read_batches(log)).rows() == [(1, "one"), (2, "two")]


def test_each_kind_of_content_becomes_lines() -> None:
    for content in (b'{"a":1}\n', b'[{"a":1}]', parquet(pl.DataFrame({"a": [1]})).getvalue()):
        [batch] = open_log("x", io.BytesIO(content))
        assert batch.lines.rows() == [(1, '{"a":1}')]
        assert batch.bytes_read == len(content)


def test_records_that_stand_together_in_one_line_are_rows_of_their_own() -> None:
    record = '{"a":"' + 600 * "x" + '"}'

    [batch] = open_log("x", io.BytesIO((record * 3).encode()))

    assert batch.lines["line"].to_list() == [record] * 3


def test_the_files_of_an_archive_count_their_lines_from_one() -> None:
    batches = list(open_log("x.tar", io.BytesIO(tar({"a.log": b"one\n", "b.log": b"two\n"}))))

    assert [(batch.member, batch.lines.rows()) for batch in batches] == [
        ("a.log", [(1, "one")]),
        ("b.log", [(1, "two")]),
    ]


def test_a_gzip_file_that_breaks_off_gives_its_whole_lines_and_then_says_so() -> None:
    lines = [b"line %d of many\n" % number for number in range(5000)]
    content = gzip.compress(b"".join(lines))[:-2000]

    *batches, last = open_log("access.log.gz", io.BytesIO(content), 1000)

    found = pl.concat(batch.lines for batch in batches)["line"].to_list()
    assert found == [line.decode().strip() for line in lines[: len(found)]]
    assert len(found) > 2500
    assert (last.lines.height, last.problem) == (0, "the gzip stream: it breaks off before its end")


def test_a_damaged_file_of_an_archive_is_said_once_and_the_next_one_read() -> None:
    files = {"a.gz": gzip.compress(b"a line of some length\n" * 100)[:-12], "b.log": b"two\n"}

    batches = list(open_log("x.tar", io.BytesIO(tar(files))))

    assert [batch.member for batch in batches if batch.problem] == ["a.gz"]
    assert batches[-1].lines["line"].to_list() == ["two"]


def test_an_empty_source_is_refused() -> None:
    with pytest.raises(PermanentError, match="is empty"):
        list(open_log("x", io.BytesIO()))
