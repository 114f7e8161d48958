"""Kept keys: what was derived from an address, so that a day can be computed again when the address is gone.

Here: making the keys that are kept, putting them back into rows without an address, naming the address rules that they
were made by, and refusing a day whose raw rows are gone.
Not here: when addresses go (assets/privacy), how keys are derived (keys.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from assets.frames import UTC_TIME, add_columns
from assets.listening.identity.addresses import AddressRanges, classify_addresses
from assets.listening.identity.keys import Keyring, derive_keys
from sql.values import RawRowsGoneError

# What tells a raw row from every other.
EVENT = ["tenant_id", "occurred_at", "event_id"]

KEPT_SCHEMA: Mapping[str, pl.DataType] = {
    "tenant_id": pl.Binary(),
    "occurred_at": UTC_TIME,
    "event_id": pl.Binary(),
    "consumer_key": pl.Int64(),
    "household_key": pl.Int64(),
    "key_version": pl.Int16(),
    "address_class": pl.String(),
    "on_inclusion_list": pl.Boolean(),
    "ip_rules_version": pl.String(),
}
KEPT_COLUMNS = list(KEPT_SCHEMA)


def keep_keys(
    rows: pl.DataFrame, ranges: AddressRanges, inclusions: pl.DataFrame, keyring: Keyring, day: date
) -> pl.DataFrame:
    """KEPT_COLUMNS: one row per raw row, all of one UTC day, each with an address.

    rows:       tenant_id, occurred_at, event_id, client_ip (text), user_agent
    inclusions: tenant_id, network (text), reason, validated_at (UTC)
    """
    described = classify_addresses(rows, ranges, inclusions, day)
    return (
        derive_keys(rows, keyring)
        .join(described, on=["tenant_id", "client_ip"], how="left", validate="m:1")
        .with_columns(ip_rules_version=pl.lit(ranges.version))
        .select(KEPT_COLUMNS)
        .sort(EVENT)
    )


def recall_keys(requests: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The requests, as enrich_requests gives them, with what was kept of rows whose address is gone.

    kept: KEPT_COLUMNS of such rows alone. What was kept wins over a platform's own key, as the address did.
    """
    if kept.is_empty():
        return requests
    names = ["consumer_key", "household_key", "key_version", "on_inclusion_list"]
    recalled = kept.select(
        *EVENT,
        *(pl.col(name).alias(f"_kept_{name}") for name in names),
        _kept_class="address_class",
        _kept_data_centre=pl.col("address_class") == "data_centre",
    )
    classes = pl.concat([requests["address_class"].cast(pl.String), kept["address_class"]]).unique().sort()
    return (
        add_columns(requests, recalled, EVENT)
        .with_columns(
            *(pl.coalesce(f"_kept_{name}", name).alias(name) for name in names),
            address_class=pl.coalesce("_kept_class", pl.col("address_class").cast(pl.String)).cast(pl.Enum(classes)),
            is_data_centre=pl.coalesce("_kept_data_centre", "is_data_centre"),
        )
        .drop(pl.selectors.starts_with("_kept_"))
    )


def name_versions(kept: pl.DataFrame, addressed: pl.DataFrame, current: str) -> pl.DataFrame:
    """tenant_id, ip_rules_version: by which address rules the rows of those tenants were judged that have kept keys.

    kept:      KEPT_COLUMNS of the day. addressed: tenant_id of its rows that still have an address, which the current
               rules judge; where both are there, both versions are named.
    """
    if kept.is_empty():
        return pl.DataFrame(schema={"tenant_id": pl.Binary, "ip_rules_version": pl.String})
    judged_now = addressed.select("tenant_id", ip_rules_version=pl.lit(current)).unique()
    return (
        pl.concat([kept.select("tenant_id", "ip_rules_version").unique(), judged_now])
        .filter(pl.col("tenant_id").is_in(kept["tenant_id"].unique().implode()))
        .unique()
        .sort("tenant_id", "ip_rules_version")
        .group_by("tenant_id", maintain_order=True)
        .agg(pl.col("ip_rules_version").str.join("+"))
    )


def name_measures(versions: pl.DataFrame, methods: pl.DataFrame, rules: str, current: str) -> pl.DataFrame:
    """tenant_id, rules_version: all that a tenant's day is measured by.

    versions: name_versions. methods: method.name_methods. rules, current: the versions of the rules on agents and on
              addresses. rules_version joins by dashes those on agents, those on addresses, and the tenant's settings.
    """
    if versions.is_empty():
        told = methods.with_columns(ip_rules_version=pl.lit(current))
    else:
        told = methods.join(versions, on="tenant_id", how="left", validate="1:1").with_columns(
            pl.col("ip_rules_version").fill_null(current)
        )
    return told.select(
        "tenant_id", rules_version=pl.format("{}-{}-{}", pl.lit(rules), "ip_rules_version", "method_version")
    )


def stamp_versions(frame: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """The frame with rules_version of its tenants. measures: name_measures."""
    distinct = measures["rules_version"].unique()
    if len(distinct) == 1:
        return frame.with_columns(rules_version=pl.lit(distinct[0]))
    return frame.join(measures, on="tenant_id", how="left", validate="m:1", maintain_order="left")


def refuse_replaced_rows(missing: pl.DataFrame, day: date) -> None:
    """Raises RawRowsGoneError if rows that a day was made of are gone, whatever has come in their place.

    missing: read_missing_rows of the day: tenant_id, requests, there
    """
    if missing.height:
        first = missing.row(0, named=True)
        raise RawRowsGoneError(
            f"{day} has {first['there']:,} raw rows and was computed from {first['requests']:,}; later ones do not "
            "stand for them. Its numbers stay as they are. Bring the rows back from an archive to compute them again; "
            "if they were removed on purpose, docs/operators.md says what to do"
        )


def refuse_missing_rows(counts: pl.DataFrame, judged: pl.DataFrame) -> None:
    """Raises RawRowsGoneError if a day has fewer raw rows than its dispositions spoke of: some were dropped since.

    counts: tenant_id, day, rows, of all that there is. judged: tenant_id, day, requests, of the days that this is to be
            all of.
    """
    if judged.is_empty():
        return
    there = counts.select("tenant_id", "day", _there="rows")
    missing = (
        judged.join(there, on=["tenant_id", "day"], how="left", validate="1:1")
        .with_columns(pl.col("_there").fill_null(0).cast(pl.Int64))
        .filter(pl.col("_there") < pl.col("requests"))
        .sort("day")
    )
    if missing.height:
        first = missing.row(0, named=True)
        raise RawRowsGoneError(
            f"{missing.height} day(s) have fewer raw rows than they were computed from, first {first['day']} with "
            f"{first['_there']:,} of {first['requests']:,}. Their numbers stay as they are. Bring the rows back from "
            "an archive to compute them again; if they were removed on purpose, docs/operators.md says what to do"
        )
