"""Downloads: which requests add up to a download under PTMG 2.3.

Here: the one-minute threshold applied to the groups of requests that could count, the dispositions 14 to 17, and one
row per download.
Not here: bots and addresses (dispositions.py), windows (windows.py), bytes (byte_coverage.py), audiences
(episode_metrics.py).
"""

from __future__ import annotations

import polars as pl

from assets.facade import renamed_parameters
from assets.frames import add_absent, add_columns, bring_to_utc, need_columns
from assets.listening.downloads.byte_coverage import SPAN, add_intervals, add_new_bytes
from assets.listening.downloads.catalogue import Basis, Catalogue, index_catalogue, look_up
from assets.listening.downloads.dispositions import PREFIX, Disposition, judge_requests
from assets.listening.downloads.method import Method
from assets.listening.downloads.windows import cut_windows

# What the rules, the windows and the bytes need of a request that could count, and what describes its download.
CARRIED = [
    "tenant_id",
    "tenant_no",
    "event_id",
    "occurred_at",
    "source",
    "http_status",
    "range_start",
    "range_end",
    "bytes_sent",
    "consumer_key",
    "household_key",
    "episode_no",
    "file_no",
    "part_no",
    "app",
    "device",
    "os",
    "referrer_name",
    "country_code",
    "region_code",
    "address_class",
    "listener_id",
    "key_version",
]
PART = ["part_no", "part_offset_bytes", "part_bytes", "part_header_bytes"]
# Columns that are no longer needed once the bytes of a request are known.
MEASURED = [
    "http_status",
    "range_start",
    "range_end",
    "bytes_sent",
    "file_bytes",
    "header_bytes",
    "download_window",
    *PART,
]
VERDICT = ["tenant_id", "event_id", "occurred_at", "disposition"]
# What a verdict rests on; where a source did not record one of these, its values are null.
NEEDED = [
    "tenant_id",
    "event_id",
    "occurred_at",
    "source",
    "event_type",
    "http_method",
    "http_status",
    "range_start",
    "range_end",
    "bytes_sent",
    "user_agent",
]
DERIVED = [
    "consumer_key",
    "household_key",
    "is_bot",
    "is_data_centre",
    "on_inclusion_list",
    "is_bad_referrer",
]
# Columns that describe a download and decide nothing about it.
DESCRIPTIVE = {
    **dict.fromkeys(
        ["app", "device", "os", "country_code", "region_code", "referrer", "address_class", "listener_id"],
        pl.lit(None, dtype=pl.String),
    ),
    "key_version": pl.lit(None, dtype=pl.Int16),
}


