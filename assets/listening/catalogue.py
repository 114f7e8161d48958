"""Catalogue: which episode and which file a request is about, as small integers that group and join fast.

Here: the numbers of files and of what they belong to, what a minute of each file is in bytes, and looking requests up.
Not here: what becomes of a request for something unknown (dispositions.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import polars as pl

from assets.listening.lookups import add_columns
from assets.listening.method import Method
from assets.listening.numbering import add_numbers
from sql.values import PermanentError

# What a request names; the distinct combinations of a day are few, its rows are many.
NAMES = ["tenant_id", "episode_id", "asset_id"]

# On what a threshold rests; unmeasured are the requests that a prefix service saw.
Basis: Final = pl.Enum(("bytes", "whole_file", "assumed_size", "unmeasured"))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tenants, episodes and files with their numbers.

    tenants:  tenant_id, tenant_no, download_window, suspect_pairs
    episodes: tenant_id, episode_id, episode_no, podcast_id, podcast_no, published_at
    files:    tenant_id, asset_id, file_no, file_episode_no, file_bytes, header_bytes, threshold_bytes, basis
    parts:    tenant_id, asset_id, part_no, file_no and file_episode_no of the whole, part_offset_bytes, part_bytes,
              part_header_bytes
    """

    tenants: pl.DataFrame
    episodes: pl.DataFrame
    files: pl.DataFrame
    parts: pl.DataFrame


def index_catalogue(
    episodes: pl.DataFrame, media: pl.DataFrame, methods: pl.DataFrame, method: Method | None = None
) -> Catalogue:
    """Number everything that a request can name.

    episodes: tenant_id, episode_id, podcast_id, published_at (UTC), duration_s (null: unknown)
    media:    tenant_id, asset_id, episode_id, file_bytes (null: unknown), header_bytes, duration_s (or the episode's),
              and where files are served in parts (HLS segments): part_of, the asset_id of the whole rendition (null: it
              is a whole), and part_offset_bytes, where the part begins in it
    methods:  tenant_id, download_window, suspect_pairs
    Raises PermanentError for a part that cannot be placed in a whole file of its episode.
    """
    numbered = add_numbers(episodes)
    wholes, parts = _tell_parts(media)
    files = (
        wholes.sort("tenant_id", "asset_id")
        .with_row_index("file_no")
        .join(
            numbered.select("tenant_id", "episode_id", file_episode_no="episode_no", episode_duration_s="duration_s"),
            on=["tenant_id", "episode_id"],
            how="left",
            validate="m:1",
        )
        .pipe(_add_threshold, method or Method())
        .select(
            "tenant_id",
            "asset_id",
            "file_no",
            "file_episode_no",
            "file_bytes",
            "header_bytes",
            "threshold_bytes",
            "basis",
        )
    )
    return Catalogue(
        methods.sort("tenant_id").with_row_index("tenant_no"),
        numbered.select("tenant_id", "episode_id", "episode_no", "podcast_id", "podcast_no", "published_at"),
        files,
        _place_parts(parts, files, numbered),
    )


