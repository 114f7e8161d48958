"""Addresses: what a network address is worth: a household, an office, a phone network, a data centre.

Here: lists of networks as sorted intervals, and the classification of each distinct address, with the tenant's
inclusion list beside it.
Not here: how an address is read (address_texts.py), keys made of addresses (keys.py), what a class means for a request
(dispositions.py), files of a database.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import polars as pl

from assets.listening.address_texts import household_network as household_network
from assets.listening.address_texts import parse_address as parse_address
from assets.listening.address_texts import parse_addresses
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

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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

    def hold(self, numbers: pl.Series) -> pl.Series:
        """Whether each of the numbers (u128, no nulls) lies in one of the intervals."""
        if not self.starts:
            return pl.repeat(False, len(numbers), eager=True)
        starts, ends = pl.Series(self.starts, dtype=pl.UInt128), pl.Series(self.ends, dtype=pl.UInt128)
        begun = starts.search_sorted(numbers, side="right").cast(pl.Int64)
        return (begun > 0) & (numbers <= ends.gather((begun - 1).clip(0)))


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """Networks of both versions; addresses are asked about all at once, each by a binary search."""

    v4: Intervals = Intervals()
    v6: Intervals = Intervals()

    @classmethod
    def of(cls, networks: Iterable[Network]) -> NetworkSet:
        known = list(networks)
        return cls(
            Intervals.of(each for each in known if each.version == 4),
            Intervals.of(each for each in known if each.version == 6),
        )

    def hold(self, addresses: pl.DataFrame) -> pl.Series:
        """Whether each address lies in one of the networks. addresses: is_v4, number (parse_addresses)."""
        is_v4, numbers = addresses["is_v4"], addresses["number"].fill_null(0)
        held = (is_v4 & self.v4.hold(numbers)) | (~is_v4 & self.v6.hold(numbers))
        return held.fill_null(False)


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
    addresses = describe_addresses(pairs.get_column("client_ip").unique(), ranges)
    described = pairs.join(addresses, on="client_ip", how="left", validate="m:1", nulls_equal=True)
    return mark_included(described, inclusions, day).select(
        "tenant_id", "client_ip", "network", "address_class", "is_data_centre", "on_inclusion_list"
    )


def describe_addresses(texts: pl.Series, ranges: AddressRanges) -> pl.DataFrame:
    """One row per text, in their order: the columns of parse_addresses with address_class and is_data_centre."""
    addresses = parse_addresses(texts)
    lists = pl.DataFrame({name: ranges.lists[name].hold(addresses) for name in LISTS})
    named = lists.select(pl.coalesce(pl.when(name).then(pl.lit(CLASS_OF_LIST[name])) for name in LISTS)).to_series()
    is_known = pl.col("number").is_not_null()
    return addresses.with_columns(
        address_class=pl.when(is_known).then(named.fill_null(UNLISTED)).otherwise(pl.lit("unknown"))
    ).with_columns(is_data_centre=pl.col("address_class") == "data_centre")


def mark_included(described: pl.DataFrame, inclusions: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rows with on_inclusion_list. described: tenant_id, is_v4, number (parse_addresses).

    Only tenants with a list that is in force are looked at; all others have no shared addresses.
    """
    in_force = inclusions.filter(pl.col("validated_at").dt.date() >= day - INCLUSION_VALIDITY)
    numbered = described.select("tenant_id", "is_v4", "number").with_row_index("place")
    included = pl.Series([], dtype=pl.UInt32)
    for (tenant,), entries in in_force.group_by(["tenant_id"], maintain_order=True):
        shared = NetworkSet.of(_network(each, "the inclusion list") for each in entries.get_column("network"))
        theirs = numbered.filter(pl.col("tenant_id") == pl.lit(tenant))
        included = included.append(theirs["place"].filter(shared.hold(theirs)))
    return described.with_columns(on_inclusion_list=numbered["place"].is_in(included.implode()))


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
