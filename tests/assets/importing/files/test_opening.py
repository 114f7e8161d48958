"""Layers around plain files, in any nesting."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import BinaryIO, cast

import pytest

from assets.importing.files.opening import Opened, open_files
from sql.values import PermanentError
from tests.assets.importing.files.test_archives import tar, zipped

TEXT = b"a line\n"


class Pipe:
    """A stream of which no place can be sought, as standard input is."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 100))

    def seekable(self) -> bool:
        return False


def read(content: bytes, name: str = "x") -> list[tuple[str, bytes, list[str]]]:
    found = []
    for opened in open_files(name, cast(BinaryIO, Pipe(content))):
        text = b"".join(iter(lambda: opened.content.read(3), b""))  # noqa: B023
        found.append((opened.name, text, opened.problems()))
    return found


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (TEXT, "x"),
        (gzip.compress(gzip.compress(TEXT)), "x"),
        (bz2.compress(tar({"a": lzma.compress(TEXT)})), "a"),
        (gzip.compress(zipped({"a": gzip.compress(TEXT)})), "a"),
        (tar({"b": zipped({"a": TEXT})}), "a"),
        (TEXT.decode().encode("utf-16"), "x"),
    ],
    # Named here: compressed bytes hold the time, and each process of the tests must collect the same names.
    ids=["plain", "gzip in gzip", "xz in tar in bzip2", "gzip in zip in gzip", "zip in tar", "utf-16"],
)
def test_every_layer_is_opened_by_what_it_is(packed: bytes, name: str) -> None:
    assert read(packed) == [(name, TEXT, [])]


def test_a_source_in_which_places_can_be_sought_is_read_where_it_lies() -> None:
    [opened] = open_files("x", io.BytesIO(zipped({"a": TEXT})))

    assert isinstance(opened, Opened)
    assert opened.is_member


def test_what_cannot_be_opened_is_refused_by_its_name() -> None:
    with pytest.raises(PermanentError, match=r"x is a RAR archive: unpack it first\. A log is text or Parquet"):
        read(b"Rar!\x1a\x07\x01\x00 and more")


def test_a_member_that_cannot_be_opened_is_left_out_and_said() -> None:
    assert read(tar({"a.pdf": b"%PDF-1.7", "b": TEXT})) == [
        ("a.pdf", b"", ["a.pdf is a PDF document: it is left out"]),
        ("b", TEXT, []),
    ]


def test_what_is_packed_over_and_over_is_refused() -> None:
    packed = TEXT
    for _ in range(6):
        packed = gzip.compress(packed)

    with pytest.raises(PermanentError, match="packed more than 4 times over"):
        read(packed)


def test_a_break_is_said_whatever_lies_around_it() -> None:
    content = b"".join(b"line %d\n" % number for number in range(20_000))

    [(_, text, problems)] = read(tar({"a.gz": gzip.compress(content)[:-500]}))

    assert content.startswith(text)
    assert len(text) > len(content) / 2
    assert problems == ["the gzip stream: it breaks off before its end"]