def qualify_requests(
    requests: pl.DataFrame, catalogue: Catalogue, method: Method | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that can never count, and requests that could, in their groups: every row with its disposition.

    requests: raw rows enriched with keys, address class and agent (see dispositions.judge_requests), with episode_id,
              asset_id or both
    returns:  (VERDICT of the first, the second with CARRIED, disposition, group_no, request_no, from_byte, to_byte,
              new_bytes, reached_no, anchored_at, ...)
    """
    need_columns(requests, "requests", NEEDED, "Where a source does not record one, give it as nulls.")
    need_columns(requests, "requests", DERIVED, "enrich_requests adds them.")
    return qualify_looked_up(look_up(bring_to_utc(requests, "occurred_at"), catalogue), catalogue, method)


def qualify_looked_up(
    requests: pl.DataFrame, catalogue: Catalogue, method: Method | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """qualify_requests for rows that have been looked up already (catalogue.look_up)."""
    # A day has millions of requests: each step takes the place of the one before, which goes before they are sorted.
    requests = judge_requests(requests)
    filtered = requests.filter(pl.col("verdict").is_not_null()).select(
        "tenant_id", "event_id", "occurred_at", disposition="verdict"
    )
    # A prefix row alone reaches the minute, so a column that only describes a download may be absent from a test's
    # rows.
    carried = [name for name in CARRIED if name in requests.columns]
    requests = requests.filter(pl.col("verdict").is_null()).select(carried)
    files = catalogue.files.select("file_no", "file_bytes", "header_bytes", "threshold_bytes", "basis")
    windows = catalogue.tenants.select("tenant_no", "download_window")
    requests = requests.pipe(add_columns, windows, ["tenant_no"]).pipe(cut_windows)
    requests = (
        requests.pipe(add_columns, files, ["file_no"])
        .pipe(_place_parts, catalogue.parts)
        .pipe(add_intervals, method)
        .drop(MEASURED, strict=False)
        .pipe(add_new_bytes)
        .drop("placeless_bytes")
        .pipe(_reach_the_minute, method or Method())
        .pipe(_qualify_groups)
    )
    return filtered, requests


def _place_parts(requests: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Where the requested parts of files lie; most networks serve none."""
    return requests if parts.is_empty() else add_columns(requests, parts.select(PART), ["part_no"])


def _reach_the_minute(requests: pl.DataFrame, method: Method) -> pl.DataFrame:
    """Adds covered_bytes (of the span, up to and with the row), threshold_bytes, basis, and reaches.

    A file that is not known has an unknown size. A row of a prefix service reaches the minute alone, unmeasured.
    """
    is_prefix = pl.col("source") == PREFIX
    return requests.with_columns(
        threshold_bytes=pl.col("threshold_bytes").fill_null(method.assumed_minute),
        basis=pl.when(is_prefix)
        .then(pl.lit("unmeasured", dtype=Basis))
        .otherwise(pl.col("basis").fill_null(pl.lit("assumed_size", dtype=Basis))),
        covered_bytes=pl.col("new_bytes").cum_sum().over(SPAN),
    ).with_columns(reaches=pl.col("is_open") & (is_prefix | (pl.col("covered_bytes") >= pl.col("threshold_bytes"))))


def _qualify_groups(requests: pl.DataFrame) -> pl.DataFrame:
    """Adds reached_no, the request that reached the minute (null: none did), and the dispositions 14 to 17."""
    groups = (
        requests.lazy()
        .group_by("group_no")
        .agg(first_no=pl.col("request_no").min(), reached_no=pl.col("request_no").filter("reaches").min())
        .sort("group_no")
        .collect()
    )
    # Groups are numbered from 0 without a gap, so a group's number is its place.
    place = requests["group_no"]
    numbered = requests.with_columns(
        first_no=groups["first_no"].gather(place), reached_no=groups["reached_no"].gather(place)
    )
    number, reached = pl.col("request_no"), pl.col("reached_no")
    adds = (pl.col("new_bytes") > 0) | (number == reached)
    return numbered.with_columns(
        disposition=pl.when(reached.is_null())
        .then(pl.lit("below_threshold", dtype=Disposition))
        .when(number == pl.col("first_no"))
        .then(pl.lit("counted", dtype=Disposition))
        .when(adds & (number <= reached))
        .then(pl.lit("contributed", dtype=Disposition))
        .otherwise(pl.lit("duplicate", dtype=Disposition))
    )


def dispose(
    requests: pl.DataFrame,
    episodes: pl.DataFrame,
    media: pl.DataFrame,
    methods: pl.DataFrame,
    method: Method | None = None,
) -> pl.DataFrame:
    """Every raw row with exactly one of the eighteen dispositions.

    requests: raw rows enriched with consumer_key, household_key, is_bot, is_data_centre, on_inclusion_list and
              is_bad_referrer (see dispositions.judge_requests for the others)
    episodes, media, methods: see catalogue.index_catalogue
    returns:  tenant_id, event_id, occurred_at, disposition (Enum), in order of tenant, time and event

    All rows are cut into windows together. A day of the pipeline is cut from the 30 days before it on, so that
    first_touch windows of a listener without a silence of 24 hours in those may begin at other requests (windows.py).
    """
    filtered, candidates = qualify_requests(requests, index_catalogue(episodes, media, methods, method), method)
    return pl.concat([filtered, candidates.select(VERDICT)]).sort("tenant_id", "occurred_at", "event_id")


@renamed_parameters(settled="requests")
def count_downloads(requests: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per counted download: the group's first request, with columns of the request that reached the minute.

    requests:  the second frame of qualify_requests
    catalogue: the one that they were qualified by
    returns:   the first request's row: event_id, tenant_id, podcast_id, episode_id, downloaded_at (UTC), day,
               consumer_key, household_key, key_version, app, device, os, country_code, region_code, referrer,
               address_class, listener_id (null where the rows lack it), group_no; and of the request that reached
               the minute qualified_at, asset_id (null: unknown file), covered_bytes (what the whole group received of
               that file), threshold_bytes, basis, is_range_assumed (some of these bytes are those of a range that is
               taken as received, because what was sent is unknown, or of an answer without a place in the
               file). Bytes are null where the source sees none.
    """
    need_columns(
        requests, "qualified requests", ["group_no", "reached_no"], "It is the second one of qualify_requests."
    )
    is_measured = pl.col("basis") != "unmeasured"
    reaching = requests.filter(pl.col("request_no") == pl.col("reached_no"))
    spans = (
        requests.lazy()
        .join(reaching.lazy().select(SPAN), on=SPAN, how="semi", nulls_equal=True)
        .group_by(SPAN)
        .agg(
            total_bytes=pl.col("new_bytes").sum(),
            is_range_assumed=(pl.col("is_range_assumed") & (pl.col("new_bytes") > 0)).any(),
        )
        .collect()
    )
    reached = (
        reaching.drop("is_range_assumed")
        .join(spans, on=SPAN, how="left", validate="1:1", nulls_equal=True)
        .select(
            "group_no",
            "file_no",
            "basis",
            qualified_at="occurred_at",
            is_range_assumed=is_measured & pl.col("is_range_assumed"),
            covered_bytes=pl.when(is_measured).then("total_bytes"),
            threshold_bytes=pl.when(is_measured).then("threshold_bytes"),
        )
    )
    first = requests.filter(pl.col("disposition") == "counted").drop(
        "file_no", "basis", "covered_bytes", "threshold_bytes", "is_range_assumed"
    )
    files = catalogue.files.select("file_no", "asset_id")
    return (
        first.join(reached, on="group_no", how="inner", validate="1:1", maintain_order="left")
        .join(files, on="file_no", how="left", validate="m:1", maintain_order="left")
        .rename({"occurred_at": "downloaded_at", "referrer_name": "referrer"}, strict=False)
        .with_columns(day=pl.col("downloaded_at").dt.date())
        .pipe(_name_episodes, catalogue)
        .pipe(add_absent, DESCRIPTIVE)
    )


def _name_episodes(downloads: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    names = catalogue.episodes.select("episode_no", "podcast_id", "episode_id")
    return downloads.join(names, on="episode_no", how="left", validate="m:1", maintain_order="left")
