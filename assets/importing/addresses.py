"""Addresses: whose request it is, from what a log says of the peer and of the proxies before it.

Here: every spelling of an address and of a list of them, which of a list is the client's, and private addresses.
Not here: keys and classes of addresses (assets/listening/identity), hashed ones (hashed.py).

A proxy appends the address that it saw to X-Forwarded-For, and whoever comes first may have written anything into it.
So a list is read from its end, and only as far as the proxies are known: the header is believed where the peer is one
of the trusted proxies, and the client is the last address that is none of them. Where a log has a list in the place of
the peer's address, nothing else says who the peer was: addresses of the server's own network are passed over there,
because no listener comes from them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from assets.importing.requests import map_distinct
from assets.listening.identity.address_parsing import Address, parse_address
from sql.values import PermanentError

# A dotted quad as the database writes it: most addresses of a log need no more than this.
PLAIN = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$"

# RFC 1918, 3927, 6598 and 1122; RFC 4193 and 4291: nobody is there for a server on the internet but its own network.
PRIVATE = (
    r"^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)"
    r"|^(?:f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::1$)"
)

# What is written where an address was taken out: by privacy settings of a CDN.
NOBODY = ("0.0.0.0", "::")  # noqa: S104

# Between the addresses of a list, whoever wrote it; none of it stands in an address.
BETWEEN = re.compile(r"[,;|+\s]+")

# Around an address: quotes, escaped or not, brackets of lists and comments, and what a file begins with.
AROUND = "\"'\\ ,.(){}<>\ufeff\u200b"

# A port behind an address, as a colon, BIND or BSD put it there. An address of IPv6 without brackets needs all of its
# parts in front of a colon: else the port is one of them.
WITH_PORT = re.compile(
    r"^(?:\[(?P<v6>[^\]]+)\](?:[:.#]\d{0,5})?|(?P<v4>\d{1,3}(?:\.\d{1,3}){3})[:.#]\d{0,5}"
    r"|(?P<whole>(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}):\d{1,5}|(?P<bare>[0-9a-f:]*:[0-9a-f:]*)[.#]\d{1,5})$",
    re.IGNORECASE,
)
# As some logs fill up the parts of an address, which is decimal there, whatever a C library would take it for.
PADDED = re.compile(r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$")

# In front of an address: for= of Forwarded (RFC 7239), whose other pairs name no client, and the kinds of gRPC.
KIND = re.compile(r"^(?:for=|ip(?:v?[46])?:(?=[\d\[]|[0-9a-f]*:))", re.IGNORECASE)
PAIR = re.compile(r"^(?!for=)[a-z]+=(?!$)", re.IGNORECASE)
EQUALS = re.compile(r"\s*=\s*")

# What stands around addresses, escaped by percent signs, or by nginx.
ESCAPES = re.compile(r"(?:%|\\x)(2[02CF75]|09|3[ABD]|5[BD]|7C)", re.IGNORECASE)
MOST_ESCAPED = 3

# IPv4 addresses in IPv6: as a translator writes them (RFC 6052 section 2.1), and as once (RFC 4291 section 2.5.5.1). As
# addresses of IPv6, all of them would be one household.
AS_V6 = (0x64FF9B << 96, 0)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks whose proxies are believed about their clients."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> TrustedProxies:
        """From networks or addresses as text. Raises PermanentError for what is neither."""
        try:
            return cls(tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts))
        except ValueError as error:
            raise PermanentError(
                f"a trusted proxy is an address or a network such as 10.0.0.7 or 10.0.0.0/8: {error}"
            ) from error

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def read_clients(requests: pl.DataFrame, trusted: TrustedProxies) -> pl.DataFrame:
    """The requests with client_ip as the database takes it, null where there is none, without forwarded_for.

    requests: client_ip, forwarded_for: text as logged, each one address or a list
    """
    peer, forwarded = pl.col("client_ip"), pl.col("forwarded_for")
    if trusted.networks:
        has_both = forwarded.is_not_null() & peer.is_not_null()
        both = requests.with_columns(
            pl.when(has_both).then(pl.format("{}\n{}", peer, forwarded)).otherwise(peer).alias("client_ip")
        )
    else:
        both = requests
    plain = both.get_column("client_ip").str.contains(PLAIN).fill_null(True)
    is_plain = plain & (both.get_column("client_ip") != NOBODY[0]).fill_null(True)
    if not is_plain.all():
        odd = both.with_columns(pl.when(~is_plain).then("client_ip").alias("_odd")).pipe(
            map_distinct, "_odd", lambda text: client_of(*_apart(text), trusted)
        )
        both = odd.with_columns(pl.when(is_plain).then("client_ip").otherwise("_odd").alias("client_ip")).drop("_odd")
    return both.drop("forwarded_for")


def _apart(text: str) -> tuple[str, str | None]:
    peer, end, forwarded = text.partition("\n")
    return peer, forwarded if end else None


def client_of(peer: str, forwarded: str | None, trusted: TrustedProxies) -> str | None:
    """The address of the client in canonical text; None where none can be read."""
    chain = read_list(peer)
    found = _last_outside(chain, trusted) if len(chain) > 1 else (chain or [None])[0]
    if found is not None and found in trusted and forwarded is not None:
        found = _believed(read_list(forwarded), trusted)
    return None if found is None or str(found) in NOBODY else str(found)


def _believed(chain: list[Address | None], trusted: TrustedProxies) -> Address | None:
    """The last address of a header that is no trusted proxy; the first of all where every one is."""
    for address in reversed(chain):
        if address is None or address not in trusted:
            return address
    return chain[0] if chain else None


def _last_outside(chain: list[Address | None], trusted: TrustedProxies) -> Address | None:
    """The last address that is neither a trusted proxy nor private; the last that is no proxy where there is none."""
    addresses = [address for address in chain if address is not None]
    outside = [address for address in addresses if address not in trusted]
    public = [address for address in outside if not re.match(PRIVATE, str(address))]
    found = public or outside or addresses
    return found[-1] if found else None


def read_list(text: str) -> list[Address | None]:
    """The addresses of a text in their order, None for one that cannot be read: of a list, a Forwarded header (RFC
    7239), or alone; with ports, brackets, quotes and zones; with percent escapes, where more is read without them.
    """
    found = _addresses(text)
    for _ in range(MOST_ESCAPED):
        text, escapes = ESCAPES.subn(lambda escape: chr(int(escape[1], 16)), text)
        if not escapes or (found and None not in found):
            break
        plain = _addresses(text)
        if len(plain) - plain.count(None) > len(found) - found.count(None):
            found = plain
    return found


def _addresses(text: str) -> list[Address | None]:
    words = (word.strip(AROUND) for word in BETWEEN.split(EQUALS.sub("=", text)))
    return [parse_one(word) for word in words if word and not PAIR.match(word)]


def parse_one(text: str) -> Address | None:
    """One address: 203.0.113.7, 203.0.113.7:4711, 2001:db8::7, [2001:db8::7]:4711, with quotes around it or not.

    Also 203.0.113.007, what a database shows of one (203.0.113.7/32), for=203.0.113.7, ipv4:203.0.113.7, and behind the
    byte order mark of a file. Not as one number, which may be any number.
    """
    bare = KIND.sub("", text.strip(AROUND)).strip(AROUND)
    if bare.count("[") != bare.count("]"):
        # The first or last of a list in brackets.
        bare = bare.strip("[]").strip(AROUND)
    ported = WITH_PORT.match(bare)
    address = next(filter(None, ported.groups())) if ported else bare.removesuffix("/32").removesuffix("/128")
    address = address.strip(AROUND)
    padded = PADDED.match(address)
    found = parse_address(".".join(str(int(part)) for part in padded.groups()) if padded else address)
    if isinstance(found, ipaddress.IPv6Address) and int(found) >> 32 << 32 in AS_V6 and int(found) & 0xFF000000:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def private_peers(clients: pl.Series) -> pl.Series:
    """The private ones of canonical addresses, with repetitions."""
    present = clients.drop_nulls()
    return present.filter(present.str.contains(PRIVATE))
