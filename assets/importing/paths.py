"""Paths: from the path or URL in a log to the media file that it means.

Here: the spellings under which a request may name a file, and the look-up.
Not here: files that are not in the catalogue; their requests have no episode and are judged later (dispositions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from assets.importing.requests import percent_decoded

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)

# A segment that names a host, as prefix services put the next address into their path: op3.dev/e/media.example.com/...
HOST = re.compile(r"^(?:[a-z0-9-]+\.)+(?P<last>[a-z]{2,24})(?::\d+)?$", re.IGNORECASE)

# What ends like a host and is a file: podtrac's redirect.mp3 is the classic.
FILE_ENDINGS = frozenset({"mp3", "m4a", "mp4", "m4b", "aac", "ogg", "oga", "opus", "wav", "flac", "mov", "xml", "html"})

# What stands before the guid of an episode where a source names the episode and no path. No path begins like it.
GUID = "guid:"


def guid_target(guid: pl.Expr) -> pl.Expr:
    """The target of a row that names an episode by its guid."""
    return pl.lit(GUID) + guid


def clean_path(target: str) -> str:
    """The path alone, decoded: no scheme and host, no query, no fragment, one slash in front, none doubled."""
    bare = SCHEME.sub("", target.strip()).split("?", 1)[0].split("#", 1)[0]
    return "/" + "/".join(segment for segment in percent_decoded(bare).split("/") if segment)


def spellings(target: str) -> Iterator[str]:
    """The paths that a request may mean, most literal first: as it stands, then behind each host inside it."""
    path = clean_path(target)
    yield path
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments[:-1]):
        if _is_host(segment):
            yield "/" + "/".join(segments[place + 1 :])


@dataclass(frozen=True, slots=True)
class MediaPaths:
    """The media files of one tenant by their path, and its episodes by their guid.

    Two files with one path, which differ in their host alone, cannot be distinguished in a log and match nothing. Nor
    do two episodes with one guid. An episode with several files is known without its file.
    """

    rows: dict[str, tuple[object, object, object]] = field(repr=False)

    @classmethod
    def of(cls, media: pl.DataFrame) -> MediaPaths:
        """media: path, podcast_id, episode_id, asset_id; guid, and part_of, where rows may name episodes, not paths."""
        rows: dict[str, tuple[object, object, object]] = {}
        doubled: set[str] = set()
        for path, podcast, episode, asset in media.select("path", "podcast_id", "episode_id", "asset_id").iter_rows():
            key = _catalogue_path(path)
            doubled.update({key} & rows.keys())
            rows[key] = (podcast, episode, asset)
        unambiguous = {key: ids for key, ids in rows.items() if key not in doubled}
        return cls(unambiguous | _by_guid(media) if "guid" in media.columns else unambiguous)

    def find(self, target: str) -> tuple[object, object, object] | None:
        """podcast, episode and asset of the target; None if the catalogue has no such file."""
        if target.startswith(GUID):
            return self.rows.get(target)
        return next((self.rows[path] for path in spellings(target) if path in self.rows), None)

    def match(self, targets: pl.Series) -> pl.DataFrame:
        """One row per distinct target that is known: target, podcast_id, episode_id, asset_id."""
        found = [(target, *ids) for target in targets.drop_nulls().unique() if (ids := self.find(target)) is not None]
        schema = {"target": pl.String, "podcast_id": pl.Binary, "episode_id": pl.Binary, "asset_id": pl.Binary}
        return pl.DataFrame(found, schema=schema, orient="row")


def _by_guid(media: pl.DataFrame) -> dict[str, tuple[object, object, object]]:
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


def _catalogue_path(path: str) -> str:
    """A path of the catalogue, which may be written with its host and without a scheme."""
    first, _, rest = path.strip().partition("/")
    return clean_path("/" + rest) if rest and _is_host(first) else clean_path(path)


def _is_host(segment: str) -> bool:
    match = HOST.match(segment)
    return match is not None and match.group("last").lower() not in FILE_ENDINGS
