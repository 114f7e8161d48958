"""Rules versions: what a tenant's day was measured by, in the text that its rows are stamped with.

Here: the versions of the rules on agents and on addresses and of the tenant's settings, joined into one.
Not here: what makes a version (agent_rules.py, addresses.py, method.py), the keys that are retained with one
(retained_keys.py).
"""

from __future__ import annotations

import polars as pl

from assets.listening.downloads.method import Method, name_methods
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import Rules

ADDRESS_VERSIONS = pl.Schema({"tenant_id": pl.Binary(), "ip_rules_version": pl.String()})


def version_tenants(
    methods: pl.DataFrame, address_versions: pl.DataFrame, rules: Rules, ranges: AddressRanges, method: Method | None
) -> pl.DataFrame:
    """tenant_id, rules_version: all that each tenant's day is measured by.

    methods:          as in method.check_methods
    address_versions: join_address_versions; tenants that are not among them have the current version alone
    rules_version joins by dashes the versions of the rules on agents, of those on addresses, and of the settings.
    """
    versions = name_methods(methods, method)
    if address_versions.is_empty():
        by_tenant = versions.with_columns(ip_rules_version=pl.lit(ranges.version))
    else:
        by_tenant = versions.join(address_versions, on="tenant_id", how="left", validate="1:1").with_columns(
            pl.col("ip_rules_version").fill_null(ranges.version)
        )
    return by_tenant.select(
        "tenant_id", rules_version=pl.format("{}-{}-{}", pl.lit(rules.version), "ip_rules_version", "method_version")
    )


def join_address_versions(retained: pl.DataFrame, addressed: pl.DataFrame, current: str) -> pl.DataFrame:
    """ADDRESS_VERSIONS: the address rules that the rows of those tenants were judged by that have retained keys.

    retained:  tenant_id, ip_rules_version of the day's retained keys
    addressed: tenant_id of the day's rows that still have an address, which the current rules judge; where a tenant has
               both, both versions are named
    """
    if retained.is_empty():
        return ADDRESS_VERSIONS.to_frame()
    judged_now = addressed.select("tenant_id", ip_rules_version=pl.lit(current)).unique()
    return (
        pl.concat([retained.select("tenant_id", "ip_rules_version").unique(), judged_now])
        .filter(pl.col("tenant_id").is_in(retained["tenant_id"].unique().implode()))
        .unique()
        .sort("tenant_id", "ip_rules_version")
        .group_by("tenant_id", maintain_order=True)
        .agg(pl.col("ip_rules_version").str.join("+"))
    )


def stamp_versions(frame: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """The frame with rules_version of its tenants. versions: version_tenants."""
    distinct = versions["rules_version"].unique()
    if len(distinct) == 1:
        return frame.with_columns(rules_version=pl.lit(distinct[0]))
    return frame.join(versions, on="tenant_id", how="left", validate="m:1", maintain_order="left")
