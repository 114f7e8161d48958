"""Probing: what a feed does not say of a file: its size, where its content begins, how long it plays.

Here: these numbers, from a few places of the file, through mutagen.
Not here: reading places of a file (remote_files.py), when a file is looked at (measuring.py).

The header of a file is what lies before the first frame that can sound: of MP3 the ID3v2 tags, of MP4 the boxes before
the media data. IAB 2.2 and PTMG 2.3 count a minute from there.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import mutagen
from mutagen.mp3 import MPEGInfo

from assets.catalogue.feeds.remote_files import Content, RemoteFile
from assets.web.public_addresses import Network
from assets.web.requesting import shown
from sql.values import PermanentError

# What a file may have of these; beyond it, it is damaged or no file to listen to.
LONGEST_S = 7 * 86_400.0
MOST_BITS_PER_S = 100_000_000

_BOX_HEADER = 8
_MOST_BOXES = 64


@dataclass(frozen=True, slots=True)
class Measures:
    """What was found of a file. None: not to be found."""

    file_bytes: int
    header_bytes: int
    duration_s: float | None
    bitrate_bps: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at a file. measures: None where it is as it was. varies: each request gets another content."""

    content: Content
    measures: Measures | None
    varies: bool = False

    def changed_at(self, now: datetime) -> datetime:
        """When the content became what it is: as its server says, where that can be; else now."""
        try:
            found = parsedate_to_datetime(self.content.last_modified or "")
        except ValueError:
            return now
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return min(found.astimezone(UTC), now)


def probe(url: str, private: Sequence[Network] = (), last_seen: Content | None = None) -> Probe:
    """Look at a file. last_seen: its content when it was last looked at; then only another content is measured.

    A file that is another one in two requests in a row is put together for each: it varies, and what was found of it
    when it was first looked at stays.
    Raises PermanentError or UnavailableError, with a sentence about the file.
    """
    file = RemoteFile(url, private, last_seen)
    if last_seen is not None and (file.is_unchanged or file.content.is_as(last_seen)):
        return Probe(file.content, None)
    if last_seen is not None and not RemoteFile(url, private).content.is_as(file.content):
        return Probe(file.content, None, varies=True)
    return Probe(file.content, measure_file(file))


def measure_file(file: RemoteFile) -> Measures:
    """The measures of a file. Raises PermanentError where it is none to listen to, or its length is not to be had."""
    if file.size is None:
        raise PermanentError(f"{shown(file.url)}: its server does not say how long it is")
    file.seek(0)
    head = file.read(12)
    try:
        if head[4:8] == b"ftyp":
            header = _boxes_before_data(file)
            info = _info(file)
        elif head[:4] in (b"OggS", b"fLaC", b"RIFF") or head[:4] == b"\x1aE\xdf\xa3":
            header, info = 0, _info(file)
        else:
            header = tag_bytes(file)
            file.seek(header)
            info = MPEGInfo(file, header)
    except (mutagen.MutagenError, struct.error, EOFError, ValueError, OverflowError) as error:
        raise PermanentError(f"{shown(file.url)} is no audio or video that can be read ({str(error)[:80]})") from None
    if info is None or header >= file.size:
        raise PermanentError(f"{shown(file.url)} is no audio or video that can be read")
    length, rate = getattr(info, "length", 0.0), getattr(info, "bitrate", 0)
    return Measures(file.size, header, _bounded(length, LONGEST_S), _rate(rate))


def tag_bytes(file: RemoteFile) -> int:
    """How long the ID3v2 tags at the beginning of the file are together: one after the other, each with its length."""
    end = 0
    while end < (file.size or 0):
        file.seek(end)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
            break
        length = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        has_footer = head[5] & 0x10
        end += 10 + length + (10 if has_footer else 0)
    return end


def _boxes_before_data(file: RemoteFile) -> int:
    """Where the media data of an MP4 file begin: behind the head of its first box mdat."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < _BOX_HEADER:
            break
        length, kind = struct.unpack(">I4s", head[:8])
        size_of_head = 16 if length == 1 else _BOX_HEADER
        if kind == b"mdat":
            return place + size_of_head
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length < _BOX_HEADER:
            break
        place += length
    raise PermanentError(f"{shown(file.url)} has no media data")


def _info(file: RemoteFile) -> mutagen.StreamInfo | None:
    file.seek(0)
    found = mutagen.File(file)
    return None if found is None else found.info


def _bounded(value: float, most: float) -> float | None:
    return float(value) if 0 < value <= most else None


def _rate(value: int) -> int | None:
    return int(value) if 0 < value <= MOST_BITS_PER_S else None
