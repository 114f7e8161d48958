"""Shards of a day: what the raw rows of one UTC day add up to, all of them or a shard.

Here: three stages: what is read, requests classified, what they add up to.
Not here: the definitions (the rooms beside this module), the tables of the day (day.py), where shards are kept
(kept_shards.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl

from assets.listening.downloads.ad_delivery import find_delivered_ads
from assets.listening.downloads.catalogue import Catalogue, index_catalogue, name_episodes
from assets.listening.downloads.counting import count_downloads, qualify_looked_up
from assets.listening.downloads.event_reader import WHOLE, Shard, Span, read_raw_rows
from assets.listening.downloads.method import LOOK_BACK, LOOK_FORWARD, Method, check_methods
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import UNKNOWN, Rules
from assets.listening.identity.enrichment import enrich_requests
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_keys import REQUESTS, restore_keys
from assets.listening.playback.consumption import sum_playbacks
from assets.spans import CALENDAR_DAY
from sql.values import Reader, Window

# Of a download, what is known before the day is stamped with the versions that it was measured by.
DOWNLOAD_COLUMNS = [
    "tenant_id",
    "downloaded_at",
    "download_id",
    "day",
    "podcast_id",
    "episode_id",
    "asset_id",
    "consumer_key",
    "household_key",
    "qualified_at",
    "covered_bytes",
    "threshold_bytes",
    "basis",
    "is_range_assumed",
    "app",
    "device",
    "os",
    "country_code",
    "region_code",
    "referrer",
    "address_class",
    "key_version",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """What rows are measured by that does not depend on the day. methods: method.check_methods."""

    methods: pl.DataFrame
    catalogue: Catalogue
    method: Method | None = None


@dataclass(frozen=True, slots=True)
class DayShard:
    """What a shard of the rows adds up to. Shards that make up the whole have no household and no playback in common.

    judged:       tenant_id, day, requests: how many rows the days of the spans were computed from before
    counts:       tenant_id, day, rows: how many raw rows there are
    versions:     tenant_id, ip_rules_version: the rules of the retained keys of the day's rows
    addressed:    tenant_id of those with an address among the day's rows, each once
    dispositions: tenant_id, disposition, requests, range_assumed (those of them whose range is taken as received)
    playback:     tenant_id, episode_id and the sums of consumption.sum_playbacks
    downloads:    DOWNLOAD_COLUMNS
    delivered:    ad_delivery.find_delivered_ads
    """

    judged: pl.DataFrame
    counts: pl.DataFrame
    versions: pl.DataFrame
    addressed: pl.DataFrame
    dispositions: pl.DataFrame
    playback: pl.DataFrame
    downloads: pl.DataFrame
    delivered: pl.DataFrame


@dataclass(slots=True)
class _Inputs:
    """What a shard is computed from.

    segments:      spans of ads
    requests:      those of all spans, looked up in the catalogue (catalogue.look_up)
    not_requests:  tenant_id, requests: how many rows of the day are no requests
    playback:      consumption.sum_playbacks of these rows, which are not carried along
    retained:      retained keys of the requests whose address is gone
    """

    window: Window
    judged: pl.DataFrame
    counts: pl.DataFrame
    inclusions: pl.DataFrame
    segments: pl.DataFrame
    requests: pl.DataFrame
    not_requests: pl.DataFrame
    playback: pl.DataFrame
    retained: pl.DataFrame

    @property
    def is_today(self) -> pl.Expr:
        """Whether a row with occurred_at is of the day."""
        return self.holds("occurred_at")

    def holds(self, name: str) -> pl.Expr:
        """Whether a time lies in the day."""
        return pl.col(name).is_between(self.window.start, self.window.end, closed="left")

    def take_requests(self) -> pl.DataFrame:
        """The requests, once: who takes them has the only reference, so that each of their columns can go early."""
        taken, self.requests = self.requests, self.requests.clear()
        return taken


def read_settings(read: Reader, tenants: Sequence[UUID], method: Method | None = None) -> Settings:
    """What the rows of these tenants are measured by."""
    scope = list(tenants)
    methods = check_methods(read("read_listening_methods", tenants=scope))
    episodes, media = read("read_episodes", tenants=scope), read("read_media", tenants=scope)
    return Settings(methods, index_catalogue(episodes, media, methods, method), method)


def can_be_divided(read: Reader, window: Window, tenants: Sequence[UUID], settings: Settings) -> bool:
    """Whether shards of the day have no household in common.

    Rows go into one by their address; those that have only the keys that were retained of it could be in another.
    """
    spans = _spans(window, list(tenants), settings.methods)
    return not any(
        read("has_event_keys", start=span.start, end=span.end, tenants=of)["found"].any() for span, of in spans
    )


def measure_shard(
    read: Reader,
    window: Window,
    tenants: Sequence[UUID],
    settings: Settings,
    rules: Rules,
    ranges: AddressRanges,
    keyring: Keyring,
    shard: Shard = WHOLE,
) -> DayShard:
    """What a shard of the rows of a UTC day adds up to.

    A download belongs to the day of its first request; a disposition to the day of its row. Tenants whose windows roll
    over midnight are read with a margin on both sides, the others without. Rows whose address is gone have the keys
    that were retained of them; a day with such rows cannot be divided.
    """
    inputs = _read_inputs(read, window, list(tenants), settings, shard)
    versions = inputs.retained.filter(inputs.is_today).select("tenant_id", "ip_rules_version").unique()
    has_address = pl.col("client_ip").is_not_null()
    addressed = inputs.requests.filter(inputs.is_today & has_address).select("tenant_id").unique()
    # The rows are handed on, not bound to a name: two million of them are in memory once, and gone when measured.
    filtered, candidates = qualify_looked_up(
        restore_keys(
            enrich_requests(inputs.take_requests(), rules, ranges, inputs.inclusions, keyring),
            inputs.retained,
            REQUESTS,
            keyring,
        ),
        settings.catalogue,
        settings.method,
    )
    # Rows of the days around it decide where windows begin, and no more.
    downloads = count_downloads(candidates, settings.catalogue).filter(inputs.holds("downloaded_at"))
    return DayShard(
        inputs.judged,
        inputs.counts,
        versions,
        addressed,
        dispositions=_sum_dispositions([each.filter(inputs.is_today) for each in (filtered, candidates)], inputs),
        # Without podcast_id: somebody may move the episode while shards are measured.
        playback=name_episodes(inputs.playback, settings.catalogue).drop("podcast_id"),
        downloads=_build_downloads(downloads),
        delivered=find_delivered_ads(candidates, downloads, inputs.segments, settings.catalogue),
    )


def _read_inputs(read: Reader, window: Window, tenants: list[UUID], settings: Settings, shard: Shard) -> _Inputs:
    spans = _spans(window, tenants, settings.methods)
    # First, so that a row which arrives while we read cannot look as if it had gone.
    judged = _read_judged(read, spans)
    raw = read_raw_rows(read, spans, window, shard)
    return _Inputs(
        window,
        judged,
        raw.counts,
        inclusions=read("read_ip_inclusions", tenants=tenants),
        segments=read("read_ad_segments", tenants=tenants),
        requests=raw.look_up(settings.catalogue),
        not_requests=raw.playback.group_by("tenant_id").len("requests"),
        playback=sum_playbacks(raw.playback, settings.catalogue),
        retained=_read_retained(read, spans, raw.requests),
    )


def _spans(window: Window, tenants: list[UUID], methods: pl.DataFrame) -> list[Span]:
    """What is read of whom: the day, and of tenants with rolling windows all that decides where windows begin."""
    rolling = set(methods.filter(pl.col("download_window") != CALENDAR_DAY)["tenant_id"].to_list())
    wide = [tenant for tenant in tenants if tenant in rolling or tenant.bytes in rolling]
    narrow = [tenant for tenant in tenants if tenant not in wide]
    spans = [(window, narrow)] if narrow or not wide else []
    return [*spans, (window.widened(before=LOOK_BACK, after=LOOK_FORWARD), wide)] if wide else spans


def _read_judged(read: Reader, spans: list[Span]) -> pl.DataFrame:
    """tenant_id, day, requests: how many rows the days of the spans were computed from before."""
    days = [(list(span.days()), of) for span, of in spans]
    return pl.concat([read("read_judged_requests", first=each[0], last=each[-1], tenants=of) for each, of in days])


def _read_retained(read: Reader, spans: list[Span], requests: pl.DataFrame) -> pl.DataFrame:
    """The retained keys of requests without an address; nothing is read where all have theirs."""
    if not requests["client_ip"].null_count():
        return REQUESTS.schema.to_frame()
    return pl.concat(
        read("read_event_keys", start=span.start, end=span.end, tenants=tenants) for span, tenants in spans
    )


def _build_downloads(counted: pl.DataFrame) -> pl.DataFrame:
    """DOWNLOAD_COLUMNS. A download has the id of its first request: the same row always makes the same one."""
    texts = ["basis", "app", "device", "os", "country_code", "region_code", "referrer", "address_class"]
    return (
        counted.rename({"event_id": "download_id"})
        .with_columns(pl.col(name).cast(pl.String).str.strip_chars().fill_null(UNKNOWN) for name in texts)
        .select(DOWNLOAD_COLUMNS)
    )


def _sum_dispositions(parts: list[pl.DataFrame], inputs: _Inputs) -> pl.DataFrame:
    """tenant_id, disposition, requests, range_assumed; the requests sum to the raw rows of the day."""
    kinds = ["tenant_id", "disposition"]
    counts = [
        part.group_by(kinds).agg(
            requests=pl.len().cast(pl.Int64),
            range_assumed=pl.col("is_range_assumed").sum().cast(pl.Int64)
            if "is_range_assumed" in part.columns
            else pl.lit(0, dtype=pl.Int64),
        )
        for part in parts
    ]
    others = inputs.not_requests.select(
        "tenant_id",
        pl.lit("not_a_request").alias("disposition"),
        pl.col("requests").cast(pl.Int64),
        range_assumed=pl.lit(0, dtype=pl.Int64),
    )
    named = [part.with_columns(pl.col("disposition").cast(pl.String)) for part in [*counts, others]]
    return pl.concat(named).group_by(kinds).agg(pl.col("requests", "range_assumed").sum())
