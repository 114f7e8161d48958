"""Fetching: a file from a web address, for a command that brings rules up to date.

Here: the one way to read an address: which are taken, to which machines, how many redirects are followed, how much
and how long is read, and the message when it fails.
Not here: what the files mean (rulesets.py, networks.py).

The standard library's client, and not requests, httpx or urllib3, for two things that none of them does:

- It connects to the address that was checked. They look the name up again when they connect, so that a name server
  which gives another address then leads to a machine of the private network. Setting the address beforehand means to
  replace their connections, redirects and proxies, which is what this module consists of.
- It ends in time. Measured with a server that sends a byte every 0.2 s for 8 s, with every limit at 1 s: requests 2.34,
  urllib3 2.8 (total=1) and httpx 0.28 read on for 8 s, because their limit begins anew with each read; this one ended
  after 1.0 s.

Nothing is retried: an operator waits for the command, and the message says to run it again. A proxy that is set for the
process is used; then it is the proxy that looks names up, as far as this machine cannot.
"""

from __future__ import annotations

import base64
import re
import ssl
import zlib
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from pipelines.rules.public_addresses import is_public
from reports.delivery.deadline import Deadline
from sql.values import EarshotError, PermanentError

# Seconds for a server to answer or to go on, and for everything together; a list is a few hundred kilobytes.
SILENCE_S = 20.0
TOTAL_S = 60.0

# The longest list of the OPAWG set and the published ranges are below 1 MB each; ten times that is no such file.
MOST_BYTES = 10_000_000
MOST_REDIRECTS = 5

HEADERS = {"User-Agent": "earshot", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_REDIRECTS = (301, 302, 303, 307, 308)
_KEPT_IN_TARGETS = "/?&=%:@!$'()*+,;~[]-._"


class RulesUnavailableError(EarshotError):
    """The server of a rule set did not answer; trying again may help."""


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
        raise PermanentError("a web address with a password in it would stand in the record of changes: leave it out")
    return parts


def shown(address: str) -> str:
    """The address as messages and records show it: without a login, and without what may be a key in its query."""
    bare = re.sub(r"(?<=//)[^/?#]*@", "", address)
    head, mark, _ = bare.partition("?")
    return f"{head}?..." if mark else head.partition("#")[0]


def fetch(address: str, allow_private: bool = False, total_s: float = TOTAL_S) -> bytes | None:
    """The file, None where there is none. Raises RulesUnavailableError or PermanentError.

    allow_private: addresses of this machine and its networks may be fetched from.
    """
    with Deadline(total_s) as deadline:
        try:
            return _follow(address, allow_private, deadline)
        except (OSError, HTTPException) as error:
            reason = deadline.blame(error)
            # An error of the standard library may quote the address with its query.
            message = str(getattr(reason, "reason", reason)).replace(address, shown(address)) or type(reason).__name__
            raise RulesUnavailableError(
                f"{shown(address)} could not be read ({message}); nothing was changed. Try again later, or name a file "
                "or folder"
            ) from None


def _follow(address: str, allow_private: bool, deadline: Deadline) -> bytes | None:
    for _ in range(MOST_REDIRECTS + 1):
        parts = check_address(address)
        connection = _open(parts, allow_private, deadline)
        try:
            connection.request("GET", _target(parts), headers=HEADERS)
            with connection.getresponse() as response:
                if response.status not in _REDIRECTS:
                    return _content(response, address, deadline)
                address = _next(address, response.headers.get("Location"))
        finally:
            connection.close()
    raise RulesUnavailableError(f"{shown(address)}: more than {MOST_REDIRECTS} redirects; nothing was changed")


def _next(address: str, location: str | None) -> str:
    if not location:
        raise RulesUnavailableError(f"{shown(address)} leads nowhere; nothing was changed")
    try:
        following = urljoin(address, location)
    except ValueError:
        following = location
    if check_address(following).scheme == "http" and urlsplit(address).scheme == "https":
        raise PermanentError(
            f"{shown(address)} leads to {shown(following)}, which is not encrypted; nothing was changed"
        )
    return following


def _content(response: HTTPResponse, address: str, deadline: Deadline) -> bytes | None:
    if response.status in (404, 410):
        return None
    if response.status != 200:
        raise RulesUnavailableError(f"{shown(address)} answered with status {response.status}; nothing was changed")
    content = response.read(MOST_BYTES + 1)
    if len(content) <= MOST_BYTES and (response.length or deadline.expired):
        raise OSError("the answer ended before it was whole")
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    content = _unpacked(content, encoding, address)
    if len(content) > MOST_BYTES:
        raise PermanentError(f"{shown(address)} is longer than {MOST_BYTES:,} bytes: it is no list of rules")
    return content


def _unpacked(content: bytes, encoding: str, address: str) -> bytes:
    """The content itself, at most one byte more than is allowed: a small file can unpack to all of the memory."""
    if encoding == "identity" or len(content) > MOST_BYTES:
        return content
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise PermanentError(f"{shown(address)} is packed in a way that nobody asked for ({encoding[:20]!r})")
    unpacking = zlib.decompressobj(wbits=47)  # gzip or zlib, by its head
    try:
        plain = unpacking.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise PermanentError(
            f"{shown(address)} should be packed by {encoding} and cannot be unpacked ({error})"
        ) from None
    if len(plain) <= MOST_BYTES and not unpacking.eof:
        raise PermanentError(f"{shown(address)} should be packed by {encoding} and ends too early")
    return plain


def _open(parts: SplitResult, allow_private: bool, deadline: Deadline) -> HTTPConnection:
    """A connection that will be made to addresses that are looked up here and now, and to no other."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    try:
        found = deadline.resolve(host, port)
    except OSError:
        if not proxy:
            raise
        found = []
    private = sorted({str(address[0]) for *_, address in found if not is_public(str(address[0]))})
    if private and not allow_private:
        raise PermanentError(
            f"{shown(parts.geturl())} leads to {', '.join(private)}, which is no machine of the public internet; "
            "nothing was changed. If it is one of yours, allow it with --allow-private"
        )
    if proxy:
        return _by_proxy(proxy, parts, host, port, deadline)
    return _connection(parts.scheme, host, port, found, deadline)


def _connection(scheme: str, host: str, port: int, found: Any, deadline: Deadline) -> HTTPConnection:
    if scheme == "https":
        made: HTTPConnection = HTTPSConnection(host, port, timeout=SILENCE_S, context=ssl.create_default_context())
    else:
        made = HTTPConnection(host, port, timeout=SILENCE_S)
    vars(made)["_create_connection"] = lambda *_: deadline.connect(found, SILENCE_S)
    return made


def _by_proxy(proxy: str, parts: SplitResult, host: str, port: int, deadline: Deadline) -> HTTPConnection:
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
    made = _connection(parts.scheme, host, port, deadline.resolve(proxy_host, proxy_port), deadline)
    made.set_tunnel(host, port, headers=login)
    return made


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_KEPT_IN_TARGETS)
    return f"{path}?{quote(parts.query, safe=_KEPT_IN_TARGETS)}" if parts.query else path
