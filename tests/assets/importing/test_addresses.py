"""Whose request it is."""

from __future__ import annotations

import polars as pl
import pytest

from assets.importing.addresses import TrustedProxies, client_of, parse_one, private_peers, read_clients
from sql.values import PermanentError

NONE = TrustedProxies()
PROXIES = TrustedProxies.of(["10.0.0.0/8", "2001:db8:f::/48"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:443", "203.0.113.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8::0:7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ('"203.0.113.7",', "203.0.113.7"),
        ("203.0.113.007", "203.0.113.7"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("\ufeff203.0.113.7", "203.0.113.7"),
        ("203.0.113.7.", "203.0.113.7"),
        ("203.0.113.7:", "203.0.113.7"),
        ("203.0.113.7#4711", "203.0.113.7"),
        ("203.0.113.7.4711", "203.0.113.7"),
        ("(203.0.113.7)", "203.0.113.7"),
        ("[203.0.113.7]:80", "203.0.113.7"),
        ('\\"203.0.113.7\\"', "203.0.113.7"),
        ('["203.0.113.7"]', "203.0.113.7"),
        ("ipv4:203.0.113.7:80", "203.0.113.7"),
        ("ipv6:[2001:db8::7]:80", "2001:db8::7"),
        ("IPv6:2001:db8::7", "2001:db8::7"),
        ("2001:db8:0:0:0:0:0:7:4711", "2001:db8::7"),
        ("2001:db8::7.4711", "2001:db8::7"),
        ("[2001:db8::7%25eth0]:443", "2001:db8::7"),
        ("64:ff9b::cb00:7107", "203.0.113.7"),
        ("::203.0.113.7", "203.0.113.7"),
        ("::1", "::1"),
        ("::2", "::2"),
        # Each may be another number, a network, or half of something.
        ("3405803783", None),
        ("0xcb007107", None),
        ("203.0.113.7/24", None),
        ("203.0.113.0/203.0.113.7", None),
        ("203.0.113.xxx", None),
        ("12:34:56", None),
        ("_hidden", None),
        ("203.0.1203.0.113.8", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_one_address_in_every_spelling(text: str, address: str | None) -> None:
    found = parse_one(text)
    assert (None if found is None else str(found)) == address


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("203.0.113.7", "198.51.100.1", NONE, "203.0.113.7"),
        ("10.0.0.7", "198.51.100.1", NONE, "10.0.0.7"),
        ("10.0.0.7", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("10.0.0.7", "1.2.3.4, 198.51.100.1", PROXIES, "198.51.100.1"),
        ("10.0.0.7", "198.51.100.1, 10.0.0.9", PROXIES, "198.51.100.1"),
        ("10.0.0.7", "198.51.100.1:4711", PROXIES, "198.51.100.1"),
        ("10.0.0.7", 'for="[2001:db8::7]:4711";proto=https, for=10.0.0.9', PROXIES, "2001:db8::7"),
        ("10.0.0.7", "10.0.0.9", PROXIES, "10.0.0.9"),
        ("10.0.0.7", "unknown", PROXIES, None),
        ("10.0.0.7", None, PROXIES, "10.0.0.7"),
        ("203.0.113.7", "198.51.100.1", PROXIES, "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.7", None, NONE, "203.0.113.7"),
        ("198.51.100.1, 2001:db8:f::1", None, PROXIES, "198.51.100.1"),
        ("192.168.0.5, 172.16.0.7", None, NONE, "172.16.0.7"),
        ("unknown, 203.0.113.7", None, NONE, "203.0.113.7"),
        ("0.0.0.0", None, NONE, None),
        ("::", None, NONE, None),
        ("-", None, NONE, None),
    ],
)
def test_a_header_is_believed_only_behind_trusted_proxies_and_from_its_end(
    peer: str, forwarded: str | None, trusted: TrustedProxies, client: str | None
) -> None:
    assert client_of(peer, forwarded, trusted) == client
    rows = pl.DataFrame(
        {"client_ip": [peer, "203.0.113.99", None], "forwarded_for": [forwarded, None, None]},
        schema={"client_ip": pl.String, "forwarded_for": pl.String},
    )
    assert read_clients(rows, trusted)["client_ip"].to_list() == [client, "203.0.113.99", None]


@pytest.mark.parametrize(
    "written",
    [
        *(
            f"203.0.113.7{between}10.0.0.1"
            for between in (", ", ",", "; ", ";", "|", " ", "\t", ", ,", "%2C%20", "%2c+")
        ),
        *(
            "203.0.113.7,%2010.0.0.1",
            "203.0.113.7%252C10.0.0.1",
            "203.0.113.7%3A80%3B%2010.0.0.1",
            "203.0.113.7, 10.0.0.1,",
        ),
        *("203.0.113.7\\, 10.0.0.1", "{203.0.113.7,10.0.0.1}", "['203.0.113.7', '10.0.0.1']", "unknown; 203.0.113.7"),
        *("X-Forwarded-For: 203.0.113.7", "for=203.0.113.7;proto=https;by=10.0.0.2", "by=10.0.0.2; For = 203.0.113.7"),
        *(
            'for="203.0.113.7:80", for=10.0.0.1',
            "for=203.0.113.7, 10.0.0.1",
            "for=_hidden, for=203.0.113.7;host=a.example",
        ),
        *(r"for=\x22203.0.113.7\x22", "for%3D203.0.113.7", "192.0.2.1, 203.0.113.7"),
    ],
)
def test_a_list_is_read_whatever_stands_between_and_around_its_addresses(written: str) -> None:
    assert client_of("10.0.0.7", written, PROXIES) == "203.0.113.7"
    rows = pl.DataFrame({"client_ip": [written, "10.0.0.7"], "forwarded_for": [None, written]})
    assert read_clients(rows, PROXIES)["client_ip"].to_list() == ["203.0.113.7", "203.0.113.7"]
    assert read_clients(rows, NONE)["client_ip"].to_list() == ["203.0.113.7", "10.0.0.7"]


@pytest.mark.parametrize(
    "written", ["203.0.113.7; unknown", "203.0.113.7%2C%20_hidden", "for=203.0.113.7, for=unknown"]
)
def test_a_client_that_the_last_proxy_hides_is_nobody(written: str) -> None:
    assert client_of("10.0.0.7", written, PROXIES) is None


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(PermanentError, match=r"such as 10\.0\.0\.7 or 10\.0\.0\.0/8"):
        TrustedProxies.of(["proxy.example.com"])


def test_private_addresses_are_those_of_ones_own_network() -> None:
    private = [
        "10.1.2.3",
        "127.0.0.1",
        "172.16.0.1",
        "172.31.9.9",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.1.1",
        "fd00::1",
        "::1",
    ]
    public = ["203.0.113.7", "172.32.0.1", "100.128.0.1", "11.0.0.1", "2001:db8::1", None]

    assert private_peers(pl.Series([*private, *public])).to_list() == private