def _tell_parts(media: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Whole files, and the files that are parts of one."""
    if "part_of" not in media.columns:
        return media, media.clear().with_columns(part_of="asset_id", part_offset_bytes=pl.lit(0))
    return media.filter(pl.col("part_of").is_null()), media.filter(pl.col("part_of").is_not_null())


def _place_parts(parts: pl.DataFrame, files: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """Catalogue.parts: where each part lies in which file. Its own header is no content either."""
    wholes = files.select("tenant_id", "file_no", "file_episode_no", part_of="asset_id")
    placed = (
        parts.sort("tenant_id", "asset_id")
        .with_row_index("part_no")
        .join(wholes, on=["tenant_id", "part_of"], how="left", validate="m:1")
        .join(
            episodes.select("tenant_id", "episode_id", "episode_no"),
            on=["tenant_id", "episode_id"],
            how="left",
            validate="m:1",
        )
    )
    is_lost = pl.any_horizontal(pl.col("file_no", "part_offset_bytes", "file_bytes").is_null()) | ~pl.col(
        "episode_no"
    ).eq_missing(pl.col("file_episode_no"))
    lost = placed.filter(is_lost)
    if lost.height:
        raise PermanentError(
            f"{lost.height} media file(s) are parts that cannot be placed, first {_spell(lost['asset_id'][0])}: a part "
            "needs its size, its offset, and in part_of a whole file of the same episode. Correct media_assets"
        )
    return placed.select(
        "tenant_id",
        "asset_id",
        "part_no",
        "file_no",
        "file_episode_no",
        pl.col("part_offset_bytes").cast(pl.Int64),
        part_bytes=pl.col("file_bytes").cast(pl.Int64),
        part_header_bytes=pl.col("header_bytes").cast(pl.Int64).fill_null(0),
    )


def _spell(name: object) -> str:
    return str(UUID(bytes=name)) if isinstance(name, bytes) and len(name) == 16 else str(name)


def _add_threshold(files: pl.DataFrame, method: Method) -> pl.DataFrame:
    """How many content bytes of a file make a minute of it (PTMG 2.3), and on what that rests.

    Size unknown: the assumed minute. Under a minute, or duration unknown: the whole file. Else ceil(60 (F - H) / D).
    A file whose header leaves no content is never reached: the threshold is at least one byte.
    """
    size = pl.col("file_bytes").cast(pl.Int64)
    header = pl.col("header_bytes").cast(pl.Int64).fill_null(0)
    content = size - header
    duration = pl.coalesce("duration_s", "episode_duration_s").cast(pl.Float64)
    is_measurable = (duration >= method.minute_seconds).fill_null(False) & duration.is_finite().fill_null(False)
    minute = (method.minute_seconds * content / duration).ceil().cast(pl.Int64, strict=False)
    threshold = (
        pl.when(size.is_null())
        .then(pl.lit(method.assumed_minute, dtype=pl.Int64))
        .when(is_measurable)
        .then(minute)
        .otherwise(content - method.whole_file_slack)
    )
    basis = (
        pl.when(size.is_null())
        .then(pl.lit("assumed_size", dtype=Basis))
        .when(is_measurable)
        .then(pl.lit("bytes", dtype=Basis))
        .otherwise(pl.lit("whole_file", dtype=Basis))
    )
    return files.with_columns(
        file_bytes=size, header_bytes=header, threshold_bytes=threshold.clip(lower_bound=1), basis=basis
    )


def look_up(requests: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """The requests with tenant_no, suspect_pairs, episode_no, file_no, part_no (null: no part), published_at, is_known,
    and in named_no a number for the episode that they name, known or not; episode_id and asset_id go.

    A request names an episode, a file, or both; a file stands for its episode, and a part for its whole file. is_known
    is false if what it names does not exist for its tenant, if it names nothing, or if the file is one of another
    episode.
    """
    episodes = catalogue.episodes.select("tenant_id", "episode_id", "episode_no")
    named_files = ["tenant_id", "asset_id", "file_no", "file_episode_no", "part_no"]
    wholes = catalogue.files.with_columns(part_no=pl.lit(None, dtype=catalogue.parts["part_no"].dtype))
    files = pl.concat([wholes.select(named_files), catalogue.parts.select(named_files)])
    published = catalogue.episodes.select("episode_no", "published_at")
    tenants = catalogue.tenants.select("tenant_id", "tenant_no", "suspect_pairs")
    named, file_named = pl.col("episode_no"), pl.col("file_no")
    is_lost = (
        (pl.col("episode_id").is_not_null() & named.is_null())
        | (pl.col("asset_id").is_not_null() & pl.col("file_episode_no").is_null())
        | (named != pl.col("file_episode_no")).fill_null(False)
    )
    resolved = (
        requests.select(NAMES)
        .unique()
        .join(tenants, on="tenant_id", how="left", validate="m:1")
        .join(episodes, on=["tenant_id", "episode_id"], how="left", validate="m:1")
        .join(files, on=["tenant_id", "asset_id"], how="left", validate="m:1")
        .with_columns(is_lost=is_lost, episode_no=pl.coalesce(named, "file_episode_no"), file_no=file_named)
        .with_columns(
            is_known=~pl.col("is_lost") & pl.col("episode_no").is_not_null(),
            named_no=pl.col("episode_id").rank("dense"),
        )
        .join(published, on="episode_no", how="left", validate="m:1")
        .select(
            *NAMES,
            "tenant_no",
            "suspect_pairs",
            "named_no",
            "episode_no",
            "file_no",
            "part_no",
            "published_at",
            "is_known",
        )
    )
    return add_columns(requests, resolved, NAMES).drop("episode_id", "asset_id")
