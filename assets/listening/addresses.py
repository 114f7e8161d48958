"""Addresses: what a network address is worth: a household, an office, a phone network, a data centre.

Here: the canonical text of an address, lists of networks as sorted intervals, and the classification of each distinct
address, with the tenant's inclusion list beside it.
Not here: keys made of addresses (keys.py), what a class means for a request (dispositions.py), files of a database.
"""

from __future__ import annotations

import ipaddress
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import polars as pl

from sql.values import PermanentError

PACKAGED_NETWORKS = Path(__file__).parent / "networks"

# The order in which lists are asked. Relays lie inside the ranges of the data centres that host them, and stand for
# people (PTMG 2.3 keeps them), so they are asked first.
LISTS = ("private_relay", "data_centre", "cellular", "commercial")

# What a list says about its addresses. A relay hides which household is behind it: kept, but usable for no match.
CLASS_OF_LIST: Mapping[str, str] = {
    "private_relay": "unknown",
    "data_centre": "data_centre",
    "cellular": "cellular",
    "commercial": "commercial",
}

# An address on no list is taken for a home line, as PTMG 2.3 counts what no list excludes.
UNLISTED = "household"

# PTMG 2.3: an entry of the inclusion list must have been validated within 90 days.
INCLUSION_VALIDITY = timedelta(days=90)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_address(text: str | None) -> Address | None:
    """The address, an IPv4-mapped IPv6 address as its IPv4; None for what is no address."""
    if text is None:
        return None
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def household_network(address: Address) -> str:
    """What stands for a household: an IPv4 address in full, of an IPv6 address its /64 network address.

    Both in canonical text and without a prefix length: 203.0.113.7, 2001:db8:1:2::.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))


@dataclass(frozen=True, slots=True)
class Intervals:
    """Disjoint, sorted intervals of addresses, both ends included, for one version of the protocol."""

    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[Network]) -> Intervals:
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted((int(each.network_address), int(each.broadcast_address)) for each in networks):
            if ends and start <= ends[-1] + 1:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        return cls(tuple(starts), tuple(ends))

    def __contains__(self, value: int) -> bool:
        place = bisect_right(self.starts, value) - 1
        return place >= 0 and value <= self.ends[place]


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """Networks of both versions; asking whether an address lies inside takes a binary search."""

    v4: Intervals = Intervals()
    v6: Intervals = Intervals()

    @classmethod
    def of(cls, networks: Iterable[Network]) -> NetworkSet:
        known = list(networks)
        return cls(
            Intervals.of(each for each in known if each.version == 4),
            Intervals.of(each for each in known if each.version == 6),
        )

    def __contains__(self, address: Address) -> bool:
        return int(address) in (self.v4 if address.version == 4 else self.v6)


@dataclass(frozen=True, slots=True)
class AddressRanges:
    """The lists of networks in force, and the version that names them: a hash of their content."""

    version: str
    lists: Mapping[str, NetworkSet] = field(repr=False)

    @classmethod
    def of(cls, networks: Mapping[str, Sequence[str]]) -> AddressRanges:
        """Ranges from networks in text, by list name. Raises PermanentError for a name or a network unknown."""
        unknown = sorted(set(networks) - set(LISTS))
        if unknown:
            raise PermanentError(f"there is no list of networks called {', '.join(unknown)}; known: {', '.join(LISTS)}")
        parsed = {name: [_network(each, f"the list {name}") for each in networks.get(name, ())] for name in LISTS}
        canonical = {name: sorted({str(each) for each in parsed[name]}) for name in LISTS}
        digest = sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()[:12]
        return cls(digest, {name: NetworkSet.of(parsed[name]) for name in LISTS})

    @classmethod
    def load(cls, folder: Path | None = None) -> AddressRanges:
        """The packaged lists, or those of a folder that holds data_centre.json, private_relay.json, ... instead.

        Each file is a JSON array, or an object whose "entries" is one, of networks or of {"network", ...}. A file that
        is not there is taken from the package, so that a fuller list of data centres does not lose the others.
        """
        if folder is not None and not folder.is_dir():
            raise PermanentError(f"{folder} is no folder: name one that holds files such as data_centre.json")
        return cls.of({name: _read_networks(_file_of(name, folder)) for name in LISTS})

    def list_of(self, address: Address) -> str | None:
        """The first list that holds the address, in the order in which lists are asked."""
        return next((name for name in LISTS if address in self.lists[name]), None)


def load_ranges(folder: Path | None = None) -> AddressRanges:
    """The ranges in force: the packaged ones, or those of a folder; see AddressRanges.load."""
    return AddressRanges.load(folder)


def classify_addresses(frame: pl.DataFrame, ranges: AddressRanges, inclusions: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per distinct tenant and address: what kind of address it is on that day.

    frame:      tenant_id, client_ip (text); further columns are left alone
    inclusions: tenant_id, network (text), reason, validated_at (UTC)
    returns:    tenant_id, client_ip, network (the household's address in canonical text; null: no valid address),
                address_class (household, commercial, cellular, data_centre, unknown), is_data_centre,
                on_inclusion_list. A shared address on the inclusion list keeps its class and is_data_centre: the
                reader decides what the list excuses.

    An entry of the inclusion list counts on the days up to 90 after its validation, and on all before it: the date is
    renewed in place, and a renewal must not take the entry away from days that it already covered.
    """
    pairs = frame.select("tenant_id", "client_ip").unique()
    addresses = _describe_addresses(pairs.get_column("client_ip").unique(), ranges)
    described = pairs.join(addresses, on="client_ip", how="left", validate="m:1", nulls_equal=True)
    return _mark_included(described, inclusions, day).select(
        "tenant_id", "client_ip", "network", "address_class", "is_data_centre", "on_inclusion_list"
    )


