"""What some bytes are the beginning of."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from assets.importing.files.magic import encoding_of, is_tar, kind_of, unreadable

LINE = b'203.0.113.7 - - [14/Oct/2026:08:12:41 +0000] "GET /a.mp3 HTTP/1.1" 200 10\n'


def test_containers_are_known_by_their_first_bytes_and_text_is_none() -> None:
    assert kind_of(gzip.compress(LINE)) == "gzip"
    assert kind_of(b"PAR1") == "parquet"
    assert kind_of(b"\x52\x2a\x4d\x18\x04\x00\x00\x00") == "zstd"
    assert kind_of(LINE) is None


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar_is_one(form: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        archive.addfile(tarfile.TarInfo("ä.log"), io.BytesIO())

    assert is_tar(packed.getvalue())
    assert not is_tar(b"\x00" * 512)


def test_what_holds_no_lines_is_named() -> None:
    assert "7-Zip" in str(unreadable(b"7z\xbc\xaf\x27\x1c" + bytes(26)))
    assert "no text" in str(unreadable(bytes(range(1, 256)) * 2))
    assert unreadable(bytes(500) + LINE) is None
    assert unreadable("203.0.113.7 Hörer \x1b[0m".encode()) is None


def test_text_of_two_bytes_a_sign_says_so() -> None:
    assert encoding_of("text".encode("utf-16")) == "utf-16"
    assert encoding_of("text".encode("utf-32")) == "utf-32"
    assert encoding_of("text".encode("utf-8-sig")) is None
    for encoding in ("utf-16-le", "utf-16-be"):
        assert encoding_of(LINE.decode().encode(encoding)) == encoding
    assert encoding_of(bytes(500)) is None
    assert encoding_of(LINE) is None
