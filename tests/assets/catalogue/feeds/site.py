"""A site: a web server of this machine with feeds and files, as hosts of podcasts are.

Here: pages by path, with ranges, ETags and conditions; what was asked; files of sound.
Not here: what becomes of them.
"""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(slots=True)
class Page:
    """What lies at a path. has_ranges: parts of it are given; has_tag: it has an ETag; varies: it grows each time."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_ranges: bool = True
    has_tag: bool = True
    varies: bool = False


@dataclass(slots=True)
class Site:
    """Pages by path, and each request with its headers, in order."""

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: bytes = b"", **options: object) -> str:
        """Lay a page at a path; its address."""
        self.pages[path] = Page(body, **options)  # type: ignore[arg-type]
        return self.address + path

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for a path."""
        return [headers for each, headers in self.requests if each.partition("?")[0] == path]


@contextmanager
def open_site() -> Iterator[Site]:
    """A site without pages, closed at the end."""
    site = Site()

    class Answering(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

        def do_GET(self) -> None:
            site.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            page = site.pages.get(self.path) or site.pages.get(self.path.partition("?")[0]) or Page(status=404)
            self._answer(page)

        def _answer(self, page: Page) -> None:
            if page.varies:
                page.body = page.body + b"\0" * 7
            tag = f'"{sha256(page.body).hexdigest()[:12]}"'
            headers = {"Content-Type": "application/octet-stream", **({"ETag": tag} if page.has_tag else {})}
            headers |= page.headers
            if page.status == 200 and page.has_tag and self.headers.get("If-None-Match") == tag:
                self._send(304, {"ETag": tag}, b"")
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if page.status == 200 and page.has_ranges and wanted:
                first, last = int(wanted[1]), min(int(wanted[2]), len(page.body) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(page.body)}"
                self._send(206, headers, page.body[first : last + 1])
                return
            self._send(page.status, headers, page.body)

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def mp3(seconds: float, tag_bytes: int = 0) -> bytes:
    """So many seconds of silence at 128 kbit/s, behind a tag of so many bytes (none, or ten and more)."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    return id3(tag_bytes) + frame * round(seconds * 44_100 / 1152)


def id3(length: int) -> bytes:
    """An ID3v2 tag of so many bytes in all."""
    if not length:
        return b""
    size = length - 10
    return b"ID3\x04\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


def m4a(seconds: int, data_bytes: int, *, data_first: bool = False) -> bytes:
    """An MP4 file of sound, whose table of contents lies before its data, or behind them."""
    mdhd = box(b"mdhd", bytes(4), struct.pack(">IIII", 0, 0, 1000, seconds * 1000), bytes(4))
    hdlr = box(b"hdlr", bytes(8), b"soun", bytes(12), b"\0")
    sound = struct.pack(">6xH8xHHHHI", 1, 2, 16, 0, 0, 44_100 << 16)
    stsd = box(b"stsd", struct.pack(">II", 0, 1), box(b"none", sound, box(b"free")))
    moov = box(b"moov", box(b"trak", box(b"mdia", mdhd, hdlr, box(b"minf", box(b"stbl", stsd)))))
    mdat, ftyp = box(b"mdat", bytes(data_bytes)), box(b"ftyp", b"M4A ", bytes(4))
    return ftyp + (mdat + moov if data_first else moov + mdat)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of an MP4 file."""
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content
