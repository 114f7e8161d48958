"""Which addresses are those of the public internet, and which of networks of one's own."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from assets.web.public_addresses import EVERYWHERE, is_public, is_within


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "185.199.108.133", "2606:50c0:8000::153", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1"]
)
def test_public_machines_are_recognised(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize("text", ["", "example.com", "fe80::1%eth0", "127.0.0.1%lo", "1.2.3"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("text", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_a_network_of_ones_own_holds_its_addresses_and_no_others(text: str) -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    assert is_within(text, networks)
    assert is_within(text, EVERYWHERE)
    assert not is_within(text, [ip_network("10.2.0.0/16"), ip_network("fe80::/10")])


@pytest.mark.parametrize("text", ["", "example.com", "1.2.3"])
def test_what_is_no_address_lies_nowhere(text: str) -> None:
    assert not is_within(text, EVERYWHERE)
