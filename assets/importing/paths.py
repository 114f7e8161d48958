"""Paths: from the path or URL in a log to the media file that it means.

Here: the spellings under which a request may name a file, the look-up, and the nearest file of a path that has none.
Not here: files that are not in the catalogue; their requests have no episode and are judged later (dispositions.py).

Servers, CDNs and proxies escape what they log once, twice or not at all, and no log says how often. So the catalogue is
consulted after each decoding, the form that was logged first: a file that is really named 100%25.mp3 is found by it,
and so is one that is named a;b.mp3 or a#b.mp3.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import normpath
from urllib.parse import unquote

import polars as pl
from rapidfuzz import fuzz, process

from assets.importing.versions import FileVersions, separate_versions

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)

# A segment that names a host, as prefix services put the next address into their path: op3.dev/e/media.example.com/...
# Names outside ASCII stand there as people write them, or in the spelling of the DNS; a bare address needs its port, as
# 1.2.3.4 may be the version of a program.
HOST = re.compile(
    r"^(?:(?:[\w-]+\.)+(?P<last>[a-z]{2,24}|xn--[a-z0-9-]+)(?::\d+)?|(?:\d{1,3}\.){3}\d{1,3}:\d+)$", re.IGNORECASE
)

# What ends like a host and is a file: podtrac's redirect.mp3 is the classic.
FILE_ENDINGS = frozenset(
    {
        *("mp3", "m4a", "mp4", "m4b", "m4v", "aac", "ogg", "oga", "ogv", "opus", "wav", "flac", "aif", "aiff", "wma"),
        *(
            "mka",
            "mkv",
            "avi",
            "mpg",
            "mpeg",
            "mpga",
            "weba",
            "webm",
            "mov",
            "xml",
            "html",
            "txt",
            "jpg",
            "jpeg",
            "png",
        ),
        *("ico", "php", "css", "js", "json", "gif", "svg", "pdf", "srt", "vtt", "rss"),
    }
)

# What stands before the guid of an episode where a source names the episode and no path. No path begins like it.
GUID = "guid:"

# nginx writes bytes that are no ASCII as \xC3\xBC and a quote as \x22, Apache a quote as \", programs in C \303\274,
# and JSON that was escaped twice \u00fc. IIS has %u00fc.
ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\([0-3][0-7]{2})|\\u([0-9A-Fa-f]{4})|\\([\"\\])")
PERCENT_U = re.compile(r"%u([0-9A-Fa-f]{4})", re.IGNORECASE)

# An escape that was escaped, and that again: nobody does it more often.
MOST_DECODINGS = 4

# What servers take for the names of files: parameters of a path, such as ;jsessionid=0A1B, are not among them.
PARAMETERS = re.compile(r";[^/]*")

# What stands in a log for each letter of Windows-1252, of which Latin-1 is a part, that was logged as its bare byte.
UNREAD = "\ufffd"
AS_UNREAD = str.maketrans(dict.fromkeys(bytes(range(128, 256)).decode("cp1252", "ignore"), UNREAD))

# The signs that Windows-1252 has in the place of control characters of Latin-1, as these.
AS_LATIN = {ord(sign): code for code in range(128, 160) if (sign := bytes([code]).decode("cp1252", "ignore"))}

Ids = tuple[object, object, object]


def _read_as_latin(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, as the letters of Windows-1252 that they are then."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


def _keep_escaped(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, as percent escapes."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("earshot-latin", _read_as_latin)
codecs.register_error("earshot-escaped", _keep_escaped)


def guid_target(guid: pl.Expr) -> pl.Expr:
    """The target of a row that names an episode by its guid."""
    return pl.lit(GUID) + guid


def without_query(target: pl.Expr) -> pl.Expr:
    """The target without query and fragment; that of a guid as it is."""
    return pl.when(target.str.starts_with(GUID)).then(target).otherwise(target.str.extract(r"^([^?#]*)"))


def without_listener(target: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """The target without its query, unless it is one of these names of files; that of a guid as it is.

    No browser sends a fragment, so where a log has one it is a part of the name, or of what a broken program asked for.
    """
    is_name = target.str.starts_with(GUID) | target.is_in(list(names))
    return pl.when(is_name).then(target).otherwise(target.str.extract(r"^([^?]*)"))


def bare_path(target: str) -> str:
    """The path alone, not decoded: no scheme and host, no query, no fragment, one slash in front, none doubled."""
    return _single_slashes(re.split("[?#]", SCHEME.sub("", target.strip()), maxsplit=1)[0])


def _whole_path(target: str) -> str:
    """The same with what may be a fragment, and may be the end of a name."""
    return _single_slashes(SCHEME.sub("", target.strip()).split("?", 1)[0])


def _single_slashes(path: str) -> str:
    return "/" + "/".join(segment for segment in path.split("/") if segment)


def clean_path(target: str) -> str:
    """The path alone, decoded once, but for what could not be told from something else then: signs that would end it or
    stand for a space, and bytes that are no UTF-8.
    """
    path = re.sub("%2B", "%252B", _whole_path(target), flags=re.IGNORECASE)
    decoded = unquote(path, errors="earshot-escaped").replace("\x00", "%00")
    return bare_path(decoded.replace("?", "%3F").replace("#", "%23"))


def _decoded(path: str) -> str:
    """The path with one layer of percent escapes undone; NUL becomes U+FFFD."""
    return unquote(path, errors="earshot-latin").replace("\x00", UNREAD) if "%" in path else path


def decodings(path: str) -> Iterator[str]:
    """The path as it is, and then what it becomes when one more layer of escapes is undone, until none is left.

    The escapes of a server's log come first, then percent escapes, of UTF-8 or Latin-1; last, UTF-8 that was read as
    Latin-1, and plus signs that stand for spaces.
    """
    seen = [path]
    if "\\" in path:
        seen.append(_unescaped(path))
    while "%" in seen[-1] and len(seen) < MOST_DECODINGS + 2 and (decoded := _decoded(seen[-1])) != seen[-1]:
        seen.append(decoded)
    yield from seen
    if "%u" in path.lower():
        yield _decoded(PERCENT_U.sub(lambda match: _character(match[1]), path))
    yield from (again for each in seen if not each.isascii() and (again := _read_as_utf8(each)) is not None)
    if "+" in path:
        yield from (each.replace("+", " ") for each in seen if "+" in each)


def _unescaped(path: str) -> str:
    def plain(match: re.Match[bytes]) -> bytes:
        of_byte, octal, of_character, plain_sign = match.groups()
        if of_byte or octal:
            return bytes.fromhex(of_byte.decode()) if of_byte else bytes([int(octal, 8)])
        return _character(of_character.decode()).encode() if of_character else plain_sign

    return ESCAPED.sub(plain, path.encode()).decode("utf-8", errors="earshot-latin").replace("\x00", UNREAD)


def _character(digits: str) -> str:
    """The character of four hex digits; half of a pair is none."""
    return chr(int(digits, 16)).encode("utf-8", errors="replace").decode().replace("\x00", "\ufffd")


def _read_as_utf8(path: str) -> str | None:
    """The path whose UTF-8 was read as Latin-1 or Windows-1252, as in `Ã©`; None where it was not."""
    try:
        return path.translate(AS_LATIN).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def spellings(path: str) -> Iterator[str]:
    """The paths that a path may mean, most literal first: as it stands, then behind each host inside it."""
    clean = _single_slashes(path)
    yield clean
    segments = clean.split("/")[1:]
    for place, segment in enumerate(segments[:-1]):
        if is_host(segment):
            yield "/" + "/".join(segments[place + 1 :])


@dataclass(frozen=True, slots=True)
class MediaPaths:
    """The media files of one tenant by their path, and its episodes by their guid.

    exact:   by the path as the catalogue has it
    decoded: by that path with its escapes undone and its accents composed, where no other file has it
    unread:  by that with U+FFFD for each letter outside ASCII, where no other file has it
    Two files with one path, which differ in their host alone, cannot be distinguished in a log and match nothing. Nor
    do two episodes with one guid. An episode with several files is known without its file.
    """

    exact: Mapping[str, Ids] = field(repr=False)
    decoded: Mapping[str, Ids] = field(repr=False)
    unread: Mapping[str, Ids] = field(default_factory=dict, repr=False)
    versions: FileVersions = field(default_factory=FileVersions, repr=False)

    @classmethod
    def of(cls, media: pl.DataFrame) -> MediaPaths:
        """media: path, podcast_id, episode_id, asset_id; guid, and part_of, where rows may name episodes, not paths;
        replaced_at, where files have taken the place of others under one path; older_guids, where these changed."""
        media, versions = separate_versions(media)
        files = list(media.select("path", "podcast_id", "episode_id", "asset_id").iter_rows())
        exact = _unambiguous((path, ids) for stored, *ids in files for path in _catalogue_paths(stored))
        plain = [(_composed(_decoded(path)), ids) for stored, *ids in files for path in _catalogue_paths(stored)]
        decoded = _unambiguous(iter(plain))
        unread = _unambiguous((found, ids) for path, ids in plain if UNREAD in (found := path.translate(AS_UNREAD)))
        named = exact | _by_guids(_current(media)) if "guid" in media.columns else exact
        return cls(named, decoded, unread, versions)

    def names_with_query(self) -> list[str]:
        """The paths of files whose names look as if they had a query."""
        return [path for path in self.exact if "?" in path and not path.startswith(GUID)]

    def find(self, target: str) -> Ids | None:
        """podcast, episode and asset of the target; None if the catalogue has no such file."""
        if target in self.exact or target.startswith(GUID):
            return self.exact.get(target)
        paths = list(decodings(_whole_path(target)))
        for mends in ((), MENDS, LAST_MENDS):
            for mend in mends:
                paths += [mended for each in paths if (mended := mend(each)) != each]
            found = self._among([form for each in paths for form in spellings(each)])
            if found is not None:
                return found
        return None

    def _among(self, forms: list[str]) -> Ids | None:
        """The file of the first form that is one's path, else of the first that is one's path but for escapes."""
        found = next((self.exact[path] for path in forms if path in self.exact), None)
        if found is None:
            composed = [_composed(path) for path in forms]
            found = next((self.decoded[path] for path in composed if path in self.decoded), None)
            if found is None and self.unread:
                found = next((self.unread[path] for path in composed if path in self.unread), None)
        return found

    def match(self, targets: pl.Series) -> pl.DataFrame:
        """One row per distinct target that is known: target, podcast_id, episode_id, asset_id."""
        found = [(target, *ids) for target in targets.drop_nulls().unique() if (ids := self.find(target)) is not None]
        schema = {"target": pl.String, "podcast_id": pl.Binary, "episode_id": pl.Binary, "asset_id": pl.Binary}
        return pl.DataFrame(found, schema=schema, orient="row")

    def nearest(self, path: str) -> str | None:
        """The file of the catalogue whose path is most like this one; None where none is like it."""
        found = process.extractOne(path, list(self.decoded), scorer=fuzz.ratio, score_cutoff=60)
        return None if found is None else str(found[0])


def _unambiguous(files: Iterator[tuple[str, list[object]]]) -> dict[str, Ids]:
    """The files by their paths, without the paths that two of them have."""
    rows: dict[str, Ids] = {}
    doubled: set[str] = set()
    for path, (podcast, episode, asset) in files:
        if path in rows and rows[path] != (podcast, episode, asset):
            doubled.add(path)
        rows[path] = (podcast, episode, asset)
    return {path: ids for path, ids in rows.items() if path not in doubled}


def _current(media: pl.DataFrame) -> pl.DataFrame:
    return media.filter(pl.col("replaced_at").is_null()) if "replaced_at" in media.columns else media


def _by_guids(media: pl.DataFrame) -> dict[str, Ids]:
    """The episodes by each of their guids. Where an episode has one that was another's before, it is that one's now."""
    if "older_guids" not in media.columns:
        return _by_guid(media)
    before = media.drop("guid").explode("older_guids").drop_nulls("older_guids").rename({"older_guids": "guid"})
    return _by_guid(before) | _by_guid(media)


def _by_guid(media: pl.DataFrame) -> dict[str, Ids]:
    """The episodes by the target that names their guid, with their file if they have one alone."""
    wholes = media.filter(pl.col("part_of").is_null()) if "part_of" in media.columns else media
    episodes = wholes.group_by("guid").agg(
        pl.col("podcast_id", "episode_id", "asset_id").first(),
        pl.col("episode_id").n_unique().alias("_episodes"),
        pl.len().alias("_files"),
    )
    return {
        GUID + guid: (podcast, episode, asset if files == 1 else None)
        for guid, podcast, episode, asset, count, files in episodes.iter_rows()
        if count == 1
    }


def _catalogue_paths(path: str) -> Iterator[str]:
    """A path of the catalogue, which may be written with its host and without a scheme.

    One with ? or # in it has a query, or is the name of a file with such a sign: it is known by both.
    """
    first, _, rest = path.strip().partition("/")
    here = "/" + rest if rest and is_host(first) else path.strip()
    yield bare_path(here)
    if ("?" in here or "#" in here) and not SCHEME.match(here):
        yield "/" + "/".join(segment for segment in here.split("/") if segment)


def _without_end(path: str) -> str:
    """A query that was escaped together with its path is still none of the file's name; nor is a blank at the end."""
    return re.split("[?#]", path, maxsplit=1)[0].rstrip()


def _without_dots(path: str) -> str:
    """What /./ and /../ lead to (RFC 3986, section 5.2.4), as servers see it."""
    return normpath(path) if "/." in path else path


def _without_parameters(path: str) -> str:
    return PARAMETERS.sub("", path)


def _with_slashes(path: str) -> str:
    """As browsers and Windows read backslashes."""
    return path.replace("\\", "/")


MENDS: tuple[Callable[[str], str], ...] = (_without_end, _without_dots)
LAST_MENDS: tuple[Callable[[str], str], ...] = (_with_slashes, _without_parameters, _without_dots)


def _composed(path: str) -> str:
    """Accented letters as one sign each: macOS names files with two."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def is_host(segment: str) -> bool:
    """Whether a part of a path names a host; a file that ends like one is none."""
    match = HOST.match(segment)
    return match is not None and (match.group("last") or "").lower() not in FILE_ENDINGS
