"""Opening: the plain files inside of a source, however they are packed and nested.

Here: recognising each layer by its first bytes, from the outside in, with bounds on depth and on size.
Not here: one kind of layer (decompression.py, archives.py), the lines or rows of what is found (batches.py).
"""

from __future__ import annotations

import codecs
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from assets.importing.files.archives import Member, tar_members, zip_members
from assets.importing.files.decompression import DECODERS, Bound, Readable, SwellsError, Unpacked
from assets.importing.files.magic import SEEN, encoding_of, kind_of, unreadable
from sql.values import PermanentError

# A tar archive of zipped logs that was packed again; nobody packs deeper in good faith.
DEEPEST = 4

# What must be sought in lies in memory up to here, and on disk beyond.
SPOOLED = 64 * 1024 * 1024


@dataclass(slots=True)
class Opened:
    """A plain file. name: of the source, or of the member of an archive behind it. kind: "lines" or "parquet".

    problems: what is wrong with the layers around it and with it, known in full once it has been read to its end.
    """

    name: str
    kind: str
    content: Readable
    head: bytes
    is_member: bool = False
    _layers: tuple[Unpacked | Member, ...] = ()
    _found: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What is wrong, one text for each layer that is damaged."""
        damaged = [layer for layer in self._layers if _damage_of(layer) is not None]
        return [*self._found, *(f"{_title_of(layer)}: {_damage_of(layer)}" for layer in damaged)]


@dataclass(slots=True)
class Source:
    """Counts the bytes that were read of a stream; all of them where it is read at any place."""

    stream: BinaryIO
    count: int = 0

    def from_start(self) -> BinaryIO:
        """The stream itself at its beginning."""
        self.count = self.stream.seek(0, io.SEEK_END)
        self.stream.seek(0)
        return self.stream

    def read(self, size: int = -1, /) -> bytes:
        content = self.stream.read(size)
        self.count += len(content)
        return content


@dataclass(slots=True)
class _Rewound:
    """A stream of which some bytes were looked at already: they come first."""

    head: bytes
    rest: Readable

    def read(self, size: int = -1, /) -> bytes:
        if not self.head:
            return self.rest.read(size)
        given, self.head = self.head[:size], self.head[size:]
        return given if len(given) == size else given + self.rest.read(size - len(given))


@dataclass(slots=True)
class _AsUtf8:
    """Text in another encoding as UTF-8; what cannot be read becomes U+FFFD."""

    source: Readable
    decoder: codecs.IncrementalDecoder

    def read(self, size: int = -1, /) -> bytes:
        while content := self.source.read(max(4, size // 2)):
            if text := self.decoder.decode(content):
                return text.encode()
        return self.decoder.decode(b"", True).encode()


def open_files(name: str, stream: BinaryIO, source: Source | None = None) -> Iterator[Opened]:
    """The plain files of a source, one after the other; each must be read before the next one is taken.

    A source that cannot be opened at all raises PermanentError, which says what it is; a member of an archive that
    cannot be opened is given without content, and says so among its problems.
    source: what counts the bytes that were read of the stream.
    """
    counted = source or Source(stream)
    bound = Bound(name, lambda: counted.count)
    yield from _open(name, counted, (), bound, 0)


def _open(
    name: str,
    stream: Readable,
    layers: tuple[Unpacked | Member, ...],
    bound: Bound,
    depth: int,
    is_member: bool = False,
) -> Iterator[Opened]:
    head = _read_all(stream, SEEN)
    rewound = _Rewound(head, stream)
    kind = kind_of(head)
    if depth > DEEPEST:
        raise PermanentError(f"{name} is packed more than {DEEPEST} times over: unpack it first")
    if kind in DECODERS:
        unpacked = Unpacked(rewound, cast(str, kind), bound)
        yield from _open(name, unpacked, (*layers, unpacked), bound, depth + 1, is_member)
    elif kind == "tar":
        yield from _open_members(tar_members(rewound, name), layers, bound, depth)
    elif kind == "zip":
        with _sought(rewound) as archive:
            yield from _open_members(zip_members(archive, name, bound), layers, bound, depth)
    elif kind == "parquet":
        with _sought(rewound) as rows:
            yield Opened(name, kind, rows, head, is_member, layers)
    else:
        yield _plain(name, rewound, head, layers, is_member)


def _plain(name: str, stream: Readable, head: bytes, layers: tuple[Unpacked | Member, ...], is_member: bool) -> Opened:
    encoding = encoding_of(head)
    if encoding is not None:
        stream = _AsUtf8(stream, codecs.getincrementaldecoder(encoding)(errors="replace"))
        head = _read_all(stream, SEEN)
        stream = _Rewound(head, stream)
    opened = Opened(name, "lines", stream, head, is_member, layers)
    what = unreadable(head)
    if what is None:
        return opened
    problem = f"{name} is {what}"
    if not is_member:
        raise PermanentError(f"{problem}. A log is text or Parquet, as it is or in gzip, bzip2, xz, zstd, zip or tar")
    return Opened(name, "lines", io.BytesIO(), b"", True, (), [f"{problem}: it is left out"])


def _open_members(
    members: Iterator[Member], layers: tuple[Unpacked | Member, ...], bound: Bound, depth: int
) -> Iterator[Opened]:
    for member in members:
        if member.problem is not None:
            text = f"{member.name}: {member.problem}" if member.name else member.problem
            yield Opened(member.name, "lines", io.BytesIO(), b"", True, layers, [text])
            continue
        try:
            yield from _open(member.name, member.content, (*layers, member), bound, depth + 1, is_member=True)
        except SwellsError:
            raise
        except PermanentError as error:
            yield Opened(member.name, "lines", io.BytesIO(), b"", True, (), [str(error)])


def _read_all(stream: Readable, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    found = b""
    while len(found) < size and (piece := stream.read(size - len(found))):
        found += piece
    return found


@contextmanager
def _sought(stream: _Rewound) -> Iterator[BinaryIO]:
    """The content of the stream, in which places can be sought: the source itself where it can, else a copy."""
    if isinstance(stream.rest, Source) and stream.rest.stream.seekable():
        yield stream.rest.from_start()
        return
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as spooled:
        while piece := stream.read(1 << 20):
            spooled.write(piece)
        spooled.seek(0)
        yield cast(BinaryIO, spooled)


def _damage_of(layer: Unpacked | Member) -> str | None:
    return layer.damage if isinstance(layer, Unpacked) else getattr(layer.content, "damage", None)


def _title_of(layer: Unpacked | Member) -> str:
    return f"the {layer.kind} stream" if isinstance(layer, Unpacked) else layer.name
