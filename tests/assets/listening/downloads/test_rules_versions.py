"""A day's rows name every version that they were measured by."""

from __future__ import annotations

import polars as pl

from assets.listening.downloads.method import name_methods
from assets.listening.downloads.rules_versions import join_address_versions, stamp_versions, version_tenants
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules

NORTH, SOUTH = b"north", b"south"
RULES, RANGES = load_rules(), AddressRanges("now", {})
METHODS = pl.DataFrame(
    {"tenant_id": [NORTH, SOUTH], "download_window": ["calendar_day", "last_touch"], "suspect_pairs": [5, 5]}
)


def retained(*rows: tuple[bytes, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"tenant_id": pl.Binary, "ip_rules_version": pl.String}, orient="row")


def addressed(*tenants: bytes) -> pl.DataFrame:
    return pl.DataFrame({"tenant_id": tenants}, schema={"tenant_id": pl.Binary})


def test_a_day_with_and_without_addresses_names_both_versions_of_the_address_rules() -> None:
    found = join_address_versions(retained((NORTH, "old"), (NORTH, "older")), addressed(NORTH, SOUTH), "now")
    assert found.rows() == [(NORTH, "now+old+older")]


def test_without_retained_keys_no_tenant_has_a_version_of_its_own() -> None:
    assert join_address_versions(retained(), addressed(NORTH), "now").is_empty()


def test_a_version_joins_rules_addresses_and_settings() -> None:
    settings = dict(name_methods(METHODS).iter_rows())
    found = version_tenants(METHODS, retained((NORTH, "old")), RULES, RANGES, None)
    assert dict(found.iter_rows()) == {
        NORTH: f"{RULES.version}-old-{settings[NORTH]}",
        SOUTH: f"{RULES.version}-now-{settings[SOUTH]}",
    }


def test_rows_are_stamped_with_the_version_of_their_tenant_in_their_order() -> None:
    rows = addressed(SOUTH, NORTH, SOUTH)
    versions = pl.DataFrame({"tenant_id": [NORTH, SOUTH], "rules_version": ["a", "b"]})
    assert stamp_versions(rows, versions)["rules_version"].to_list() == ["b", "a", "b"]
    assert stamp_versions(rows, versions.head(1))["rules_version"].to_list() == ["a", "a", "a"]
