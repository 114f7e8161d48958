"""Day: the listening rollups of one UTC day, from one read of its raw rows.

Here: the tables that come out, of what the rows add up to and of the explicit impressions and clicks.
Not here: what the rows add up to (day_shards.py), the definitions (the rooms beside this module), and who writes the
tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import polars as pl

from assets.grain import EPISODE
from assets.listening.audience.breakdowns import measure_breakdowns, select_shows
from assets.listening.audience.episode_metrics import measure_audience
from assets.listening.day_shards import DOWNLOAD_COLUMNS, DayShard, Settings, measure_shard, read_settings
from assets.listening.downloads.ad_delivery import collect_signals
from assets.listening.downloads.method import Method
from assets.listening.downloads.missing_rows import refuse_missing_rows, refuse_replaced_rows
from assets.listening.downloads.rules_versions import join_address_versions, stamp_versions, version_tenants
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import Rules
from assets.listening.identity.enrichment import enrich_signals
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_keys import SIGNALS, read_signal_keys, restore_keys
from assets.listening.playback.consumption import divide_sums
from sql.values import Reader, Window


def compute_listening_day(
    read: Reader,
    window: Window,
    tenants: Sequence[UUID],
    rules: Rules,
    ranges: AddressRanges,
    keyring: Keyring,
    method: Method | None = None,
    shards: Sequence[DayShard] = (),
) -> dict[str, pl.DataFrame]:
    """The six tables of one UTC day: request_dispositions, downloads, ad_exposures, listener_metrics,
    listener_dimension_metrics and listener_breakdowns.

    window: one UTC day. The columns are those of the tables, without run_id and is_final.
    shards: all those of the day, where it was measured in shards (day_shards.measure_shard); else it is measured here
    Raises RawRowsGoneError where rows are gone that the day was computed from before.
    """
    scope = list(tenants)
    settings = read_settings(read, scope, method)
    whole = _join(shards or [measure_shard(read, window, scope, settings, rules, ranges, keyring)])
    refuse_missing_rows(whole.counts, whole.judged)
    if window.day in whole.judged["day"]:
        refuse_replaced_rows(read, window, scope)
    explicit = _read_signals(read, window, scope, rules, ranges, keyring)
    address_versions = join_address_versions(whole.versions, whole.addressed, ranges.version)
    versions = version_tenants(settings.methods, address_versions, rules, ranges, method)
    return _build_tables(window, whole, explicit, versions, settings)


def _join(shards: Sequence[DayShard]) -> DayShard:
    """The whole of the shards. What each of them counts is added up; rows of one listener are in one shard."""
    if len(shards) == 1:
        return shards[0]

    def joined(name: str) -> pl.DataFrame:
        frames: list[pl.DataFrame] = [getattr(shard, name) for shard in shards]
        return pl.concat(frames)

    kinds, days = ["tenant_id", "disposition"], ["tenant_id", "day"]
    return DayShard(
        # The shards were begun at different times; what was computed before the first of them counts.
        judged=joined("judged")
        .group_by(days)
        .agg(pl.col("requests").min(), found=pl.len())
        .filter(found=len(shards))
        .drop("found"),
        counts=joined("counts").group_by(days).agg(pl.col("rows").sum()),
        versions=joined("versions").unique(),
        addressed=joined("addressed").unique(),
        dispositions=joined("dispositions").group_by(kinds).agg(pl.all().sum()),
        playback=joined("playback").group_by(EPISODE).agg(pl.all().sum()),
        downloads=joined("downloads"),
        delivered=joined("delivered"),
    )


def _read_signals(
    read: Reader, window: Window, tenants: list[UUID], rules: Rules, ranges: AddressRanges, keyring: Keyring
) -> pl.DataFrame:
    """The day's explicit impressions and clicks, as exposures."""
    signals = read("read_ad_signals", start=window.start, end=window.end, tenants=tenants)
    retained = read_signal_keys(read, signals, tenants, exposures=True)
    enriched = enrich_signals(signals, rules, ranges, read("read_ip_inclusions", tenants=tenants), keyring)
    return collect_signals(restore_keys(enriched, retained, SIGNALS, keyring))


def _build_tables(
    window: Window, whole: DayShard, explicit: pl.DataFrame, versions: pl.DataFrame, settings: Settings
) -> dict[str, pl.DataFrame]:
    """The tables as they are written, by name."""
    columns = [*DOWNLOAD_COLUMNS[:-1], "rules_version", DOWNLOAD_COLUMNS[-1]]
    downloads = stamp_versions(whole.downloads, versions).select(columns)
    downloads = downloads.sort("tenant_id", "downloaded_at", "download_id")
    breakdowns = measure_breakdowns(downloads)
    numbers = settings.catalogue.episodes.select(*EPISODE, "episode_no")
    consumption = divide_sums(whole.playback.join(numbers, on=EPISODE, validate="1:1"))
    metrics = measure_audience(downloads, whole.delivered, consumption.drop(EPISODE), settings.catalogue)
    exposures = pl.concat([whole.delivered, explicit])

    def stamped(frame: pl.DataFrame) -> pl.DataFrame:
        return stamp_versions(frame, versions).with_columns(day=pl.lit(window.day))

    return {
        "request_dispositions": stamped(whole.dispositions.sort("tenant_id", "disposition")),
        "downloads": downloads,
        "ad_exposures": exposures.sort("tenant_id", "occurred_at", "exposure_id"),
        "listener_metrics": stamped(metrics).sort("tenant_id", "podcast_id", "episode_id"),
        "listener_dimension_metrics": stamped(select_shows(breakdowns)),
        "listener_breakdowns": stamped(breakdowns),
    }
