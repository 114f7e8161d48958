"""Addresses read by the hundred thousand are what the standard library reads one by one."""

from __future__ import annotations

import ipaddress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listening.identity.address_parsing import household_network, parse_address, parse_addresses
from assets.listening.identity.network_sets import NetworkSet

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)
GROUP = st.sampled_from(["0", "1", "00", "0db8", "ffff", "abcd", "12345", "G", ""])
QUAD = st.sampled_from(["0", "1", "01", "99", "255", "256", "٣"])
SPELLINGS = st.one_of(
    V4.map(str),
    V6.map(str),
    V6.map(lambda address: address.exploded.upper()),
    V4.map(lambda address: f"::ffff:{address}"),
    V4.map(lambda address: str(ipaddress.IPv6Address(0xFFFF << 32 | int(address)))),
    st.lists(GROUP, min_size=1, max_size=9).map(":".join),
    st.lists(QUAD, min_size=3, max_size=5).map(".".join),
    st.text(max_size=8),
    st.none(),
)


def one_by_one(text: str | None) -> tuple[str | None, str | None, bool | None, int | None]:
    address = parse_address(text)
    if address is None:
        return text, None, None, None
    return text, household_network(address), address.version == 4, int(address)


@settings(max_examples=200, deadline=None)
@given(st.lists(SPELLINGS, max_size=30))
def test_many_at_once_are_read_as_one_by_one(texts: list[str | None]) -> None:
    read = parse_addresses(pl.Series(texts, dtype=pl.String))
    assert read.rows() == [one_by_one(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7\n", "203.0.113.7"),
        ("203.0.113.07", None),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("::ffff:0:203.0.113.7", "::"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::"),
        ("0:1::1", "0:1::"),
        ("::1", "::"),
        ("::", "::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4::"),
        ("::2:3:4:5:6:7:8", "0:2:3:4::"),
        ("1:2:3:4:5:6:7:8:9", None),
        ("1:2:3:4::5:6:7:8", None),
        ("1::2::3", None),
        ("fe80::1%eth0", "fe80::"),
        ("2001:db8::/32", None),
        ("", None),
    ],
)
def test_the_text_of_a_household_is_canonical(text: str, network: str | None) -> None:
    assert parse_addresses(pl.Series([text]))["network"].to_list() == [network]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.one_of(V4, V6).map(str), min_size=1, max_size=10),
    st.lists(st.tuples(st.one_of(V4, V6), st.integers(0, 32)), max_size=5),
)
def test_networks_hold_what_lies_in_one_of_them(
    texts: list[str], ends: list[tuple[ipaddress.IPv4Address, int]]
) -> None:
    networks = [ipaddress.ip_network(f"{each}/{each.max_prefixlen - bits}", strict=False) for each, bits in ends]
    texts += [str(each.network_address) for each in networks] + [str(each.broadcast_address) for each in networks]
    held = NetworkSet.of(networks).hold(parse_addresses(pl.Series(texts)))
    addresses = [parse_address(text) for text in texts]
    assert held.to_list() == [any(address in network for network in networks) for address in addresses]
