"""Kept signals: what was derived from the address of an attribution event, so that it matches alike when that is gone.

Here: making the keys that are kept, of every version in the key ring, and putting them back into events without one.
Not here: the same for requests (retained_requests.py), when addresses go (assets/privacy), how keys are derived
(keys.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import polars as pl

from assets.frames import UTC_TIME, add_columns
from assets.listening.identity.addresses import AddressRanges, classify_addresses
from assets.listening.identity.keys import Keyring, derive_keys
from assets.listening.identity.retained_requests import EVENT
from sql.values import Reader, Window

SIGNAL_KEYS: Mapping[str, pl.DataType] = {
    "tenant_id": pl.Binary(),
    "occurred_at": UTC_TIME,
    "event_id": pl.Binary(),
    "key_version": pl.Int16(),
    "consumer_key": pl.Int64(),
    "household_key": pl.Int64(),
    "address_class": pl.String(),
    "ip_rules_version": pl.String(),
}
RECALLED = ["consumer_key", "household_key", "address_class"]


def keep_signal_keys(
    rows: pl.DataFrame, ranges: AddressRanges, inclusions: pl.DataFrame, keyring: Keyring, tenant: UUID, day: date
) -> pl.DataFrame:
    """SIGNAL_KEYS: one row per event and version of the tenant's key; all rows are of one tenant and UTC day.

    rows: tenant_id, occurred_at, event_id, client_ip (text), user_agent, each with an address
    """
    classes = classify_addresses(rows, ranges, inclusions, day).select("tenant_id", "client_ip", "address_class")
    described = rows.join(classes, on=["tenant_id", "client_ip"], how="left", validate="m:1")
    keyed = [derive_keys(described, keyring.of_version(version)) for version in keyring.versions_of(tenant)]
    return (
        pl.concat(keyed)
        .with_columns(ip_rules_version=pl.lit(ranges.version))
        .select(list(SIGNAL_KEYS))
        .sort(*EVENT, "key_version")
    )


def read_signal_keys(read: Reader, signals: pl.DataFrame, tenants: Sequence[UUID], *, exposures: bool) -> pl.DataFrame:
    """The kept keys of the days of those signals that have no address; where all have theirs, nobody is asked.

    exposures: the signals are impressions and clicks; else they are all that are neither
    """
    bare = signals.filter(pl.col("client_ip").is_null())
    if bare.is_empty():
        return pl.DataFrame(schema=SIGNAL_KEYS)
    days = bare["occurred_at"].dt.date().unique().sort().to_list()
    span = Window.of_days(days[0], days[-1])
    return read(
        "read_attribution_event_keys",
        start=span.start,
        end=span.end,
        days=days,
        tenants=list(tenants),
        exposures=exposures,
    )


def recall_signals(signals: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The signals, which have RECALLED already, with what was kept of those whose address is gone: it wins over all
    else, as the address did. kept: SIGNAL_KEYS of such signals; of several versions the newest names them.
    """
    if kept.is_empty():
        return signals
    newest = kept.sort("key_version").unique(EVENT, keep="last")
    renamed = newest.select(*EVENT, *(pl.col(name).alias(f"_kept_{name}") for name in RECALLED))
    return (
        add_columns(signals, renamed, EVENT)
        .with_columns(
            pl.coalesce(f"_kept_{name}", pl.col(name).cast(renamed.schema[f"_kept_{name}"])).alias(name)
            for name in RECALLED
        )
        .drop(pl.selectors.starts_with("_kept_"))
    )


def older_versions(kept: pl.DataFrame, key: str) -> pl.DataFrame:
    """tenant_id, older, newest: what a key of a kept signal was under the versions before its newest."""
    newest = kept.sort("key_version").unique(EVENT, keep="last").select(*EVENT, newest=key, _latest="key_version")
    return (
        kept.join(newest, on=EVENT, validate="m:1")
        .filter((pl.col("key_version") < pl.col("_latest")) & (pl.col(key) != pl.col("newest")))
        .select("tenant_id", older=key, newest="newest")
        .unique()
    )
