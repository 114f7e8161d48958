"""Archives: the files inside of a tar or zip archive, one after the other.

Here: walking through the members that are files, and what is wrong with one that cannot be read.
Not here: streams that are packed as a whole (decompression.py), archives inside of archives (opening.py).
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from assets.importing.files.decompression import DAMAGES, Bound, Readable
from sql.values import PermanentError

# A year of hourly logs of 64 servers; a name costs some memory, and an archive of more is no delivery of logs.
MOST_MEMBERS = 600_000

# What macOS puts beside each file: no log, and never one that somebody means to import.
RESOURCES = ("__MACOSX/", "._", ".DS_Store")


@dataclass(slots=True)
class Member:
    """A file of an archive. problem: why it cannot be read, or why the archive goes on no further after it."""

    name: str
    content: Readable
    problem: str | None = None


@dataclass(slots=True)
class _Guarded:
    """The content of a member up to where it is damaged, counted against the bound where it was packed."""

    member: Readable
    bound: Bound | None = None
    damage: str | None = None
    _is_done: bool = False

    def read(self, size: int = -1, /) -> bytes:
        found: list[bytes] = []
        missing = size
        while missing > 0 and not self._is_done:
            piece = self._next(missing)
            found.append(piece)
            missing -= len(piece)
        content = b"".join(found)
        if self.bound is not None:
            self.bound.add(len(content))
        return content

    def _next(self, size: int) -> bytes:
        try:
            piece = self.member.read(min(size, 1 << 16))
        except (*DAMAGES, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            self.damage = f"it is damaged ({error})"
            piece = b""
        self._is_done = not piece
        return piece


@dataclass(slots=True)
class _Nothing:
    """The content of a member that cannot be opened."""

    damage: str | None = field(default=None)

    def read(self, _size: int = -1, /) -> bytes:
        return b""


def tar_members(archive: Readable, name: str) -> Iterator[Member]:
    """The files of a tar archive, in the order in which they lie; each must be read before the next one is taken.

    Archives that were put one behind the other are one. Where the archive breaks off, also between two members, the
    last member has no content and says so.
    """
    source = _Exact(archive)
    try:
        while True:
            with tarfile.open(fileobj=source, mode="r|", bufsize=1 << 16) as opened:  # type: ignore[call-overload]
                for count, info in enumerate(opened):
                    _refuse_crowd(count, name)
                    opened.members = []
                    if info.isfile() and not _is_resource(info.name):
                        content = opened.extractfile(info)
                        yield Member(info.name, _Guarded(content.raw))
                # A block of zeros is the end; tarfile takes what is no whole block for it, too.
                if source.count < opened.offset + tarfile.BLOCKSIZE:
                    yield Member("", _Nothing(), "the archive breaks off: what came before is read")
                    return
                source.give_back(opened.fileobj.read(source.count - opened.fileobj.tell()))
            if not source.skip_zeros():
                return
    except (*DAMAGES, tarfile.TarError) as error:
        yield Member("", _Nothing(), f"the archive is damaged ({error}): what came before is read")


def zip_members(archive: BinaryIO, name: str, bound: Bound) -> Iterator[Member]:
    """The files of a zip archive, in the order of its directory. archive: one in which places can be sought.

    Raises PermanentError for an archive without a readable directory, which stands at its end.
    """
    try:
        opened = zipfile.ZipFile(archive)
        infos = [info for info in opened.infolist() if not info.is_dir() and not _is_resource(info.filename)]
    except (*DAMAGES, zipfile.BadZipFile) as error:
        raise PermanentError(
            f"{name} is a damaged zip archive ({error}): its directory, at its end, cannot be read. Fetch it again"
        ) from error
    if any(info.filename == "[Content_Types].xml" for info in infos):
        raise PermanentError(f"{name} is an Office document: export the sheet as CSV")
    _refuse_crowd(len(infos), name)
    for info in infos:
        try:
            yield Member(info.filename, _Guarded(opened.open(info), bound))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, OSError) as error:
            why = "it is encrypted: unpack the archive first" if info.flag_bits & 1 else f"it cannot be read ({error})"
            yield Member(info.filename, _Nothing(), why)


@dataclass(slots=True)
class _Exact:
    """Reads as many bytes as are asked for, as tarfile expects of a stream. count: how many it gave since the last
    were given back.
    """

    source: Readable
    count: int = 0
    _given_back: bytes = b""

    def read(self, size: int = -1, /) -> bytes:
        found, self._given_back = [self._given_back[:size]], self._given_back[size:]
        size -= len(found[0])
        while size > 0 and (piece := self.source.read(size)):
            found.append(piece)
            size -= len(piece)
        content = b"".join(found)
        self.count += len(content)
        return content

    def give_back(self, content: bytes) -> None:
        self._given_back = content + self._given_back
        self.count = 0

    def skip_zeros(self) -> bool:
        """Go on behind blocks of zeros; whether there is anything."""
        while block := self.read(tarfile.BLOCKSIZE):
            if block.strip(b"\0"):
                self.give_back(block)
                return True
        return False


def _is_resource(name: str) -> bool:
    return name.startswith(RESOURCES[0]) or name.rsplit("/", 1)[-1].startswith(RESOURCES[1:])


def _refuse_crowd(count: int, name: str) -> None:
    if count >= MOST_MEMBERS:
        raise PermanentError(f"{name} holds more than {MOST_MEMBERS:,} files: import it in parts")
