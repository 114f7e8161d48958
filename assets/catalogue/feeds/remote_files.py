"""Remote files: a file on a web server, read in the few places that are looked at.

Here: ranges of bytes on demand, within a number of requests and bytes; what the server says of the content.
Not here: requests (assets/web), what the bytes mean (probing.py).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.web.public_addresses import Network
from assets.web.requesting import Limits, Response, UnavailableError, request, shown
from sql.values import EarshotError, PermanentError

# The first bytes hold tags without a picture, and the first frames; a picture is jumped over.
BLOCK_BYTES = 65_536
MOST_REQUESTS = 12
LIMITS = Limits(BLOCK_BYTES, total_s=20.0, silence_s=10.0, cut=True, downgrade=True)

# The word that rules on agents count as a bot by: a look at a file is no listen.
HEADERS = {"User-Agent": "EarshotBot/1.0 (measures files of a feed; reads their first bytes)"}

_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+)")


class TooMuchError(PermanentError):
    """What is looked for lies in too many places of the file."""


@dataclass(frozen=True, slots=True)
class Content:
    """By which another content of the same address is seen: as the server gives it, None where it does not."""

    content_bytes: int | None
    etag: str | None
    last_modified: str | None

    def is_as(self, other: Content) -> bool:
        """Whether nothing says that the other is another content. A strong ETag decides; else length and date."""
        if self.etag and other.etag and not self.etag.startswith("W/") and not other.etag.startswith("W/"):
            return self.etag == other.etag
        pairs = (
            (self.content_bytes, other.content_bytes),
            (self.last_modified, other.last_modified),
        )
        return all(one == two for one, two in pairs if one is not None and two is not None)


class RemoteFile(io.RawIOBase):
    """A file that can be read and sought in, of which only blocks are fetched.

    Raises PermanentError for what is no file, UnavailableError where its server does not answer, TooMuchError.
    """

    def __init__(self, url: str, private: Sequence[Network] = (), last_seen: Content | None = None) -> None:
        super().__init__()
        self.url, self._private = url, private
        self._blocks: dict[int, bytes] = {}
        self._place, self._requests = 0, 0
        first = self._fetch(0, _conditions(last_seen))
        self.is_unchanged = first.status == 304
        self.content = last_seen if self.is_unchanged and last_seen is not None else _content_of(first)
        self._has_ranges = first.status == 206
        self._keep(0, first.content)

    @property
    def size(self) -> int | None:
        return self.content.content_bytes

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END and self.size is None:
            raise PermanentError(f"{shown(self.url)}: its server does not say how long it is")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size or 0}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        end = self.size if size is None or size < 0 else self._place + size
        if end is None:
            raise PermanentError(f"{shown(self.url)}: its server does not say how long it is")
        end = end if self.size is None else min(end, self.size)
        parts = []
        while self._place < end:
            start = self._place - self._place % BLOCK_BYTES
            block = self._block(start)
            part = block[self._place - start : end - start]
            if not part:
                break
            parts.append(part)
            self._place += len(part)
        return b"".join(parts)

    def _block(self, start: int) -> bytes:
        if start not in self._blocks:
            if not self._has_ranges:
                raise PermanentError(f"{shown(self.url)}: its server gives the whole file only, and no part of it")
            response = self._fetch(start, {})
            if response.status != 206 or not _content_of(response).is_as(self.content):
                raise UnavailableError(f"{shown(self.url)} became another file while it was looked at")
            self._keep(start, response.content)
        return self._blocks[start]

    def _keep(self, start: int, content: bytes) -> None:
        self._blocks[start] = content

    def _fetch(self, start: int, conditions: Mapping[str, str]) -> Response:
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise TooMuchError(f"{shown(self.url)}: what is looked for lies in too many places of it")
        wanted = {"Range": f"bytes={start}-{start + BLOCK_BYTES - 1}"}
        response = request(self.url, LIMITS, {**HEADERS, **wanted, **conditions}, self._private)
        if response.status not in (200, 206) and not (response.status == 304 and conditions):
            raise _refusal(self.url, response.status)
        if response.status != 304 and response.headers.get("content-type", "").lower().startswith("text/html"):
            raise PermanentError(f"{shown(self.url)} is a web page, and no file to listen to")
        return response


def _conditions(last_seen: Content | None) -> dict[str, str]:
    """What a server needs to say that nothing has changed."""
    if last_seen is None:
        return {}
    given = {"If-None-Match": last_seen.etag, "If-Modified-Since": last_seen.last_modified}
    return {name: value for name, value in given.items() if value}


def _content_of(response: Response) -> Content:
    length: int | None = None
    if response.status == 206:
        found = _RANGE.match(response.headers.get("content-range", ""))
        length = int(found[3]) if found else None
    elif (text := response.headers.get("content-length", "")).isdecimal():
        length = int(text)
    return Content(length or None, _tag(response, "etag"), _tag(response, "last-modified"))


def _tag(response: Response, name: str) -> str | None:
    text = response.headers.get(name, "").strip()
    return text if 0 < len(text) <= 500 and text.isprintable() else None


def _refusal(url: str, status: int) -> EarshotError:
    if status in (404, 410):
        return PermanentError(f"{shown(url)} is not there (status {status})")
    return UnavailableError(f"{shown(url)} answered with status {status}")
