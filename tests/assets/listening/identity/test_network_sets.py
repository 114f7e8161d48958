"""Networks as intervals: which addresses lie in them."""

from __future__ import annotations

import ipaddress

import polars as pl
import pytest

from assets.listening.identity.address_parsing import parse_addresses
from assets.listening.identity.network_sets import NetworkSet


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.114.255", True),
        ("203.0.115.0", False),
        ("203.0.112.255", False),
        ("2001:db8::1", True),
        ("2001:db9::", False),
        ("no address", False),
    ],
)
def test_both_ends_of_a_network_belong_to_it_and_touching_networks_leave_no_gap(address: str, held: bool) -> None:
    names = ("203.0.114.0/24", "203.0.113.0/24", "203.0.113.128/25", "2001:db8::/32")
    networks = NetworkSet.of(ipaddress.ip_network(name) for name in names)
    assert networks.hold(parse_addresses(pl.Series([address]))).to_list() == [held]


def test_an_empty_set_holds_nothing() -> None:
    assert NetworkSet.of([]).hold(parse_addresses(pl.Series(["203.0.113.7"]))).to_list() == [False]
