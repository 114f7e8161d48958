"""Enrichment: rules, address ranges and the key ring applied to the rows of a day, once per distinct value.

Here: the way from distinct addresses, agents and referrers back to rows.
Not here: the rules (agent_rules.py), the ranges (addresses.py), the keys (keys.py), what follows from them
(dispositions.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from assets.frames import add_absent, add_columns, bring_to_utc, need_columns
from assets.listening.identity.addresses import AddressRanges, describe_addresses, mark_included
from assets.listening.identity.agent_rules import UNKNOWN, Rules, match_agents, match_referrers
from assets.listening.identity.keys import Keyring, hash_identities, name_version, renew_keys

# Keys, address class and agent depend on these columns alone. The platform's own key and version are renamed, because
# the derived ones take their names.
IDENTITY = ["tenant_id", "client_ip", "user_agent", "_platform_key", "_platform_version"]

# What many sources do not have.
OPTIONAL = {
    "referrer": pl.lit(None, dtype=pl.String),
    "household_key": pl.lit(None, dtype=pl.Int64),
    "key_version": pl.lit(None, dtype=pl.Int16),
}

# Columns of text of which a day has few values in many rows.
REPEATED = [
    "source",
    "event_type",
    "http_method",
    "client_ip",
    "user_agent",
    "referrer",
    "country_code",
    "region_code",
]


def enrich_requests(
    rows: pl.DataFrame, rules: Rules, ranges: AddressRanges, inclusions: pl.DataFrame, keyring: Keyring
) -> pl.DataFrame:
    """The rows with consumer_key, household_key, key_version, address_class, is_data_centre, on_inclusion_list, is_bot,
    app, device, os, is_bad_referrer and referrer_name (text as Enum; "unknown" is a value), without client_ip and
    referrer. user_agent becomes categorical: its text is read once per distinct value.

    rows:       tenant_id, occurred_at (UTC), client_ip (text), user_agent; referrer, household_key and key_version may
                be left out
    inclusions: tenant_id, network, reason, validated_at
    The inclusion list is applied per UTC day of the rows, since its entries run out.
    """
    need_columns(rows, "raw rows", ["tenant_id", "occurred_at", "client_ip", "user_agent"])
    need_columns(inclusions, "inclusions", ["tenant_id", "network", "validated_at"])
    rows = rows.pipe(add_absent, OPTIONAL).pipe(bring_to_utc, "occurred_at").pipe(code_text)
    referrers = _name_referrers(rows, rules)
    coded = rows.with_columns(_day=pl.col("occurred_at").dt.date()).rename(
        {"household_key": "_platform_key", "key_version": "_platform_version"}
    )
    tenants = coded.select("tenant_id").unique().with_row_index("_tenant")
    coded = add_columns(coded, tenants, ["tenant_id"])
    sources = coded.select("_day", *IDENTITY).unique()
    described = add_columns(sources, identify(sources, rules, ranges, keyring), IDENTITY)
    included = mark_included(described, inclusions, pl.col("_day")).drop("is_v4", "number")
    identities = _as_enums(included, ["address_class", "app", "device", "os"]).pipe(add_columns, tenants, ["tenant_id"])
    # Joined to millions of rows on numbers alone, without the columns that are the same in all of them.
    constant = {"tenant_id", *(name for name in IDENTITY if coded[name].null_count() == coded.height)}
    constant |= {"_day"} if sources["_day"].n_unique() < 2 else set()
    keys = [name for name in ["_tenant", "_day", *IDENTITY] if name not in constant]
    return (
        add_columns(coded, identities.drop(constant), keys)
        .pipe(add_columns, referrers, ["referrer"])
        .drop("_tenant", "_day", "_platform_key", "_platform_version", "client_ip", "referrer")
    )


def enrich_signals(
    signals: pl.DataFrame, rules: Rules, ranges: AddressRanges, inclusions: pl.DataFrame, keyring: Keyring
) -> pl.DataFrame:
    """Explicit impressions and clicks of one UTC day with consumer_key, household_key, address_class and is_bot.

    Without an address, a key that the platform supplied is taken as that of one household. listener_key, where they
    have one, is made that of the newest version, as the others are. No column depends on the inclusion list.
    """
    is_platform_supplied = (
        pl.any_horizontal(pl.col("_platform_key", "listener_key").is_not_null()) & pl.col("client_ip").is_null()
    )
    coded = (
        code_text(signals)
        .with_columns(_platform_version=pl.lit(None, dtype=pl.Int16))
        .rename({"household_key": "_platform_key"})
    )
    identified = identify(coded, rules, ranges, keyring).select(
        *IDENTITY, "household_key", "consumer_key", "address_class", "is_bot"
    )
    return (
        add_columns(coded, identified, IDENTITY)
        .with_columns(address_class=pl.when(is_platform_supplied).then(pl.lit("household")).otherwise("address_class"))
        .drop("_platform_key", "_platform_version")
        .pipe(renew_keys, ["listener_key"], keyring)
    )


def identify(rows: pl.DataFrame, rules: Rules, ranges: AddressRanges, keyring: Keyring) -> pl.DataFrame:
    """One row per distinct IDENTITY among the rows, with the derived keys, address class and agent, and with is_v4 and
    number of the address (parse_addresses)."""
    codes = rows.select(IDENTITY).unique()
    texts, agents = codes["client_ip"].unique(), codes["user_agent"].unique()
    addresses = describe_addresses(texts.cast(pl.String), ranges).with_columns(client_ip=texts)
    named = match_agents(agents, rules).select(pl.col("user_agent").cast(agents.dtype), "is_bot", "app", "device", "os")
    described = add_columns(codes, addresses, ["client_ip"])
    hashed = hash_identities(
        described.select("tenant_id", "network", "user_agent", household_key="_platform_key"), keyring
    )
    return (
        add_columns(described.drop("network"), named, ["user_agent"])
        .with_columns(hashed.rename({"key_version": "_own"}).get_columns())
        .with_columns(key_version=name_version("_own", "_platform_version", "_platform_key"))
        .drop("_own")
    )


def code_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Repeated text as categories: comparing rows takes four bytes each, and not every letter."""
    return rows.with_columns(pl.col(name).cast(pl.Categorical) for name in REPEATED if name in rows.columns)


def _name_referrers(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    distinct = rows["referrer"].unique().cast(pl.String)
    named = match_referrers(distinct, rules).with_columns(pl.col("referrer").cast(pl.Categorical))
    return _as_enums(named, ["referrer_name"])


def _as_enums(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Text columns as numbers with names: four bytes a row instead of sixteen and more."""
    return frame.with_columns(
        pl.col(name).fill_null(UNKNOWN).cast(pl.Enum(frame[name].fill_null(UNKNOWN).unique().sort()))
        for name in columns
    )
