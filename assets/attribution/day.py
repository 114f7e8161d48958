"""Day: the conversions of one UTC day with their refunds, paths and credits, from one read of their signals.

Here: what is read, keys for signals that came with an address, and the four tables that come out.
Not here: the definitions (the modules beside this one), and who writes the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import polars as pl

from assets.attribution.conversions import (
    USABLE_CLASS,
    adjust_conversions,
    merge_conversions,
    name_codes,
    needs_rates,
    recognise_orders,
)
from assets.attribution.models import credit_shows
from assets.attribution.money import Rates, rates_of
from assets.attribution.paths import build_paths, matched_by
from assets.grain import CONVERSION
from assets.listening.identity.addresses import INCLUSIONS, AddressRanges, classify_addresses
from assets.listening.identity.keys import Keyring, derive_keys, renew_keys
from assets.listening.identity.retained_keys import SIGNALS, read_signal_keys, restore_keys
from assets.spans import LONGEST_WINDOW
from sql.values import Reader, Window

CONVERSION_COLUMNS = [
    "tenant_id",
    "converted_at",
    "conversion_id",
    "day",
    "sponsor_id",
    "campaign_id",
    "kind",
    "order_id",
    "value_minor",
    "currency",
    "promo_code",
    "pixel_signals",
    "server_signals",
    "promo_code_signals",
    "vanity_url_signals",
    "utm_signals",
    "survey_signals",
    "household_key",
    "listener_key",
    "listener_id",
    "address_class",
    "is_new_customer",
    "matched_by",
]


def compute_attribution_day(
    read: Reader,
    window: Window,
    tenants: Sequence[UUID],
    keyring: Keyring,
    ranges: AddressRanges | None = None,
) -> dict[str, pl.DataFrame]:
    """conversions, conversion_adjustments, attribution_touches and attribution_credits of one UTC day.

    window: one UTC day. The columns are those of the tables, without run_id and is_final. ranges: the lists of networks
    in force; None: the packaged ones. A conversion is of the day of its earliest signal, so an order with an earlier
    signal on another day is left to that day. Which conversion of an order a refund adjusts is decided among all of
    them.
    """
    scope = list(tenants)
    signals = read("read_conversion_signals", start=window.start, end=window.end, tenants=scope, sponsors=None)
    retained = read_signal_keys(read, signals, scope, exposures=False)
    identified = identify_signals(signals, ranges or AddressRanges.load(), keyring, window.day, retained)
    events = recognise_orders(identified)
    at = pl.col("converted_at")
    merged = merge_conversions(events)
    adjustments = adjust_conversions(events, merged, read_rates(read, events))
    codes = read("read_promo_codes", tenants=scope)
    conversions = merged.filter((at >= window.start) & (at < window.end)).pipe(name_codes, codes)
    paths = build_paths(
        conversions,
        read_exposures(read, window, scope, conversions),
        codes,
        read("read_placements", tenants=scope),
        read("read_airings", tenants=scope),
        read("read_attribution_configs", tenants=scope),
    )
    return {
        "conversions": matched_by(conversions, paths).select(CONVERSION_COLUMNS),
        "conversion_adjustments": adjustments.join(conversions, on=CONVERSION, how="semi"),
        "attribution_touches": paths.drop("age_s", "half_life_s"),
        "attribution_credits": credit_shows(paths),
    }


def identify_signals(
    signals: pl.DataFrame, ranges: AddressRanges, keyring: Keyring, day: date, retained: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The signals with household_key, listener_key and address_class.

    signals: of read_conversion_signals; with client_ip (text) and user_agent
    retained: the retained keys of those whose address is gone (retained_keys.py); None: all have theirs

    An address gives the household key, and with the agent the listener key, unless the platform sent one of its own.
    Without an address the platform's keys stay, and are taken as those of one household.
    """
    is_supplied = (
        pl.any_horizontal(pl.col("household_key", "listener_key").is_not_null()) & pl.col("client_ip").is_null()
    )
    marked = signals.with_columns(is_platform_supplied=is_supplied)
    inclusions = pl.DataFrame(schema={**INCLUSIONS, "tenant_id": signals.schema["tenant_id"]})
    classes = classify_addresses(signals, ranges, inclusions, day).select("tenant_id", "client_ip", "address_class")
    return (
        derive_keys(marked, keyring)
        .join(classes, on=["tenant_id", "client_ip"], how="left", validate="m:1", nulls_equal=True)
        .with_columns(
            address_class=pl.when("is_platform_supplied").then(pl.lit(USABLE_CLASS)).otherwise("address_class")
        )
        .pipe(restore_keys, pl.DataFrame() if retained is None else retained, SIGNALS, keyring)
        .pipe(renew_keys, ["listener_key"], keyring)
        .with_columns(listener_key=pl.coalesce("listener_key", "consumer_key"))
        .drop("client_ip", "user_agent", "consumer_key", "key_version", "is_platform_supplied")
    )


def read_rates(read: Reader, events: pl.DataFrame) -> Rates:
    """The rates on the days of the refunds, where orders have amounts in several currencies."""
    days = events.filter(pl.col("kind") == "refund")["occurred_at"].dt.date()
    if days.is_empty() or not needs_rates(events):
        return {}
    return rates_of(read("read_fx_rates", first=days.min(), last=days.max()))


def read_exposures(read: Reader, window: Window, tenants: list[UUID], conversions: pl.DataFrame) -> pl.DataFrame:
    """The exposures that could be touches of these conversions: same sponsor, a shared key, the longest window."""
    span = window.widened(before=LONGEST_WINDOW)
    return read(
        "read_matching_exposures",
        start=span.start,
        end=span.end,
        tenants=tenants,
        sponsors=[_as_uuid(sponsor) for sponsor in _distinct(conversions, "sponsor_id")],
        households=_distinct(conversions, "household_key"),
        consumers=_distinct(conversions, "listener_key"),
        listeners=_distinct(conversions, "listener_id"),
    )


def _distinct(frame: pl.DataFrame, column: str) -> list[object]:
    return frame.get_column(column).drop_nulls().unique().sort().to_list()


def _as_uuid(value: object) -> UUID:
    return UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value))
