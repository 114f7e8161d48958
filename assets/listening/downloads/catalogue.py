"""Catalogue: which episode and which file a request is about, as small integers that group and join fast.

Here: the numbers of files and of what they belong to, what a minute of each file is in bytes, and looking requests up.
Not here: what becomes of a request for something unknown (dispositions.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import polars as pl

from assets.frames import UTC_TIME, add_absent, add_columns, bring_to_utc, need_columns
from assets.grain import EPISODE, FILE
from assets.listening.downloads.method import Method, MethodError, check_methods
from assets.listening.downloads.numbering import add_numbers
from sql.values import PermanentError

# What a request names; the distinct combinations of a day are few, its rows are many.
NAMES = ["tenant_id", "episode_id", "asset_id"]

# On what a threshold rests; unmeasured are the requests that a prefix service saw.
Basis: Final = pl.Enum(("bytes", "whole_file", "assumed_size", "unmeasured"))


MICROSECONDS: Final = 1_000_000
LONGEST_DURATION_S: Final = 1e12


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tenants, episodes and files with their numbers.

    tenants:  tenant_id, tenant_no, download_window, suspect_pairs
    episodes: tenant_id, episode_id, episode_no, podcast_id, podcast_no, published_at, duration_ms
    files:    tenant_id, asset_id, file_no, file_episode_no, file_bytes, header_bytes, threshold_bytes, basis,
              duration_ms (null: unknown, or that of the episode), is_current
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
              is a whole), and part_offset_bytes, where the part begins in it; replaced_at, where files have taken the
              place of others (null: current)
    methods:  tenant_id, download_window, suspect_pairs, and if it is not Method's whole_file_slack
    Raises MethodError for a window that does not exist, PermanentError for a part that cannot be placed in a whole file
    of its episode.
    """
    need_columns(episodes, "episodes", ["tenant_id", "episode_id", "podcast_id", "published_at", "duration_s"])
    need_columns(media, "media", [*NAMES, "file_bytes", "header_bytes", "duration_s"])
    check_methods(methods)
    numbered = add_numbers(bring_to_utc(episodes, "published_at"))
    wholes, parts = _separate_parts(add_absent(media, {"replaced_at": pl.lit(None, dtype=UTC_TIME)}))
    files = (
        wholes.sort("tenant_id", "asset_id")
        .with_row_index("file_no")
        .join(
            numbered.select("tenant_id", "episode_id", file_episode_no="episode_no", episode_duration_s="duration_s"),
            on=EPISODE,
            how="left",
            validate="m:1",
        )
        .pipe(_add_slack, methods, method or Method())
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
            duration_ms=_milliseconds("duration_s"),
            is_current=pl.col("replaced_at").is_null(),
        )
    )
    return Catalogue(
        methods.sort("tenant_id").with_row_index("tenant_no"),
        numbered.select(
            "tenant_id",
            "episode_id",
            "episode_no",
            "podcast_id",
            "podcast_no",
            "published_at",
            duration_ms=_milliseconds("duration_s"),
        ),
        files,
        _place_parts(parts, files, numbered),
    )


def _milliseconds(name: str) -> pl.Expr:
    seconds = pl.col(name).cast(pl.Float64)
    is_plausible = seconds.is_between(0, LONGEST_DURATION_S, closed="right")
    return pl.when(is_plausible).then((seconds * 1000).round().cast(pl.Int64))


