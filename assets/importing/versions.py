"""Versions: which of the files that one path has stood for a request was answered with.

Here: choosing the file by the moment of the request.
Not here: finding the path (paths.py), noticing that a file is another one (assets/catalogue/feeds).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from assets.frames import UTC_TIME

# Of the versions before the current one: the current one's id, until when each was served, and its own ids.
_SCHEMA = pl.Schema(
    {
        "current_id": pl.Binary(),
        "replaced_at": UTC_TIME,
        "podcast_id": pl.Binary(),
        "episode_id": pl.Binary(),
        "asset_id": pl.Binary(),
    }
)
_IDS = ("podcast_id", "episode_id", "asset_id")


@dataclass(frozen=True, slots=True)
class FileVersions:
    """The files whose path another file has now, of one tenant."""

    before: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SCHEMA), repr=False)

    def at_time(self, events: pl.DataFrame) -> pl.DataFrame:
        """The events with the ids of the file that was there when each occurred.

        events: occurred_at, podcast_id, episode_id, asset_id (the current file of the path, or null), and others, which
        stay, as does the order.
        """
        if self.before.is_empty():
            return events
        found = (
            events.select("occurred_at", "asset_id")
            .with_row_index("row")
            .sort("occurred_at")
            .join_asof(
                self.before.rename({name: f"{name}_then" for name in _IDS}),
                left_on="occurred_at",
                right_on="replaced_at",
                by_left="asset_id",
                by_right="current_id",
                strategy="forward",
                # A file is served until the moment at which another one takes its place, and not at it.
                allow_exact_matches=False,
                check_sortedness=False,
            )
            .sort("row")
        )
        then = found.select(f"{name}_then" for name in _IDS)
        return (
            events.with_columns(then)
            .with_columns(pl.coalesce(f"{name}_then", name).alias(name) for name in _IDS)
            .drop(then.columns)
        )


def separate_versions(media: pl.DataFrame) -> tuple[pl.DataFrame, FileVersions]:
    """The current file of each path, or the last where none is current, and the versions before it.

    media: path, podcast_id, episode_id, asset_id, and replaced_at (null: current) where there are versions. Rows of one
    path that are current all stay: they cannot be distinguished.
    """
    if "replaced_at" not in media.columns or media["replaced_at"].null_count() == media.height:
        return media, FileVersions()
    is_current = pl.col("replaced_at").is_null()
    has_current = is_current.any().over("path")
    is_last = (
        pl.when(has_current)
        .then(is_current)
        .otherwise(pl.col("replaced_at") == pl.col("replaced_at").max().over("path"))
    )
    shown = media.filter(is_last)
    one = shown.select("path", current_id="asset_id").unique("path", keep="none")
    before = media.filter(~is_last).join(one, on="path", how="inner").select(*_SCHEMA).sort("replaced_at")
    return shown, FileVersions(before.cast(_SCHEMA))
