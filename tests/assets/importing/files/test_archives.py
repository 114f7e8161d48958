"""Files in tar and zip archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable

import pytest

from assets.importing.files.archives import Member, tar_members, zip_members
from assets.importing.files.decompression import Bound
from sql.values import PermanentError

BOUND = Bound("a.zip", lambda: 1)


def tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def read(members: Iterable[Member]) -> list[tuple[str, bytes, str | None]]:
    return [(each.name, b"".join(iter(lambda: each.content.read(7), b"")), each.problem) for each in members]  # noqa: B023


FILES = {"logs/a.log": b"one\n" * 300, "logs/._a.log": b"junk", "b.log": b"two\n", "__MACOSX/b": b"junk"}
GOOD = [("logs/a.log", b"one\n" * 300, None), ("b.log", b"two\n", None)]


def test_the_files_of_an_archive_come_in_their_order_without_what_macos_adds() -> None:
    assert read(tar_members(io.BytesIO(tar(FILES)), "a.tar")) == GOOD
    assert read(zip_members(io.BytesIO(zipped(FILES)), "a.zip", BOUND)) == GOOD


def test_a_tar_that_breaks_off_gives_what_came_before_and_says_so() -> None:
    cut = tar(FILES)[:1000]

    *members, last = read(tar_members(io.BytesIO(cut), "a.tar"))

    assert (b"one\n" * 300).startswith(members[0][1])
    assert 0 < len(members[0][1]) < 1200
    assert "archive is damaged" in str(last[2])


@pytest.mark.parametrize("end", [2048, 2048 + 100], ids=["between members", "in the header of one"])
def test_a_tar_that_breaks_off_outside_of_its_members_says_so(end: int) -> None:
    cut = tar({"a.log": b"one\n" * 300, "b.log": b"two\n"})[:end]

    [first, last] = read(tar_members(io.BytesIO(cut), "a.tar"))

    assert first == ("a.log", b"one\n" * 300, None)
    assert "breaks off" in str(last[2])


def test_a_tar_with_a_damaged_header_between_its_members_says_so() -> None:
    damaged = bytearray(tar({"a.log": b"one\n" * 300, "b.log": b"two\n" * 300, "c.log": b"three\n"}))
    damaged[2048 + 150] ^= 0x7F

    [first, last] = read(tar_members(io.BytesIO(bytes(damaged)), "a.tar"))

    assert first == ("a.log", b"one\n" * 300, None)
    assert "archive is damaged" in str(last[2])


def test_archives_one_behind_the_other_are_read_as_one() -> None:
    several = b"".join(tar({f"{number}.log": b"one\n" * number}) for number in range(1, 400))

    found = read(tar_members(io.BytesIO(several), "a.tar"))

    assert found == [(f"{number}.log", b"one\n" * number, None) for number in range(1, 400)]
    *_, last = read(tar_members(io.BytesIO(several + b"no archive" * 100), "a.tar"))
    assert "archive is damaged" in str(last[2])


def test_a_zip_without_its_directory_is_refused() -> None:
    with pytest.raises(PermanentError, match="damaged zip archive"):
        list(zip_members(io.BytesIO(zipped(FILES)[:-30]), "a.zip", BOUND))


def test_a_damaged_file_of_a_zip_does_not_take_the_others_along() -> None:
    packed = bytearray(zipped({"a.log": bytes(range(256)) * 20, "b.log": b"two\n"}))
    packed[60] ^= 0xFF

    (_, content, _), second = read(zip_members(io.BytesIO(bytes(packed)), "a.zip", BOUND))

    assert len(content) < 256 * 20 or content != bytes(range(256)) * 20
    assert second == ("b.log", b"two\n", None)


def test_an_office_document_is_no_archive_of_logs() -> None:
    with pytest.raises(PermanentError, match="export the sheet as CSV"):
        list(zip_members(io.BytesIO(zipped({"[Content_Types].xml": b"<Types/>"})), "log.xlsx", BOUND))
