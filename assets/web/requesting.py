"""Requesting: one GET of a web address, to machines that may be reached, within limits.

Here: which addresses are taken, to which machines, how many redirects are followed, how much and how long is read.
Not here: what the content means, and what to do where it cannot be had: assets/catalogue/feeds, pipelines/rules.

The standard library's client, and not requests, httpx or urllib3, for two things that none of them does:

- It connects to the address that was checked. They look the name up again when they connect, so that a name server
  which gives another address then leads to a machine of the private network. Setting the address beforehand means to
  replace their connections, redirects and proxies, which is what this module consists of.
- It ends in time. Measured with a server that sends a byte every 0.2 s for 8 s, with every limit at 1 s: requests 2.34,
  urllib3 2.8 (total=1) and httpx 0.28 read on for 8 s, because their limit begins anew with each read; this one ended
  after 1.0 s.

Nothing is retried: who calls decides when to try again. A proxy that is set for the process is used; then it is the
proxy that looks names up, as far as this machine cannot.
"""

from __future__ import annotations

import base64
import re
import ssl
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from assets.web.public_addresses import Network, is_public, is_within
from reports.delivery.deadline import Deadline
from sql.values import EarshotError, PermanentError

MOST_REDIRECTS = 5

HEADERS = {"User-Agent": "earshot", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_WITH_CONTENT = (200, 206)
_UNQUOTED = "/?&=%:@!$'()*+,;~[]-._"


class UnavailableError(EarshotError):
    """A server did not answer, or not as it should; trying again may help."""


class PrivateAddressError(PermanentError):
    """An address leads to a machine that is not of the public internet, and may not be reached."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read of an answer, and how long.

    most_bytes: of the content, unpacked
    total_s, silence_s: seconds for everything together, and for the server to answer or to go on
    cut: what is longer than most_bytes is cut there; else it is refused
    downgrade: a redirect may lead from https to http
    """

    most_bytes: int
    total_s: float = 60.0
    silence_s: float = 20.0
    cut: bool = False
    downgrade: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered.

    address: where it came from in the end
    moved_to: where the address that was given leads for good, by redirects that are permanent all the way; else None
    headers: by their names in lower case
    content: unpacked; empty where the status is not 200 or 206
    """

    address: str
    moved_to: str | None
    status: int
    headers: Mapping[str, str]
    content: bytes


def check_address(address: str) -> SplitResult:
    """The parts of an address. Raises PermanentError for what is no http(s) address, or has a password in it."""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        parts, is_web = urlsplit(""), False
    if not is_web:
        raise PermanentError(f"{shown(address)} is no http or https address")
    if parts.username is not None or parts.password is not None:
        raise PermanentError("a web address with a password in it would stand in records and messages: leave it out")
    return parts


def shown(address: str) -> str:
    """The address as messages and records show it: without a login, and without what may be a key in its query."""
    bare = re.sub(r"(?<=//)[^/?#]*@", "", address)
    head, mark, _ = bare.partition("?")
    return f"{head}?..." if mark else head.partition("#")[0]


def request(
    address: str, limits: Limits, headers: Mapping[str, str] | None = None, private: Sequence[Network] = ()
) -> Response:
    """What the server answers to a GET, whatever its status. Raises UnavailableError or PermanentError.

    headers: besides HEADERS, or in their place
    private: networks that may be reached although they are not of the public internet
    """
    with Deadline(limits.total_s) as deadline:
        try:
            return _Request(limits, {**HEADERS, **(headers or {})}, private, deadline).follow(address)
        except (OSError, HTTPException) as error:
            reason = deadline.blame(error)
            # An error of the standard library may quote the address with its query.
            message = str(getattr(reason, "reason", reason)).replace(address, shown(address)) or type(reason).__name__
            raise UnavailableError(f"{shown(address)} could not be read ({message})") from None


@dataclass(frozen=True, slots=True)
class _Request:
    limits: Limits
    headers: Mapping[str, str]
    private: Sequence[Network]
    deadline: Deadline

    def follow(self, address: str) -> Response:
        moved_to, is_permanent = None, True
        for _ in range(MOST_REDIRECTS + 1):
            parts = check_address(address)
            connection = self._open(parts)
            try:
                connection.request("GET", _target(parts), headers=dict(self.headers))
                with connection.getresponse() as response:
                    if response.status not in _REDIRECTS:
                        return self._read(response, address, moved_to)
                    address = self._next(address, response.headers.get("Location"))
                    is_permanent = is_permanent and response.status in _PERMANENT
                    moved_to = address if is_permanent else moved_to
            finally:
                connection.close()
        raise UnavailableError(f"{shown(address)}: more than {MOST_REDIRECTS} redirects")

    def _next(self, address: str, location: str | None) -> str:
        if not location:
            raise UnavailableError(f"{shown(address)} leads nowhere")
        try:
            following = urljoin(address, location)
        except ValueError:
            following = location
        is_plain = check_address(following).scheme == "http"
        if is_plain and urlsplit(address).scheme == "https" and not self.limits.downgrade:
            raise PermanentError(f"{shown(address)} leads to {shown(following)}, which is not encrypted")
        return following

    def _read(self, response: HTTPResponse, address: str, moved_to: str | None) -> Response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        content = self._content(response, address) if response.status in _WITH_CONTENT else b""
        return Response(address, moved_to, response.status, headers, content)

    def _content(self, response: HTTPResponse, address: str) -> bytes:
        most = self.limits.most_bytes
        content = response.read(most + 1)
        if len(content) <= most and (response.length or self.deadline.expired):
            raise OSError("the answer ended before it was whole")
        encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
        content = _unpacked(content, encoding, address, most)
        if len(content) > most and not self.limits.cut:
            raise PermanentError(f"{shown(address)} is longer than {most:,} bytes")
        return content[:most]

    def _open(self, parts: SplitResult) -> HTTPConnection:
        """A connection that will be made to addresses that are looked up here and now, and to no other."""
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
        try:
            found = self.deadline.resolve(host, port)
        except OSError:
            if not proxy:
                raise
            found = []
        refused = sorted({str(address[0]) for *_, address in found if not self._may_reach(str(address[0]))})
        if refused:
            raise PrivateAddressError(
                f"{shown(parts.geturl())} leads to {', '.join(refused)}, which is no machine of the public internet"
            )
        if proxy:
            return self._by_proxy(proxy, parts, host, port)
        return self._connection(parts.scheme, host, port, found)

    def _may_reach(self, text: str) -> bool:
        return is_public(text) or is_within(text, self.private)

    def _connection(self, scheme: str, host: str, port: int, found: Any) -> HTTPConnection:
        silence_s = self.limits.silence_s
        if scheme == "https":
            made: HTTPConnection = HTTPSConnection(host, port, timeout=silence_s, context=ssl.create_default_context())
        else:
            made = HTTPConnection(host, port, timeout=silence_s)
        vars(made)["_create_connection"] = lambda *_: self.deadline.connect(found, silence_s)
        return made

    def _by_proxy(self, proxy: str, parts: SplitResult, host: str, port: int) -> HTTPConnection:
        """Through the proxy's tunnel, for plain addresses too; the proxy's own address is the operator's choice."""
        at = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        try:
            proxy_host, proxy_port = at.hostname or "", at.port or 80
        except ValueError:
            proxy_host, proxy_port = "", 80
        if at.scheme != "http" or not proxy_host:
            raise PermanentError(f"the proxy that is set for {parts.scheme} addresses is no http address")
        login = {}
        if at.username is not None:
            words = f"{unquote(at.username)}:{unquote(at.password or '')}".encode()
            login = {"Proxy-Authorization": f"Basic {base64.b64encode(words).decode()}"}
        made = self._connection(parts.scheme, host, port, self.deadline.resolve(proxy_host, proxy_port))
        made.set_tunnel(host, port, headers=login)
        return made


def _unpacked(content: bytes, encoding: str, address: str, most: int) -> bytes:
    """The content itself, at most one byte more than is allowed: a small file can unpack to all of the memory."""
    if encoding == "identity" or len(content) > most:
        return content
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise PermanentError(f"{shown(address)} is packed in a way that nobody asked for ({encoding[:20]!r})")
    unpacking = zlib.decompressobj(wbits=47)  # gzip or zlib, by its head
    try:
        plain = unpacking.decompress(content, most + 1)
    except zlib.error as error:
        raise PermanentError(
            f"{shown(address)} should be packed by {encoding} and cannot be unpacked ({error})"
        ) from None
    if len(plain) <= most and not unpacking.eof:
        raise PermanentError(f"{shown(address)} should be packed by {encoding} and ends too early")
    return plain


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_UNQUOTED)
    return f"{path}?{quote(parts.query, safe=_UNQUOTED)}" if parts.query else path
