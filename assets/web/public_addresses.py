"""Public addresses: whether an address is one of the public internet.

Here: networks that are not, as of the registries of RFC 6890 and since, and networks of one's own.
Not here: connecting (requesting.py), what addresses of listeners are worth (assets/listening).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Every machine there is.
EVERYWHERE: tuple[Network, ...] = (ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0"))

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        # "this" network, private, shared by carriers, loopback, link-local (metadata of clouds)
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        # protocols (one cloud's metadata), documentation, the relays of 6to4, private, measuring
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        # documentation, multicast, reserved and broadcast
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # A public number that is a cloud's own machine beside each of its guests.
        "168.63.129.16/32",
        # Of the global unicast addresses of IPv6: protocols and Teredo, documentation, 6to4
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
# Everything else of IPv6 is loopback, link-local, private, multicast or not given out.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Behind these lies an IPv4 address, which is what is really connected to.
_MAPPED, _NAT64 = ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address (as getaddrinfo gives it) is one of the public internet; False for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address in _MAPPED or address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        if address not in _GLOBAL_UNICAST:
            return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


def is_within(text: str, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks; False for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any(each in network for each in (address, mapped) if each for network in networks)
