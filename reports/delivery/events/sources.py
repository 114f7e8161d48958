"""Sources: where the platform's endpoint keeps the requests that it stored.

Here: a folder with one file per request, and an address that gives them as lines of JSON.
Not here: which were read before (reading.py), what is in them (stored.py).
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from reports.delivery.deadline import Deadline
from reports.delivery.transports.base import Progress
from reports.delivery.transports.recording import recording_handlers
from sql.safety.hosts import LOOPBACK
from sql.values import EarshotError, PermanentError

# An export of a day of a large account is a few megabytes.
MOST_BYTES = 64_000_000
SILENCE_S, TOTAL_S = 20.0, 120.0
EXPORT = "export "


class EventsUnavailableError(EarshotError):
    """The source did not answer; trying again may help."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stored request that lies in a source. name and version: as provider_payloads keeps them."""

    name: str
    version: str
    path: Path | None = None
    content: bytes = b""

    def read(self) -> bytes:
        """Its bytes. Raises OSError where a file cannot be read."""
        return self.content if self.path is None else self.path.read_bytes()


def is_address(source: str) -> bool:
    """Whether the source is an address, and not a folder."""
    return "://" in source


def check_source(source: str) -> None:
    """Raises PermanentError for an address that others on the way could read, without showing it."""
    if not is_address(source):
        return
    try:
        parts = urlsplit(source)
        usable = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        usable = usable and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise PermanentError(
            "EARSHOT_EVENTS must be a folder, or an address that begins with https:// (http:// to this machine) and "
            "has no login in it; a key may stand in its query"
        )


def files_in(folder: Path) -> list[Found]:
    """The files *.json of a folder, by name. Raises PermanentError where it is no folder. Nothing is changed in it."""
    if not folder.is_dir():
        raise PermanentError(f"EARSHOT_EVENTS names {folder}, which is no folder: make it, or correct the setting")
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        stat = path.stat()
        found.append(Found(path.name, f"{stat.st_size}-{stat.st_mtime_ns}", path))
    return found


def export_name(address: str) -> str:
    """An export as provider_payloads knows it: by a hash, because a key may stand in the address."""
    return EXPORT + hashlib.blake2b(address.encode(), digest_size=16).hexdigest()


def lines_at(address: str, etag: str | None) -> tuple[list[Found], str | None]:
    """The lines of an export and its ETag; no lines where it is the one that was read before (If-None-Match, 304).

    Raises EventsUnavailableError for every other answer than 200. Redirects are not followed.
    """
    headers = {"Accept": "application/x-ndjson, application/json", "User-Agent": "earshot", "Connection": "close"}
    request = urllib.request.Request(address, headers=headers | ({"If-None-Match": etag} if etag else {}))  # noqa: S310
    with Deadline(TOTAL_S) as deadline:
        opener = urllib.request.OpenerDirector()
        for handler in (urllib.request.ProxyHandler(), *recording_handlers(deadline, Progress())):
            opener.add_handler(handler)
        try:
            with opener.open(request, timeout=SILENCE_S) as response:
                status, answered = int(response.status), response.headers.get("ETag")
                content = bytes(response.read(MOST_BYTES + 1)) if status == 200 else b""
                if len(content) <= MOST_BYTES and status == 200 and response.length:
                    raise OSError("the answer ended before it was whole")
        except (OSError, http.client.HTTPException) as error:
            cause = type(deadline.blame(error)).__name__
            raise EventsUnavailableError(
                f"the address of EARSHOT_EVENTS cannot be read ({cause}): tried again"
            ) from None
    if status == 304:
        return [], etag
    if status != 200:
        raise EventsUnavailableError(f"the address of EARSHOT_EVENTS answered with status {status}: tried again")
    if len(content) > MOST_BYTES:
        raise EventsUnavailableError(f"the export of EARSHOT_EVENTS is longer than {MOST_BYTES:,} bytes: shorten it")
    return list(_lines(content)), answered


def _lines(content: bytes) -> Iterator[Found]:
    for line in content.splitlines():
        if line.strip():
            yield Found("line " + hashlib.blake2b(line, digest_size=16).hexdigest(), "1", content=line)
