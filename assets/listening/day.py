"""Day: the listening rollups of one UTC day, from one read of its raw rows.

Here: what is read, the order in which the thoughts of this room are applied, and the tables that come out.
Not here: the thoughts themselves, and who writes the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import polars as pl

from assets.listening.audience.breakdowns import measure_breakdowns, tell_shows
from assets.listening.audience.episode_metrics import measure_audience
from assets.listening.downloads.ad_delivery import collect_signals, find_delivered_ads
from assets.listening.downloads.catalogue import index_catalogue
from assets.listening.downloads.counting import count_downloads, settle_known
from assets.listening.downloads.event_reader import Span, read_raw_rows
from assets.listening.downloads.method import CALENDAR_DAY, LOOK_BACK, LOOK_FORWARD, Method, check_methods, name_methods
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import UNKNOWN, Rules
from assets.listening.identity.enrichment import enrich_requests, enrich_signals
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_requests import (
    KEPT_SCHEMA,
    name_measures,
    name_versions,
    recall_keys,
    refuse_missing_rows,
    refuse_replaced_rows,
    stamp_versions,
)
from assets.listening.identity.retained_signals import read_signal_keys, recall_signals
from assets.listening.playback.consumption import measure_consumption
from sql.values import Reader, Window

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
    "rules_version",
    "key_version",
]


def compute_listening_day(
    read: Reader,
    window: Window,
    tenants: Sequence[UUID],
    rules: Rules,
    ranges: AddressRanges,
    keyring: Keyring,
    method: Method | None = None,
) -> dict[str, pl.DataFrame]:
    """The six tables of one UTC day: request_dispositions, downloads, ad_exposures, listener_metrics,
    listener_dimension_metrics and listener_breakdowns.

    window: one UTC day. The columns are those of the tables, without run_id and is_final.
    A download belongs to the day of its first request; a disposition to the day of its row. Tenants whose windows roll
    over midnight are read with a margin on both sides, the others without. Rows whose address is gone have the keys
    that were kept of them. Raises RawRowsGoneError where rows are gone that the day was made of before.
    """
    scope = list(tenants)
    methods = check_methods(read("read_listening_methods", tenants=scope))
    catalogue = index_catalogue(
        read("read_episodes", tenants=scope), read("read_media", tenants=scope), methods, method
    )
    spans = _spans(window, scope, methods)
    # First, so that a row which arrives while we read cannot look as if it had gone.
    judged = _read_judged(read, spans)
    raw = read_raw_rows(read, spans, window)
    refuse_missing_rows(raw.counts, judged)
    if window.day in judged["day"]:
        asked = {"start": window.start, "end": window.end, "day": window.day, "tenants": scope}
        refuse_replaced_rows(read("read_missing_rows", **asked), window.day)
    inclusions = read("read_ip_inclusions", tenants=scope)
    is_today = pl.col("occurred_at").is_between(window.start, window.end, closed="left")
    consumption = measure_consumption(raw.playback, catalogue)
    no_requests = raw.playback.group_by("tenant_id").len("requests")
    requests = raw.look_up(catalogue)
    del raw
    kept = _read_kept(read, spans, requests)
    addressed = requests.filter(is_today & pl.col("client_ip").is_not_null()).select("tenant_id")
    versions = name_versions(kept.filter(is_today), addressed, ranges.version)
    measures = name_measures(versions, name_methods(methods, method), rules.version, ranges.version)
    enriched = [recall_keys(enrich_requests(requests, rules, ranges, inclusions, keyring), kept)]
    del requests
    # Handed over, not lent: the settled rows take the place of these.
    refused, settled = settle_known(enriched.pop(), catalogue, method)
    counted = count_downloads(settled, catalogue).filter(
        pl.col("downloaded_at").is_between(window.start, window.end, closed="left")
    )
    dispositions = _sum_dispositions([refused.filter(is_today), settled.filter(is_today)], no_requests)
    delivered = find_delivered_ads(settled, counted, read("read_ad_segments", tenants=scope), catalogue)
    del refused, settled
    signals = read("read_ad_signals", start=window.start, end=window.end, tenants=scope)
    recalled = read_signal_keys(read, signals, scope, exposures=True)
    explicit = collect_signals(recall_signals(enrich_signals(signals, rules, ranges, inclusions, keyring), recalled))
    downloads = _tell_downloads(stamp_versions(counted, measures))
    breakdowns = measure_breakdowns(downloads)

    def stamped(frame: pl.DataFrame) -> pl.DataFrame:
        return stamp_versions(frame, measures).with_columns(day=pl.lit(window.day))

    return {
        "request_dispositions": stamped(dispositions),
        "downloads": downloads,
        "ad_exposures": pl.concat([delivered, explicit]).sort("tenant_id", "occurred_at", "exposure_id"),
        "listener_metrics": stamped(measure_audience(downloads, delivered, consumption, catalogue)).sort(
            "tenant_id", "podcast_id", "episode_id"
        ),
        "listener_dimension_metrics": stamped(tell_shows(breakdowns)),
        "listener_breakdowns": stamped(breakdowns),
    }


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


def _read_kept(read: Reader, spans: list[Span], requests: pl.DataFrame) -> pl.DataFrame:
    """The kept keys of requests without an address; where all have theirs, nobody is asked."""
    if not requests["client_ip"].null_count():
        spans = []
    parts = [read("read_event_keys", start=span.start, end=span.end, tenants=of) for span, of in spans]
    return pl.concat(parts) if parts else pl.DataFrame(schema=KEPT_SCHEMA)


def _tell_downloads(counted: pl.DataFrame) -> pl.DataFrame:
    """The table of downloads. A download has the id of its first request: the same row always makes the same one."""
    words = ["basis", "app", "device", "os", "country_code", "region_code", "referrer", "address_class"]
    return (
        counted.rename({"event_id": "download_id"})
        .with_columns(pl.col(name).cast(pl.String).str.strip_chars().fill_null(UNKNOWN) for name in words)
        .select(DOWNLOAD_COLUMNS)
        .sort("tenant_id", "downloaded_at", "download_id")
    )


def _sum_dispositions(parts: list[pl.DataFrame], no_requests: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, disposition, requests, range_assumed (those of them whose range is taken as received): the requests
    sum to the raw rows of the day."""
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
    others = no_requests.select(
        "tenant_id",
        pl.lit("not_a_request").alias("disposition"),
        pl.col("requests").cast(pl.Int64),
        range_assumed=pl.lit(0, dtype=pl.Int64),
    )
    named = [part.with_columns(pl.col("disposition").cast(pl.String)) for part in [*counts, others]]
    return pl.concat(named).group_by(kinds).agg(pl.col("requests", "range_assumed").sum()).sort(kinds)
