"""Classes of addresses, lists of networks, and the inclusion list."""

from __future__ import annotations

import ipaddress
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listening.identity.addresses import CLASS_OF_LIST, INCLUSIONS, LISTS, AddressRanges, classify_addresses
from sql.values import PermanentError

DAY = date(2026, 10, 14)
NO_INCLUSIONS = pl.DataFrame(schema={**INCLUSIONS, "tenant_id": pl.String()})


def requests(*addresses: str | None, tenant: str = "north") -> pl.DataFrame:
    return pl.DataFrame(
        {"tenant_id": [tenant] * len(addresses), "client_ip": addresses}, schema_overrides={"client_ip": pl.String}
    )


def inclusion(network: str, validated: date, tenant: str = "north") -> pl.DataFrame:
    moment = datetime(validated.year, validated.month, validated.day, 9, tzinfo=UTC)
    return pl.DataFrame([[tenant, network, "Student dormitory", moment]], schema=NO_INCLUSIONS.schema, orient="row")


def classes(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("client_ip", "address_class").iter_rows())


def test_the_packaged_lists_know_the_kinds_of_networks() -> None:
    found = classify_addresses(
        requests("10.20.30.40", "198.19.0.1", "100.64.9.9", "192.0.2.8", "198.51.100.3", "fd00:1::9", "34.200.1.1"),
        AddressRanges.load(),
        NO_INCLUSIONS,
        DAY,
    )

    assert classes(found) == {
        "10.20.30.40": "household",
        "fd00:1::9": "household",
        "198.19.0.1": "data_centre",
        "34.200.1.1": "data_centre",
        "100.64.9.9": "cellular",
        "192.0.2.8": "commercial",
        "198.51.100.3": "unknown",
    }
    assert found.filter("is_data_centre")["client_ip"].sort().to_list() == ["198.19.0.1", "34.200.1.1"]


def test_each_address_of_a_tenant_is_answered_once() -> None:
    found = classify_addresses(
        requests("203.0.113.7", "203.0.113.7", "10.0.0.1"), AddressRanges.load(), NO_INCLUSIONS, DAY
    )

    assert sorted(found["client_ip"]) == ["10.0.0.1", "203.0.113.7"]


def test_a_relay_inside_a_data_centre_is_kept() -> None:
    ranges = AddressRanges.of({"data_centre": ["198.18.0.0/15"], "private_relay": ["198.18.7.0/24"]})

    found = classify_addresses(requests("198.18.7.1", "198.18.8.1"), ranges, NO_INCLUSIONS, DAY)

    assert dict(found.select("client_ip", "is_data_centre").iter_rows()) == {"198.18.7.1": False, "198.18.8.1": True}


def test_an_invalid_address_has_no_network() -> None:
    found = classify_addresses(requests("999.1.1.1", None, ""), AddressRanges.load(), NO_INCLUSIONS, DAY)

    assert found["network"].null_count() == 3
    assert found["address_class"].unique().to_list() == ["unknown"]
    assert found.select("is_data_centre", "on_inclusion_list").null_count().row(0) == (0, 0)


def test_the_network_of_a_mapped_address_is_its_ipv4_address() -> None:
    found = classify_addresses(
        requests("::ffff:203.0.113.7", "2001:db8::1:2:3:4"), AddressRanges.load(), NO_INCLUSIONS, DAY
    )

    assert set(found["network"]) == {"203.0.113.7", "2001:db8::"}


@pytest.mark.parametrize(("age_in_days", "counts"), [(0, True), (90, True), (91, False), (-5, True)])
def test_an_inclusion_counts_for_ninety_days(age_in_days: int, counts: bool) -> None:
    listed = inclusion("198.18.5.0/24", DAY - timedelta(days=age_in_days))

    found = classify_addresses(requests("198.18.5.77"), AddressRanges.load(), listed, DAY)

    assert found["on_inclusion_list"].to_list() == [counts]
    assert found["is_data_centre"].to_list() == [True]


def test_one_tenants_inclusion_does_nothing_for_another() -> None:
    both = pl.concat([requests("198.18.5.77"), requests("198.18.5.77", tenant="south")])

    found = classify_addresses(both, AddressRanges.load(), inclusion("198.18.5.0/24", DAY), DAY)

    assert dict(found.select("tenant_id", "on_inclusion_list").iter_rows()) == {"north": True, "south": False}


def test_ids_of_the_database_work_as_well_as_text() -> None:
    as_bytes = pl.col("tenant_id").cast(pl.Binary)

    found = classify_addresses(
        requests("198.18.5.77").with_columns(as_bytes),
        AddressRanges.load(),
        inclusion("198.18.5.77/32", DAY).with_columns(as_bytes),
        DAY,
    )

    assert found["on_inclusion_list"].to_list() == [True]


ipv4_networks = st.builds(
    lambda base, length: str(ipaddress.ip_network((base >> (32 - length) << (32 - length), length))),
    st.integers(0x0A000000, 0x0A0FFFFF),
    st.integers(12, 32),
)
ipv6_networks = st.builds(
    lambda base, length: str(
        ipaddress.ip_network(((0x20010DB8 << 96) + (base >> (128 - length) << (128 - length)), length))
    ),
    st.integers(0, 2**80 - 1),
    st.integers(49, 128),
)
some_networks = st.lists(st.one_of(ipv4_networks, ipv6_networks), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(LISTS, some_networks)),
    st.lists(
        st.one_of(
            st.integers(0x0A000000, 0x0A0FFFFF).map(lambda each: str(ipaddress.IPv4Address(each))),
            st.integers(0, 2**80 - 1).map(lambda each: str(ipaddress.IPv6Address((0x20010DB8 << 96) + each))),
        ),
        max_size=20,
    ),
)
def test_the_interval_search_agrees_with_asking_every_network(
    networks: dict[str, list[str]], addresses: list[str]
) -> None:
    edges = [
        str(ipaddress.ip_network(each)[place]) for several in networks.values() for each in several for place in (0, -1)
    ]

    found = classify_addresses(requests(*addresses, *edges), AddressRanges.of(networks), NO_INCLUSIONS, DAY)

    def slowly(text: str) -> str:
        address = ipaddress.ip_address(text)
        inside = (name for name in LISTS if any(address in ipaddress.ip_network(each) for each in networks[name]))
        return CLASS_OF_LIST.get(next(inside, ""), "household")

    assert classes(found) == {text: slowly(text) for text in {*addresses, *edges}}


def test_a_folder_replaces_the_lists_that_it_holds(tmp_path: Path) -> None:
    (tmp_path / "data_centre.json").write_text(json.dumps({"entries": [{"network": "203.0.113.0/25"}]}))

    found = classify_addresses(
        requests("203.0.113.1", "198.18.0.1", "100.64.0.1"), AddressRanges.load(tmp_path), NO_INCLUSIONS, DAY
    )

    assert classes(found) == {"203.0.113.1": "data_centre", "198.18.0.1": "household", "100.64.0.1": "cellular"}


def test_equal_lists_have_one_version_and_other_lists_another() -> None:
    one = AddressRanges.of({"cellular": ["100.64.0.0/10", "203.0.113.0/24"]})

    assert AddressRanges.of({"cellular": ["203.0.113.0/24", "100.64.0.0/10"]}).version == one.version
    assert AddressRanges.of({"cellular": ["100.64.0.0/10"]}).version != one.version


def test_a_network_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "cellular.json").write_text('["100.64.0.0/10", "somewhere"]')

    with pytest.raises(PermanentError, match=r"'somewhere' in the list cellular"):
        AddressRanges.load(tmp_path)