def _describe_addresses(texts: pl.Series, ranges: AddressRanges) -> pl.DataFrame:
    networks: list[str | None] = []
    classes: list[str] = []
    for text in texts:
        address = parse_address(text)
        name = None if address is None else ranges.list_of(address)
        networks.append(None if address is None else household_network(address))
        classes.append("unknown" if address is None else UNLISTED if name is None else CLASS_OF_LIST[name])
    return pl.DataFrame(
        {"client_ip": texts, "network": networks, "address_class": classes},
        schema={"client_ip": pl.String, "network": pl.String, "address_class": pl.String},
    ).with_columns(is_data_centre=pl.col("address_class") == "data_centre")


def _mark_included(described: pl.DataFrame, inclusions: pl.DataFrame, day: date) -> pl.DataFrame:
    """Only tenants with a list that is in force are looked at; all others have no shared addresses."""
    in_force = inclusions.filter(pl.col("validated_at").dt.date() >= day - INCLUSION_VALIDITY)
    included: list[pl.DataFrame] = []
    for (tenant,), entries in in_force.group_by(["tenant_id"], maintain_order=True):
        shared = NetworkSet.of(_network(each, "the inclusion list") for each in entries.get_column("network"))
        theirs = described.filter(pl.col("tenant_id") == pl.lit(tenant)).get_column("client_ip")
        found = [text for text in theirs if (address := parse_address(text)) is not None and address in shared]
        included.append(
            pl.DataFrame({"client_ip": found}, schema={"client_ip": pl.String}).select(
                pl.lit(tenant).alias("tenant_id"), "client_ip", pl.lit(True).alias("on_inclusion_list")
            )
        )
    if not included:
        return described.with_columns(on_inclusion_list=pl.lit(False))
    return described.join(pl.concat(included), on=["tenant_id", "client_ip"], how="left", validate="1:1").with_columns(
        pl.col("on_inclusion_list").fill_null(False)
    )


def _network(text: str, where: str) -> Network:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise PermanentError(f"{text!r} in {where} is no network such as 203.0.113.0/24 or 2001:db8::/32") from error
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return ipaddress.ip_network(f"{network.network_address.ipv4_mapped}/{network.prefixlen - 96}")
    return network


def _file_of(name: str, folder: Path | None) -> Path:
    own = None if folder is None else folder / f"{name}.json"
    return own if own is not None and own.exists() else PACKAGED_NETWORKS / f"{name}.json"


@lru_cache(maxsize=16)
def _parse_networks(text: str, source: str) -> tuple[str, ...]:
    try:
        content = json.loads(text)
        entries = content["entries"] if isinstance(content, dict) else content
        return tuple(each if isinstance(each, str) else str(each["network"]) for each in entries)
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f'{source} is no list of networks: it must be a JSON array of networks or of {{"network": ...}}'
        ) from error


def _read_networks(path: Path) -> tuple[str, ...]:
    return _parse_networks(path.read_text(encoding="utf-8"), str(path))
