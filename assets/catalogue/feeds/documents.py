"""Documents: the bytes of a feed as well-formed XML, however they arrived.

Here: refusing what is no feed or may do harm (HTML, entities, depth), mending what is not well-formed, and what the
podcast namespace says, which the parser of feeds does not read.
Not here: requests (fetching.py), what a feed says in its own words (reading.py).

Mended through libxml2, which reads on behind what is broken in time that grows with the length; the parser of feeds has
a way of its own for that, whose time grows with its square (nine seconds for 200 kB of "<"), so it is never given one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lxml import etree

from sql.values import PermanentError

PODCAST = "https://podcastindex.org/namespace/1.0"
# Earlier addresses of the same name space, which feeds still have.
_OLDER = ("https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",)
_BY_PREFIX = {"podcast": PODCAST, "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd"}

# What a feed begins with: RSS 0.9 to 2.0, RSS 1.0, Atom.
ROOTS = ("rss", "rdf", "feed")

# Text for people, which nothing here is made of and which is nine tenths of most feeds.
_LONG = ("description", "encoded", "summary", "content", "transcript", "chapters")

_HEAD_BYTES = 4096
_END = re.compile(rb"</\s*(?:\w+:)?(?:rss|rdf|feed)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
_BARE_AMPERSAND = re.compile(rb"&(?!#?[0-9A-Za-z]+;)")
# A character beyond 16 bits, as programs write it that know its two halves alone.
_HALF = re.compile(rb"&#(?:[xX]([dD][89A-Fa-f][0-9A-Fa-f]{2})|(5[5-7]\d{3}));")
_HALVES = re.compile(rb"(?:" + re.sub(rb"\((?!\?)", b"(?:", _HALF.pattern) + rb")+")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another file of the same episode: podcast:alternateEnclosure."""

    url: str
    media_type: str | None
    length: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A feed as XML that is well-formed.

    xml: without long texts; items: how many it has, in their order in alternates
    guid, locked, medium: of the podcast namespace, as the feed says them
    """

    xml: bytes
    guid: str | None
    locked: str | None
    medium: str | None
    alternates: tuple[tuple[Alternate, ...], ...]
    notes: tuple[str, ...] = field(default=())


def read_document(content: bytes, charset: str | None = None) -> Document:
    """The document of these bytes. charset: as the server says; what the document says itself comes first.

    Raises PermanentError, in words that follow "the feed", for what is no feed, has entities of its own, or ends early.
    """
    _refuse_others(content)
    root, is_mended = _parse(content, charset)
    name = etree.QName(root).localname.lower() if isinstance(root.tag, str) else ""
    if name not in ROOTS:
        raise PermanentError(f"is no RSS or Atom feed: it begins with <{name[:40]}>")
    if is_mended and not _END.search(content[-2000:]):
        raise PermanentError("ends in the middle; its server may have been interrupted")
    _resolve_names(root)
    _resolve_bases(root)
    live = _remove(root, ("liveItem",), PODCAST)
    alternates = tuple(tuple(_alternates(item)) for item in _items(root))
    guid, locked, medium = (_said(root, tag) for tag in ("guid", "locked", "medium"))
    _remove(root, _LONG)
    notes = ["is not well-formed XML and was read as far as possible"] if is_mended else []
    notes += [f"has {live} live item(s), which are no episodes yet"] if live else []
    return Document(etree.tostring(root, encoding="utf-8"), guid, locked, medium, alternates, tuple(notes))


def _refuse_others(content: bytes) -> None:
    if not content.strip():
        raise PermanentError("is empty")
    head = content[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", head, re.DOTALL):
        raise PermanentError("is a web page (HTML), and no feed: look for the address of the feed on it")
    if head.startswith((b"{", b"[")):
        raise PermanentError("is JSON, and no RSS or Atom feed")
    # UTF-16 and UTF-32 have these letters with zeros between them.
    if _ENTITY.search(content.replace(b"\0", b"")):
        raise PermanentError("declares entities of its own, which feeds have no use for and attacks are made of")


def _parse(content: bytes, charset: str | None) -> tuple[etree._Element, bool]:
    """The root, and whether something had to be mended."""
    strict = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(content, strict), False
    except etree.XMLSyntaxError:
        pass
    encoding = None if _DECLARED.search(content[:_HEAD_BYTES]) else charset or _undeclared(content)
    try:
        lenient = etree.XMLParser(
            recover=True,
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
            encoding=encoding,
        )
        root = etree.fromstring(_HALVES.sub(_whole, _BARE_AMPERSAND.sub(b"&amp;", content.lstrip())), lenient)
    except LookupError:  # no such charset
        return _parse(content, None)
    except etree.XMLSyntaxError as error:
        raise PermanentError(f"cannot be read as XML ({str(error)[:100]})") from None
    if root is None:
        raise PermanentError("cannot be read as XML: nothing in it is an element")
    for entity in list(root.iter(etree.Entity)):
        _replace_by_text(entity)
    return root, True


def _undeclared(content: bytes) -> str | None:
    """The encoding of a document that names none and is not in the UTF-8 that it should be, in not one letter of it."""
    beyond = [sign for sign in content.decode("utf-8", "surrogateescape") if sign > "\x7f"]
    return "windows-1252" if beyond and all("\udc80" <= sign <= "\udcff" for sign in beyond) else None


def _whole(halves: re.Match[bytes]) -> bytes:
    """References to halves of characters as references to the characters; one alone would spoil the encoding."""
    units = [int(digits, 16) if digits else int(number) for digits, number in _HALF.findall(halves[0])]
    text = b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", errors="replace")
    return "".join(f"&#{ord(sign)};" for sign in text).encode()


def _resolve_bases(root: etree._Element) -> None:
    """Relative addresses of files against the xml:base around them (XML Base, section 4)."""
    for element in root.iter(etree.Element):
        base = element.base if etree.QName(element).localname in ("enclosure", "link") else None
        for name in ("url", "href"):
            if base and element.get(name):
                with suppress(ValueError):
                    element.set(name, urljoin(base, element.get(name, "").strip()))


def _replace_by_text(entity: etree._Entity) -> None:
    """Names such as &nbsp;, which HTML has and XML has not, by their character."""
    character = html.unescape(entity.text or "")
    text = "" if character.startswith("&") else character
    parent, before = entity.getparent(), entity.getprevious()
    if parent is None:
        return
    text += entity.tail or ""
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
    entity.tail = None
    parent.remove(entity)


def _resolve_names(root: etree._Element) -> None:
    """Prefixes that nothing declares, and older addresses of the podcast namespace, as what they stand for."""
    for element in root.iter(etree.Element):
        tag = str(element.tag)
        if not tag.startswith("{") and ":" in tag:
            prefix, _, local = tag.partition(":")
            space = _BY_PREFIX.get(prefix.lower())
            element.tag = f"{{{space}}}{local}" if space else f"{prefix}_{local}".replace(":", "_")
        elif tag.startswith(tuple(f"{{{older}}}" for older in _OLDER)):
            element.tag = f"{{{PODCAST}}}{etree.QName(element).localname}"
        for name in [name for name in element.attrib if ":" in str(name) and not str(name).startswith("{")]:
            del element.attrib[name]


def _items(root: etree._Element) -> Iterator[etree._Element]:
    for element in root.iter(etree.Element):
        if etree.QName(element).localname in ("item", "entry"):
            yield element


def _remove(root: etree._Element, names: tuple[str, ...], space: str | None = None) -> int:
    """Remove the elements of these names, of the name space or of any; returns how many."""
    found = [
        element
        for element in root.iter(etree.Element)
        if etree.QName(element).localname in names and (space is None or etree.QName(element).namespace == space)
    ]
    for element in found:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    return len(found)


def _said(root: etree._Element, name: str) -> str | None:
    """What the channel says under a name of the podcast namespace."""
    channel = next((child for child in root.iter(etree.Element) if etree.QName(child).localname == "channel"), root)
    found = channel.find(f"{{{PODCAST}}}{name}")
    text = " ".join((found.text or "").split()) if found is not None else ""
    return text[:200] or None


def _alternates(item: etree._Element) -> Iterator[Alternate]:
    for enclosure in item.iterfind(f"{{{PODCAST}}}alternateEnclosure"):
        for source in enclosure.iterfind(f"{{{PODCAST}}}source"):
            uri = (source.get("uri") or "").strip()
            if uri.lower().startswith(("http://", "https://")):
                kind = source.get("contentType") or enclosure.get("type")
                yield Alternate(uri, kind, enclosure.get("length"))