def _separate_parts(media: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
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
            on=EPISODE,
            how="left",
            validate="m:1",
        )
    )
    is_unresolved = pl.any_horizontal(pl.col("file_no", "part_offset_bytes", "file_bytes").is_null()) | ~pl.col(
        "episode_no"
    ).eq_missing(pl.col("file_episode_no"))
    unplaced = placed.filter(is_unresolved)
    if unplaced.height:
        first = _spell(unplaced["asset_id"][0])
        raise PermanentError(
            f"{unplaced.height} media file(s) are parts that cannot be placed, first {first}: a part needs its "
            "size, its offset, and in part_of a whole file of the same episode. Correct media_assets"
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


def _add_slack(files: pl.DataFrame, methods: pl.DataFrame, method: Method) -> pl.DataFrame:
    """The files with whole_file_slack, the bytes that their tenant lets be missing of a short one."""
    if "whole_file_slack" not in methods.columns:
        return files.with_columns(whole_file_slack=pl.lit(method.whole_file_slack))
    slack = methods.select("tenant_id", "whole_file_slack")
    return files.join(slack, on="tenant_id", how="left", validate="m:1", maintain_order="left").with_columns(
        pl.col("whole_file_slack").fill_null(method.whole_file_slack)
    )


def _add_threshold(files: pl.DataFrame, method: Method) -> pl.DataFrame:
    """How many content bytes of a file make a minute of it (PTMG 2.3), and on what that rests.

    Size unknown: the assumed minute. Under a minute, or duration unknown: the whole file. Else ceil(60 (F - H) / D).
    A file whose header leaves no content never counts: the threshold is at least one byte.
    Divided as whole numbers, durations in microseconds: in floats a quotient that is exact can come out one byte more.
    """
    size = pl.col("file_bytes").cast(pl.Int64)
    header = pl.col("header_bytes").cast(pl.Int64).fill_null(0)
    content = size - header
    duration = pl.coalesce("duration_s", "episode_duration_s").cast(pl.Float64)
    is_measurable = (duration >= method.minute_seconds).fill_null(False) & duration.is_finite().fill_null(False)
    # In 128 bits, so that no size overflows. Anything beyond 30,000 years plays as long as that.
    divisor = (duration.clip(1, LONGEST_DURATION_S) * MICROSECONDS).round().cast(pl.Int128)
    minute = (content.cast(pl.Int128) * (method.minute_seconds * MICROSECONDS) + divisor - 1) // divisor
    threshold = (
        pl.when(size.is_null())
        .then(pl.lit(method.assumed_minute, dtype=pl.Int64))
        .when(is_measurable)
        .then(minute.cast(pl.Int64))
        .otherwise(content - pl.col("whole_file_slack"))
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


def name_episodes(frame: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """The frame with tenant_id, podcast_id and episode_id in place of episode_no, in its order."""
    need_columns(frame, "rows whose episodes are named", ["episode_no"])
    names = catalogue.episodes.select("episode_no", "tenant_id", "podcast_id", "episode_id")
    ids = frame.select("episode_no").join(names, on="episode_no", how="left", validate="m:1", maintain_order="left")
    others = frame.drop("episode_no", "tenant_id", "podcast_id", "episode_id", strict=False)
    return ids.drop("episode_no").hstack(others)


def look_up(requests: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """The requests with tenant_no, suspect_pairs, episode_no, file_no, part_no (null: no part), published_at, is_known,
    and in named_no a number for the episode that they name, known or not; episode_id and asset_id go.

    A request names an episode, a file, or both; a file stands for its episode, a part for its whole file, and an
    episode that has one file alone for that file. is_known is false if what it names does not exist for its tenant, if
    it names nothing, or if the file is one of another episode.
    Raises MethodError for a tenant whose settings of measurement are not in the catalogue.
    """
    if "asset_id" not in requests.columns:
        need_columns(requests, "requests", ["episode_id"], "A row names its episode_id, its asset_id, or both.")
    ids = {"episode_id": catalogue.episodes.schema["episode_id"], "asset_id": catalogue.files.schema["asset_id"]}
    requests = add_absent(requests, {name: pl.lit(None, dtype=dtype) for name, dtype in ids.items()})
    episodes = catalogue.episodes.select("tenant_id", "episode_id", "episode_no")
    named_files = ["tenant_id", "asset_id", "file_no", "file_episode_no", "part_no"]
    wholes = catalogue.files.with_columns(part_no=pl.lit(None, dtype=catalogue.parts["part_no"].dtype))
    files = pl.concat([wholes.select(named_files), catalogue.parts.select(named_files)])
    published = catalogue.episodes.select("episode_no", "published_at")
    tenants = catalogue.tenants.select("tenant_id", "tenant_no", "suspect_pairs")
    named, file_named = pl.col("episode_no"), pl.col("file_no")
    is_unresolved = (
        (pl.col("episode_id").is_not_null() & named.is_null())
        | (pl.col("asset_id").is_not_null() & pl.col("file_episode_no").is_null())
        | (named != pl.col("file_episode_no")).fill_null(False)
    )
    resolved = (
        requests.select(NAMES)
        .unique()
        .join(tenants, on="tenant_id", how="left", validate="m:1")
        .join(episodes, on=EPISODE, how="left", validate="m:1")
        .join(files, on=FILE, how="left", validate="m:1")
        .with_columns(is_unresolved=is_unresolved, episode_no=pl.coalesce(named, "file_episode_no"), file_no=file_named)
        .with_columns(
            is_known=~pl.col("is_unresolved") & pl.col("episode_no").is_not_null(),
            named_no=_number_what_is_named(),
        )
        .join(published, on="episode_no", how="left", validate="m:1")
        .join(_only_files(catalogue), on="episode_no", how="left", validate="m:1")
        .with_columns(file_no=pl.when(pl.col("asset_id").is_null()).then("only_file_no").otherwise("file_no"))
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
    _refuse_unknown_tenants(resolved)
    return add_columns(requests, resolved, NAMES).drop("episode_id", "asset_id")


def _number_what_is_named() -> pl.Expr:
    """A number for the episode that a request is about, by whatever name; for an unknown one, for the name."""
    unknown = pl.col("episode_no").is_null()
    names = (pl.when(unknown).then(name).alias(name) for name in ("episode_id", "asset_id"))
    return pl.struct("episode_no", *names).rank("dense")


def _only_files(catalogue: Catalogue) -> pl.DataFrame:
    """episode_no, only_file_no of the episodes that have one whole file now."""
    return (
        catalogue.files.filter("is_current")
        .drop_nulls("file_episode_no")
        .group_by(episode_no="file_episode_no")
        .agg(only_file_no=pl.col("file_no").first(), files=pl.len())
        .filter(pl.col("files") == 1)
        .drop("files")
    )


def _refuse_unknown_tenants(resolved: pl.DataFrame) -> None:
    unknown = resolved.filter(pl.col("tenant_no").is_null())["tenant_id"].unique()
    if len(unknown):
        raise MethodError(
            f"requests of {len(unknown)} tenant(s) cannot be judged, first {_spell(unknown[0])}: nothing says how "
            "they measure. Give each a row of methods (tenant_id, download_window, suspect_pairs)"
        )
