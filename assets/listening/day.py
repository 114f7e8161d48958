"""Day: the listening rollups of one UTC day, from one read of its raw rows.

Here: four stages: what is read, requests classified, what they add up to, and the tables that come out.
Not here: the definitions (the rooms beside this module), and who writes the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl

from assets.listening.audience.breakdowns import measure_breakdowns, select_shows
from assets.listening.audience.episode_metrics import measure_audience
from assets.listening.downloads.ad_delivery import collect_signals, find_delivered_ads
from assets.listening.downloads.catalogue import Catalogue, index_catalogue
from assets.listening.downloads.counting import count_downloads, qualify_looked_up
from assets.listening.downloads.event_reader import Span, read_raw_rows
from assets.listening.downloads.method import LOOK_BACK, LOOK_FORWARD, Method, check_methods
from assets.listening.downloads.missing_rows import refuse_missing_rows, refuse_replaced_rows
from assets.listening.downloads.rules_versions import join_address_versions, stamp_versions, version_tenants
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import UNKNOWN, Rules
from assets.listening.identity.enrichment import enrich_requests, enrich_signals
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_keys import REQUESTS, SIGNALS, read_signal_keys, restore_keys
from assets.listening.playback.consumption import measure_consumption
from assets.spans import CALENDAR_DAY
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


@dataclass(slots=True)
class _Inputs:
    """What a day is computed from.

    requests:      those of all spans, looked up in the catalogue (catalogue.look_up)
    not_requests:  tenant_id, requests: how many rows of the day are no requests
    consumption:   consumption.measure_consumption of these rows, which are not carried along
    retained:      retained keys of the requests whose address is gone; retained_signals those of the signals
    signals:       explicit impressions and clicks of the day
    """

    window: Window
    methods: pl.DataFrame
    catalogue: Catalogue
    inclusions: pl.DataFrame
    segments: pl.DataFrame
    requests: pl.DataFrame
    not_requests: pl.DataFrame
    consumption: pl.DataFrame
    retained: pl.DataFrame
    signals: pl.DataFrame
    retained_signals: pl.DataFrame

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


@dataclass(frozen=True, slots=True)
class _Classified:
    """counting.qualify_requests of the requests of all spans, and the day's explicit impressions and clicks."""

    filtered: pl.DataFrame
    candidates: pl.DataFrame
    explicit: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Measured:
    """The day's dispositions, downloads (counting.count_downloads), and exposures: ads delivered and explicit ones."""

    dispositions: pl.DataFrame
    downloads: pl.DataFrame
    delivered: pl.DataFrame
    explicit: pl.DataFrame


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
    that were retained of them. Raises RawRowsGoneError where rows are gone that the day was computed from before.
    """
    inputs = _read_inputs(read, window, list(tenants), method)
    versions = _version_tenants(inputs, rules, ranges, method)
    # The rows are handed on, not bound to a name: two million of them are in memory once, and gone when measured.
    measured = _measure(inputs, _classify(inputs, rules, ranges, keyring, method))
    return _build_tables(inputs, measured, versions)


def _read_inputs(read: Reader, window: Window, tenants: list[UUID], method: Method | None) -> _Inputs:
    """Raises RawRowsGoneError where rows are gone that the day was computed from before."""
    methods = check_methods(read("read_listening_methods", tenants=tenants))
    catalogue = index_catalogue(
        read("read_episodes", tenants=tenants), read("read_media", tenants=tenants), methods, method
    )
    spans = _spans(window, tenants, methods)
    # First, so that a row which arrives while we read cannot look as if it had gone.
    judged = _read_judged(read, spans)
    raw = read_raw_rows(read, spans, window)
    refuse_missing_rows(raw.counts, judged)
    if window.day in judged["day"]:
        refuse_replaced_rows(read, window, tenants)
    signals = read("read_ad_signals", start=window.start, end=window.end, tenants=tenants)
    return _Inputs(
        window,
        methods,
        catalogue,
        inclusions=read("read_ip_inclusions", tenants=tenants),
        segments=read("read_ad_segments", tenants=tenants),
        requests=raw.look_up(catalogue),
        not_requests=raw.playback.group_by("tenant_id").len("requests"),
        consumption=measure_consumption(raw.playback, catalogue),
        retained=_read_retained(read, spans, raw.requests),
        signals=signals,
        retained_signals=read_signal_keys(read, signals, tenants, exposures=True),
    )


def _version_tenants(inputs: _Inputs, rules: Rules, ranges: AddressRanges, method: Method | None) -> pl.DataFrame:
    """tenant_id, rules_version: what the day of each tenant is measured by."""
    has_address = pl.col("client_ip").is_not_null()
    addressed = inputs.requests.filter(inputs.is_today & has_address).select("tenant_id")
    retained = inputs.retained.filter(inputs.is_today)
    address_versions = join_address_versions(retained, addressed, ranges.version)
    return version_tenants(inputs.methods, address_versions, rules, ranges, method)


def _classify(
    inputs: _Inputs, rules: Rules, ranges: AddressRanges, keyring: Keyring, method: Method | None
) -> _Classified:
    """Keys, address classes and agents of all rows, and the disposition of every request. Takes the requests."""
    enriched_signals = enrich_signals(inputs.signals, rules, ranges, inputs.inclusions, keyring)
    explicit = collect_signals(restore_keys(enriched_signals, inputs.retained_signals, SIGNALS, keyring))
    filtered, candidates = qualify_looked_up(
        restore_keys(
            enrich_requests(inputs.take_requests(), rules, ranges, inputs.inclusions, keyring),
            inputs.retained,
            REQUESTS,
            keyring,
        ),
        inputs.catalogue,
        method,
    )
    return _Classified(filtered, candidates, explicit)


def _measure(inputs: _Inputs, rows: _Classified) -> _Measured:
    """What the rows of the day add up to; rows of the days around it decide where windows begin, and no more."""
    downloads = count_downloads(rows.candidates, inputs.catalogue).filter(inputs.holds("downloaded_at"))
    return _Measured(
        _sum_dispositions([each.filter(inputs.is_today) for each in (rows.filtered, rows.candidates)], inputs),
        downloads,
        find_delivered_ads(rows.candidates, downloads, inputs.segments, inputs.catalogue),
        rows.explicit,
    )


def _build_tables(inputs: _Inputs, measured: _Measured, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables as they are written, by name."""
    downloads = _build_downloads(stamp_versions(measured.downloads, versions))
    breakdowns = measure_breakdowns(downloads)
    metrics = measure_audience(downloads, measured.delivered, inputs.consumption, inputs.catalogue)
    exposures = pl.concat([measured.delivered, measured.explicit])

    def stamped(frame: pl.DataFrame) -> pl.DataFrame:
        return stamp_versions(frame, versions).with_columns(day=pl.lit(inputs.window.day))

    return {
        "request_dispositions": stamped(measured.dispositions),
        "downloads": downloads,
        "ad_exposures": exposures.sort("tenant_id", "occurred_at", "exposure_id"),
        "listener_metrics": stamped(metrics).sort("tenant_id", "podcast_id", "episode_id"),
        "listener_dimension_metrics": stamped(select_shows(breakdowns)),
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


def _read_retained(read: Reader, spans: list[Span], requests: pl.DataFrame) -> pl.DataFrame:
    """The retained keys of requests without an address; nothing is read where all have theirs."""
    if not requests["client_ip"].null_count():
        return REQUESTS.schema.to_frame()
    return pl.concat(
        read("read_event_keys", start=span.start, end=span.end, tenants=tenants) for span, tenants in spans
    )


def _build_downloads(counted: pl.DataFrame) -> pl.DataFrame:
    """The table of downloads. A download has the id of its first request: the same row always makes the same one."""
    texts = ["basis", "app", "device", "os", "country_code", "region_code", "referrer", "address_class"]
    return (
        counted.rename({"event_id": "download_id"})
        .with_columns(pl.col(name).cast(pl.String).str.strip_chars().fill_null(UNKNOWN) for name in texts)
        .select(DOWNLOAD_COLUMNS)
        .sort("tenant_id", "downloaded_at", "download_id")
    )


def _sum_dispositions(parts: list[pl.DataFrame], inputs: _Inputs) -> pl.DataFrame:
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
    others = inputs.not_requests.select(
        "tenant_id",
        pl.lit("not_a_request").alias("disposition"),
        pl.col("requests").cast(pl.Int64),
        range_assumed=pl.lit(0, dtype=pl.Int64),
    )
    named = [part.with_columns(pl.col("disposition").cast(pl.String)) for part in [*counts, others]]
    return pl.concat(named).group_by(kinds).agg(pl.col("requests", "range_assumed").sum()).sort(kinds)
