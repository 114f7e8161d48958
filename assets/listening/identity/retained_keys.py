"""Retained keys: what was derived from an address, so that a day can be computed again when the address is gone.

Here: the two tables whose rows have addresses, making the keys that are retained of them, and restoring them into rows
without an address.
Not here: when addresses go (assets/privacy), how keys are derived (keys.py), the versions that a day is stamped with
(assets/listening/downloads/rules_versions.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import polars as pl

from assets.frames import UTC_TIME, add_columns
from assets.listening.identity.addresses import AddressRanges, classify_addresses
from assets.listening.identity.keys import Keyring, derive_keys, renew_keys
from sql.values import Reader, Window

# The primary key of both tables of raw rows.
EVENT = ["tenant_id", "occurred_at", "event_id"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of raw rows with addresses, as far as its retained keys go.

    table:    where the keys are stored
    schema:   its columns
    restored: those of them that are put back into rows
    """

    table: str
    schema: pl.Schema
    restored: Sequence[str]


_KEYS = pl.Schema(
    {
        "tenant_id": pl.Binary(),
        "occurred_at": UTC_TIME,
        "event_id": pl.Binary(),
        "consumer_key": pl.Int64(),
        "household_key": pl.Int64(),
        "key_version": pl.Int16(),
        "address_class": pl.String(),
        "ip_rules_version": pl.String(),
    }
)

# Raw requests; the inclusion list is in force for them alone.
REQUESTS = Relation(
    "event_keys",
    pl.Schema({**_KEYS, "on_inclusion_list": pl.Boolean()}),
    ("consumer_key", "household_key", "key_version", "address_class", "on_inclusion_list"),
)
SIGNALS = Relation("attribution_event_keys", _KEYS, ("consumer_key", "household_key", "address_class"))


def retain_keys(
    rows: pl.DataFrame,
    relation: Relation,
    ranges: AddressRanges,
    inclusions: pl.DataFrame,
    keyring: Keyring,
    day: date,
) -> pl.DataFrame:
    """The columns of the relation's schema: the keys of one tenant's rows of a UTC day, in order of events.

    rows:       tenant_id, occurred_at, event_id, client_ip (text), user_agent, each with an address
    inclusions: tenant_id, network (text), reason, validated_at (UTC)
    """
    classes = classify_addresses(rows, ranges, inclusions, day).drop("network", "is_data_centre")
    described = rows.join(classes, on=["tenant_id", "client_ip"], how="left", validate="m:1")
    return (
        derive_keys(described, keyring)
        .with_columns(ip_rules_version=pl.lit(ranges.version))
        .select(list(relation.schema))
        .sort(EVENT)
    )


def read_signal_keys(read: Reader, signals: pl.DataFrame, tenants: Sequence[UUID], *, exposures: bool) -> pl.DataFrame:
    """The retained keys on the days of those signals that have no address; nothing is read where all have theirs.

    exposures: the signals are impressions and clicks; else they are all that are neither
    """
    bare = signals.filter(pl.col("client_ip").is_null())
    if bare.is_empty():
        return SIGNALS.schema.to_frame()
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


def restore_keys(rows: pl.DataFrame, retained: pl.DataFrame, relation: Relation, keyring: Keyring) -> pl.DataFrame:
    """The rows with what was retained of those whose address is gone; the keys are those of the newest version.

    rows:     have the columns that are restored already, as enrich_requests or enrich_signals gives them
    retained: the columns of the relation's schema, of such rows alone
    A retained key replaces a platform's own, as the address did.
    """
    if retained.is_empty():
        return rows
    # An event whose keys were retained under several versions counts by the last of them.
    newest = retained.sort("key_version").unique(EVENT, keep="last")
    renewed = renew_keys(newest, ["consumer_key", "household_key"], keyring, since="key_version")
    in_force = {tenant: keyring.key_of(tenant).version for tenant in renewed["tenant_id"].unique()}
    version = pl.col("tenant_id").replace_strict(in_force, return_dtype=pl.Int16)
    restored = renewed.with_columns(key_version=version).select(
        *EVENT, pl.col(relation.restored).name.prefix("_retained_")
    )
    values = {
        name: pl.coalesce(f"_retained_{name}", pl.col(name).cast(relation.schema[name])) for name in relation.restored
    }
    if isinstance(rows.schema["address_class"], pl.Enum):
        classes = pl.concat([rows["address_class"].cast(pl.String), retained["address_class"]]).unique().sort()
        values["address_class"] = values["address_class"].cast(pl.Enum(classes))
    if "is_data_centre" in rows.columns:
        is_data_centre = pl.col("_retained_address_class") == "data_centre"
        values["is_data_centre"] = pl.coalesce(is_data_centre, "is_data_centre")
    return add_columns(rows, restored, EVENT).with_columns(**values).drop(pl.selectors.starts_with("_retained_"))
