"""Exposures: ads delivered inside a download, shown by a pixel, or clicked.

Here: the ads whose every byte a download received, and explicit impressions and clicks, in the form of ad_exposures.
Not here: credit for conversions (assets/attribution), what a download is (counting.py).
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from assets.facade import renamed_parameters
from assets.frames import need_columns
from assets.grain import FILE
from assets.listening.downloads.byte_coverage import merge_intervals
from assets.listening.downloads.catalogue import Catalogue

EXPOSURE_COLUMNS = [
    "tenant_id",
    "occurred_at",
    "exposure_id",
    "day",
    "sponsor_id",
    "campaign_id",
    "placement_id",
    "podcast_id",
    "episode_id",
    "kind",
    "position",
    "insertion",
    "household_key",
    "consumer_key",
    "listener_id",
    "address_class",
]

_OF_DOWNLOADS = [
    "group_no",
    "tenant_id",
    "event_id",
    "podcast_id",
    "episode_id",
    "household_key",
    "consumer_key",
    "listener_id",
    "address_class",
    "downloaded_at",
]
_OF_SEGMENTS = [
    "tenant_id",
    "asset_id",
    "segment_no",
    "first_byte",
    "last_byte",
    "placement_id",
    "position",
    "insertion",
    "campaign_id",
    "sponsor_id",
]

Halves = npt.NDArray[np.uint64]


@renamed_parameters(settled="requests")
def find_delivered_ads(
    requests: pl.DataFrame, downloads: pl.DataFrame, segments: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """One row per ad delivered inside a counted download, at the download's time.

    requests:  every request of every group with its bytes (counting.qualify_requests, its second frame)
    downloads: counting.count_downloads
    segments:  ad spans: tenant_id, asset_id, segment_no, first_byte, last_byte (both included), placement_id, position,
               insertion, campaign_id, sponsor_id
    returns:   EXPOSURE_COLUMNS. An ad counts if the group's requests of one file, duplicates too, received every byte
               of its span, baked in or dynamic alike; a span of no bytes is no ad. The same ad received again in a
               second file of the episode is the same ad; twice in one file is twice. A prefix service sees no bytes and
               therefore no ads.
    """
    need_columns(requests, "qualified requests", ["group_no", "from_byte"], "It is the second one of qualify_requests.")
    need_columns(downloads, "downloads", _OF_DOWNLOADS, "count_downloads gives them.")
    need_columns(segments, "segments", _OF_SEGMENTS)
    spans = _number_segments(segments, catalogue)
    counted = downloads.select("group_no")
    received = (
        requests.lazy()
        .join(spans.lazy().select("file_no").unique(), on="file_no", how="semi")
        .join(counted.lazy(), on="group_no", how="semi")
        .select("group_no", "file_no", "from_byte", "to_byte")
        .collect()
        .pipe(merge_intervals)
    )
    delivered = (
        received.lazy()
        .join(spans.lazy().select("file_no", "first_byte", "last_byte", "ad_no", "span_no"), on="file_no")
        .filter((pl.col("from_byte") <= pl.col("first_byte")) & (pl.col("to_byte") > pl.col("last_byte")))
        .group_by("group_no", "ad_no")
        .agg(pl.col("span_no").min())
        .sort("group_no", "span_no")
        .collect()
    )
    located = delivered.join(
        spans.drop("tenant_id", "ad_no"), on="span_no", how="left", validate="m:1", maintain_order="left"
    ).join(
        downloads.select(_OF_DOWNLOADS).rename({"downloaded_at": "occurred_at"}),
        on="group_no",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    return located.with_columns(
        exposure_id=_exposure_ids(located), day=pl.col("occurred_at").dt.date(), kind=pl.lit("delivered")
    ).pipe(_in_columns)


def _number_segments(segments: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Ad spans with file_no, span_no, the turn of the ad in its file (0 for its first span), and ad_no for the two."""
    return (
        segments.filter(pl.col("last_byte") >= pl.col("first_byte"))
        .join(catalogue.files.select("tenant_id", "asset_id", "file_no"), on=FILE, validate="m:1")
        .sort("tenant_id", "asset_id", "segment_no")
        .with_row_index("span_no")
        .with_columns(turn=pl.int_range(pl.len(), dtype=pl.UInt32).over("file_no", "placement_id"))
        .with_columns(ad_no=pl.struct("tenant_id", "placement_id", "turn").rank("dense"))
    )


def collect_signals(signals: pl.DataFrame) -> pl.DataFrame:
    """Explicit impressions and clicks as exposures, those of bots left out.

    signals: tenant_id, event_id, occurred_at, kind (impression, click), sponsor_id, campaign_id, placement_id,
             podcast_id, episode_id, position, insertion, household_key, consumer_key, listener_key, listener_id,
             address_class, is_bot
    A listener key that the platform hashed itself is the consumer key where there is no address to make one of.
    """
    return (
        signals.filter(~pl.col("is_bot").fill_null(False))
        .with_columns(
            exposure_id="event_id",
            day=pl.col("occurred_at").dt.date(),
            consumer_key=pl.when(pl.col("listener_key").is_not_null()).then("listener_key").otherwise("consumer_key"),
        )
        .pipe(_in_columns)
    )


def _in_columns(exposures: pl.DataFrame) -> pl.DataFrame:
    return exposures.with_columns(pl.col("address_class").cast(pl.String)).select(EXPOSURE_COLUMNS)


def _exposure_ids(delivered: pl.DataFrame) -> pl.Series:
    """Sixteen bytes for each ad of each download: the download's id, masked by a hash of the ad.

    A mask differs from every other in 128 random bits, so that two ads of a download, or one ad of two, share no id.
    The ads are few and hashed one by one; the rows are many and masked all at once.
    """
    masks = delivered.select("placement_id", "turn").unique()
    hashed = [_hash(_as_bytes(placement), turn.to_bytes(4, "big")) for placement, turn in masks.iter_rows()]
    masked = delivered.select("event_id", "placement_id", "turn").join(
        masks.with_columns(mask=pl.Series(hashed, dtype=pl.Binary)),
        on=["placement_id", "turn"],
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    halves = _halves(_sixteen_bytes(masked["event_id"])) ^ _halves(masked["mask"])
    content = pa.py_buffer(halves.astype(">u8").tobytes())
    ids = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(halves), [None, content])
    return pl.Series("exposure_id", ids.cast(pa.large_binary()))


def _sixteen_bytes(ids: pl.Series) -> pl.Series:
    """Ids as sixteen bytes: as they are if they come from the database, else a hash of each distinct one."""
    if ids.dtype == pl.Binary and (ids.bin.size() == 16).all():
        return ids
    distinct = ids.unique()
    hashes = pl.Series([_hash(_as_bytes(each)) for each in distinct], dtype=pl.Binary)
    hashed = pl.DataFrame({"id": distinct, "hash": hashes})
    return pl.DataFrame({"id": ids}).join(hashed, on="id", how="left", validate="m:1", maintain_order="left")["hash"]


def _halves(ids: pl.Series) -> Halves:
    """Two 64-bit numbers a row."""
    halves = [ids.bin.slice(at, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big").to_numpy() for at in (0, 8)]
    return np.stack(halves, axis=1)


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _hash(*parts: bytes) -> bytes:
    return blake2b(b"".join(parts), digest_size=16, person=b"earshot-exposure").digest()
