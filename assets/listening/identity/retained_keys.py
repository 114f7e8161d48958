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
from assets.listening.identity.keys import Keyring, derive_keys
from sql.values import Reader, Window

# The primary key of both tables of raw rows.
EVENT = ["tenant_id", "occurred_at", "event_id"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of raw rows with addresses, as far as its retained keys go.

    table:             where the keys are stored
    schema:            its columns
    restored:          those of them that are put back into rows
    has_every_version: an event has a row for each version of its tenant's key, and not for the newest alone
    """

    table: str
    schema: pl.Schema
    restored: Sequence[str]
    has_every_version: bool

    def keyrings(self, keyring: Keyring, tenant: UUID) -> list[Keyring]:
        """The key ring, cut to one version each where every version is retained."""
        if not self.has_every_version:
            return [keyring]
        return [keyring.of_version(version) for version in keyring.versions_of(tenant)]


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
    has_every_version=False,
)
# Attribution events. They are matched with exposures that may be stored under any version.
SIGNALS = Relation(
    "attribution_event_keys", _KEYS, ("consumer_key", "household_key", "address_class"), has_every_version=True
)


def retain_keys(
    rows: pl.DataFrame,
    relation: Relation,
    ranges: AddressRanges,
    inclusions: pl.DataFrame,
    keyring: Keyring,
    tenant: UUID,
    day: date,
) -> pl.DataFrame:
    """The columns of the relation's schema: the keys of one tenant's rows of a UTC day, in order of event and version.

    rows:       tenant_id, occurred_at, event_id, client_ip (text), user_agent, each with an address
    inclusions: tenant_id, network (text), reason, validated_at (UTC)
    """
    classes = classify_addresses(rows, ranges, inclusions, day).drop("network", "is_data_centre")
    described = rows.join(classes, on=["tenant_id", "client_ip"], how="left", validate="m:1")
    keyed = [derive_keys(described, ring) for ring in relation.keyrings(keyring, tenant)]
    return (
        pl.concat(keyed)
        .with_columns(ip_rules_version=pl.lit(ranges.version))
        .select(list(relation.schema))
        .sort(*EVENT, "key_version")
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


def restore_keys(rows: pl.DataFrame, retained: pl.DataFrame, relation: Relation) -> pl.DataFrame:
    """The rows with what was retained of those whose address is gone, of several versions the newest.

    rows:     have the columns that are restored already, as enrich_requests or enrich_signals gives them
    retained: the columns of the relation's schema, of such rows alone
    A retained key replaces a platform's own, as the address did.
    """
    if retained.is_empty():
        return rows
    newest = _newest_version(retained) if relation.has_every_version else retained
    restored = newest.select(*EVENT, pl.col(relation.restored).name.prefix("_retained_"))
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


def older_versions(retained: pl.DataFrame, key: str) -> pl.DataFrame:
    """tenant_id, older, newest: a key of a signal under the versions before its newest, and under that one."""
    newest = _newest_version(retained).select(*EVENT, newest=key, _latest="key_version")
    return (
        retained.join(newest, on=EVENT, validate="m:1")
        .filter((pl.col("key_version") < pl.col("_latest")) & (pl.col(key) != pl.col("newest")))
        .select("tenant_id", older=key, newest="newest")
        .unique()
    )


def _newest_version(retained: pl.DataFrame) -> pl.DataFrame:
    return retained.sort("key_version").unique(EVENT, keep="last")
