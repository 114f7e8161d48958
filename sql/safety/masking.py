"""Masking: the one place that takes secrets out of what is printed, logged or stored.

Here: the secret values that this process has registered, every spelling in which they may come back, and the patterns
of secrets that were not registered. Every reader of secrets registers them: settings, key rings, the private server.
Not here: where texts are caught on their way out (logs.py for logs and tracebacks, pipelines for people and Dagster).
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

# Shorter values stand in too many other words; in a URL or a pair they are masked all the same.
SHORTEST = 4
SHORTEST_WITHIN = 8

# Passwords of examples that are also names of ours: masked in URLs and pairs only, or no message could be read.
COMMON = frozenset({"earshot", "earshot_dagster", "postgres", "postgresql", "dagster", "password", "localhost"})

# Up to the last @, because a password may hold one that was not encoded; a port with its path is no password.
_IN_URL = re.compile(r"(?<=//)([^:/@\s]*):(?!\d+(?:[/?#\s]|$))(\S*)@")
_IN_PAIRS = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|token)\s*(?:=>?|%3D|:(?!/))\s*)"
    r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s&]+)"
)
_IN_JSON = re.compile(
    r"""(?i)(["'](?:\w*password|\w*secret|api_?key)["']\s*:\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
)
_IN_HEADERS = re.compile(r"(?i)\b(bearer\s+|authorization\s*:\s*\w+\s+|auth\s+(?:plain|login)\s+)[\w.~+/-]{8,}=*")
_SENDGRID = re.compile(r"\bSG\.[\w-]{8,}\.[\w-]{8,}")

_REST = re.compile(r"^[^/]*//(.*)$", re.DOTALL)
_QUERY = re.compile(r"(?i)[?&]\w*(?:password|passwd|secret|token|api_?key|signature|credential)\w*=([^&#]*)")
_CONNINFO = re.compile(r"(?is)(?:^|[\s?&])(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|.*?(?=\s+\w+\s*=|$))")
# Where a parser cuts a password that was not encoded, and repeats the pieces in its messages.
_CUTS = re.compile(r"[@:/?#&=\s'\"\\]+")
_GOOD_ESCAPES = re.compile(r"^(?:[^%]|%[0-9A-Fa-f]{2})*$")

_spellings: tuple[str, ...] = ()
_lock = threading.Lock()


def register_secret(*values: str | bytes | None) -> None:
    """Mask these values from now on, in every spelling. None and values as short as a word are ignored."""
    found = {spelling for value in values if value for spelling in _spellings_of(value)}
    _add({each for each in found if len(each) >= SHORTEST and each.lower() not in COMMON})


def register_url(text: str | None) -> None:
    """Mask the passwords of a URL or of key=value pairs from now on, however badly they are written."""
    if text:
        register_secret(*_secrets_in(text))


def masked(text: str) -> str:
    """The text with every known secret, and every password of a URL or a pair, replaced by ***."""
    for spelling in _spellings:
        if spelling in text:
            text = text.replace(spelling, MASK)
    text = _IN_URL.sub(rf"\1:{MASK}@", text)
    for pattern in (_IN_PAIRS, _IN_JSON, _IN_HEADERS):
        text = pattern.sub(rf"\1{MASK}", text)
    return _SENDGRID.sub(MASK, text)


def _add(found: set[str]) -> None:
    global _spellings
    if found.issubset(_spellings):
        return
    with _lock:
        # The longest first: a piece must not break the whole that it is a piece of.
        _spellings = tuple(sorted({*_spellings, *found}, key=lambda each: (-len(each), each)))


def _spellings_of(value: str | bytes) -> Iterator[str]:
    if isinstance(value, bytes):
        yield from (value.hex(), value.hex().upper(), repr(value)[2:-1], base64.b64encode(value).decode())
        return
    bare = value.strip()
    for each in {value, bare, unquote(bare), unquote_plus(bare), *(line.strip() for line in value.splitlines())}:
        raw = each.encode("utf-8", "surrogatepass")
        encoded = (quote(raw, safe=""), quote(raw, safe="/"), quote_plus(raw))
        yield from (
            each,
            each.lower(),
            each.upper(),
            *encoded,
            *(_lower_escapes(text) for text in encoded),
            quote(encoded[0]),
        )
        yield from (html.escape(each), html.escape(each, quote=False), each.replace("'", "''"))
        yield from (json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1])
        yield from (repr(each)[1:-1], ascii(each)[1:-1], repr(repr(each))[2:-2], repr(raw)[2:-1])
        yield from (shlex.quote(each), shlex.quote(each).strip("'"))
        yield from (each.replace("'", "\\'"), each.replace("\\", "\\\\").replace("'", "\\'"))
        yield from (raw.hex(), raw.hex().upper(), json.dumps(json.dumps(each))[3:-3])
        yield from _within_base64(raw)
        yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("="))


def _within_base64(raw: bytes) -> Iterator[str]:
    """What of it stands in the base64 of something longer, such as "login:password", wherever it begins there."""
    if len(raw) >= SHORTEST_WITHIN:
        for before, cut in ((0, 0), (1, 2), (2, 3)):
            whole = (before + len(raw)) // 3 * 4
            yield base64.b64encode(bytes(before) + raw).decode()[cut:whole]


def _lower_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), text)


def _secrets_in(text: str) -> Iterator[str]:
    """Passwords in a URL or in pairs; of one that is badly written also the pieces that a parser cuts it into."""
    for found in _QUERY.finditer(text):
        yield found.group(1)
    pairs = [found.group(1) for found in _CONNINFO.finditer(text)]
    for pair in pairs:
        yield pair.strip("'")
        yield from _CUTS.split(pair)
    url = _REST.match(text)
    if url is None and pairs:
        return
    rest = url.group(1) if url else text
    login, at, _ = rest.rpartition("@")
    if not at:
        # Without an @, what follows the colon is a port, or a password whose host was forgotten.
        after = rest.partition(":")[2]
        if ":" in rest.partition("/")[0] and not re.match(r"\d*(?:[/?#]|$)", after):
            yield after
            yield from _CUTS.split(after)
        return
    password = login.partition(":")[2]
    yield password
    if _CUTS.search(password) or not _GOOD_ESCAPES.match(password):
        yield from _CUTS.split(password)
        yield from re.split(r"[%@:/?#\s]+", password)
