"""Decompression: the content of a gzip, bzip2, xz, LZMA or Zstandard stream, as far as it goes.

Here: reading streams of one or several members, in bounded memory, up to where they break off; the bound on what they
may swell to.
Not here: archives of several files (archives.py).
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from assets.importing.files.magic import HEAD, kind_of
from sql.values import PermanentError

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

# Bytes fed at once: of a damaged stream, what one of these held at most is lost.
FED = 16 * 1024

# CDN logs pack to a twentieth, and one line repeated to a thousandth. Beyond the first 256 MB nothing honest is 500
# times as long as what it came from.
FREELY_UNPACKED = 2**28
MOST_EXPANSION = 500


class SwellsError(PermanentError):
    """A source that unpacks to more than any log does."""


class Readable(Protocol):
    """Bytes in order: no more than were asked for, and none at the end."""

    def read(self, size: int = -1, /) -> bytes: ...


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Inflate:
    """zlib's decoder of gzip in the form of the others."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(31)
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def needs_input(self) -> bool:
        return self._error is None and not self._decoder.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """What the data give; where they are damaged, what they give up to there, and the error with the next call."""
        if self._error is not None:
            raise self._error
        data = self._decoder.unconsumed_tail + data
        before = self._decoder.copy()
        try:
            return self._decoder.decompress(data, max_length)
        except zlib.error:
            self._decoder = before
            return self._one_by_one(data)

    def _one_by_one(self, data: bytes) -> bytes:
        found = []
        for place in range(len(data)):
            try:
                found.append(self._decoder.decompress(data[place : place + 1]))
            except zlib.error as error:
                if not any(found):
                    raise
                self._error = error
                break
        return b"".join(found)


DECODERS: Mapping[str, Callable[[], _Decoder]] = {
    "gzip": _Inflate,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
    "lzma": lzma.LZMADecompressor,
    "zstd": zstd.ZstdDecompressor,
}
DAMAGES = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)


@dataclass(slots=True)
class Bound:
    """How much one source may swell to, over all that is inside of it. packed: bytes read of it so far."""

    name: str
    packed: Callable[[], int]
    freely: int = FREELY_UNPACKED
    expansion: int = MOST_EXPANSION
    unpacked: int = 0

    def add(self, size: int) -> None:
        """Raises SwellsError once the bytes unpacked are more than a log ever packs to."""
        self.unpacked += size
        if self.unpacked > self.freely and self.unpacked > self.expansion * max(1, self.packed()):
            raise SwellsError(
                f"{self.name} swells to more than {self.expansion} times its size ({self.unpacked:,} bytes so far): no "
                "log does that, so it is not read on. If it is one, unpack it first"
            )


@dataclass(slots=True)
class Unpacked:
    """The content of a packed stream. damage: what is wrong with it, once it has ended before its end."""

    packed: Readable
    kind: str
    bound: Bound
    damage: str | None = None
    _decoder: _Decoder = field(init=False)
    _waiting: bytes = b""
    _is_begun: bool = False
    _is_done: bool = False

    def __post_init__(self) -> None:
        self._decoder = DECODERS[self.kind]()

    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes; fewer only at the end. size: a positive number."""
        found: list[bytes] = []
        missing = size
        while missing > 0 and not self._is_done:
            piece = self._next(missing)
            found.append(piece)
            missing -= len(piece)
        content = b"".join(found)
        self.bound.add(len(content))
        return content

    def _next(self, size: int) -> bytes:
        if self._decoder.eof and not self._next_member():
            return b""
        fed = self._take() if self._decoder.needs_input else b""
        if not fed and self._decoder.needs_input:
            self._end("it breaks off before its end" if self._is_begun else None)
            return b""
        self._is_begun = True
        try:
            return self._decoder.decompress(fed, size)
        except DAMAGES as error:
            self._end(f"it is damaged ({error})")
            return b""

    def _take(self) -> bytes:
        taken, self._waiting = self._waiting or self.packed.read(FED), b""
        return taken

    def _next_member(self) -> bool:
        """Begins the next of several members; False at the end. Padding with NUL between them is allowed."""
        self._waiting = self._decoder.unused_data
        while not self._waiting.lstrip(b"\x00"):
            self._waiting = self.packed.read(FED)
            if not self._waiting:
                self._end(None)
                return False
        self._waiting = self._waiting.lstrip(b"\x00")
        self._decoder, self._is_begun = DECODERS[self.kind](), False
        if not self._continues():
            self._end("what follows its end is left out, because it is packed otherwise or not at all")
            return False
        return True

    def _continues(self) -> bool:
        while len(self._waiting) < HEAD and (more := self.packed.read(FED)):
            self._waiting += more
        return kind_of(self._waiting) == self.kind

    def _end(self, damage: str | None) -> None:
        self._is_done = True
        self.damage = damage
