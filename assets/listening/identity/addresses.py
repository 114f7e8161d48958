"""Addresses: the class of a network address: a household, an office, a phone network, a data centre.

Here: which lists of networks are in force, and the classification of each distinct address, with the tenant's
inclusion list beside it.
Not here: how an address is read (address_parsing.py), keys made of addresses (keys.py), what a class means for a
request (dispositions.py), files of a database.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import polars as pl

from assets.frames import UTC_TIME
from assets.listening.identity.address_parsing import household_network as household_network
from assets.listening.identity.address_parsing import parse_address as parse_address
from assets.listening.identity.address_parsing import parse_addresses
from assets.listening.identity.network_sets import Network, NetworkSet, spans_of
from assets.listening.identity.published_ranges import PACKAGE, load_published
from assets.listening.identity.rule_files import parse_list, read_bytes, shown
from sql.values import PermanentError

PACKAGED_NETWORKS = Path(__file__).parent / "networks"

# The order of precedence. Relays lie inside the ranges of the data centres that host them, and people are behind them
# (PTMG 2.3 counts them), so they come first.
LISTS = ("private_relay", "data_centre", "cellular", "commercial")

# The lists that published ranges are added to.
PUBLISHED_LISTS = ("private_relay", "data_centre")

# The class of a list's addresses. A relay hides which household is behind it: counted, but usable for no match.
CLASS_OF_LIST: Mapping[str, str] = {
    "private_relay": "unknown",
    "data_centre": "data_centre",
    "cellular": "cellular",
    "commercial": "commercial",
}

# An address on no list is taken for a home line, as PTMG 2.3 counts what no list excludes.
UNLISTED = "household"

# The tenants' lists of shared addresses, with networks as text.
INCLUSIONS = pl.Schema(
    {"tenant_id": pl.Binary(), "network": pl.String(), "reason": pl.String(), "validated_at": UTC_TIME}
)

# PTMG 2.3: an entry of the inclusion list must have been validated within 90 days.
INCLUSION_VALIDITY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class AddressRanges:
    """The lists of networks in force, and the version that names them: a hash of their content.

    published: which published ranges are among them, and of when; empty: none.
    """

    version: str
    lists: Mapping[str, NetworkSet] = field(repr=False)
    published: str = ""

    @classmethod
    def of(cls, networks: Mapping[str, Sequence[str]]) -> AddressRanges:
        """Ranges from networks in text, by list name. Raises PermanentError for a name or a network unknown."""
        parsed = _parse(networks)
        return cls(_version(parsed), {name: NetworkSet.of(parsed[name]) for name in LISTS})

    @classmethod
    def load(cls, folder: Path | None = None, fetched: Path | None = None) -> AddressRanges:
        """The lists in force: for each, the file of the folder (data_centre.json, private_relay.json, ...), and where
        it has none, the packaged file together with the published ranges (published_ranges.py; fetched: a newer file
        of them).

        Each file is a JSON array, or an object whose "entries" is one, of networks or of {"network", ...}. A list that
        a folder holds is taken as it is, so that nothing is on it which its owner did not write.
        """
        files, parsed = _read_lists(folder)
        lists = {name: NetworkSet.of(parsed[name]) for name in LISTS}
        widened = [name for name in PUBLISHED_LISTS if files[name].parent == PACKAGED_NETWORKS]
        if not widened:
            return cls(_version(parsed), lists)
        published = load_published(fetched)
        wide = {name: NetworkSet.of_spans(pl.concat([spans_of(parsed[name]), published.on(name)])) for name in widened}
        version = _version(parsed, dict.fromkeys(widened, published.digest))
        return cls(version, {**lists, **wide}, f"{PACKAGE} of {published.built_at.date()}")


def lists_version(folder: Path | None = None) -> str:
    """The version of the lists of a folder, and of the packaged ones that it lacks, without published ranges.

    Raises PermanentError for what cannot be read.
    """
    return _version(_read_lists(folder)[1])


def _read_lists(folder: Path | None) -> tuple[Mapping[str, Path], Mapping[str, list[Network]]]:
    if folder is not None and not folder.is_dir():
        raise PermanentError(f"{folder} is no folder: name one that holds files such as data_centre.json")
    files = {name: _file_of(name, folder) for name in LISTS}
    return files, _parse({name: _read_networks(path) for name, path in files.items()})


def _parse(networks: Mapping[str, Sequence[str]]) -> Mapping[str, list[Network]]:
    unknown = sorted(set(networks) - set(LISTS))
    if unknown:
        raise PermanentError(f"there is no list of networks called {', '.join(unknown)}; known: {', '.join(LISTS)}")
    return {name: [_network(each, f"the list {name}") for each in networks.get(name, ())] for name in LISTS}


def _version(networks: Mapping[str, list[Network]], published: Mapping[str, str] | None = None) -> str:
    canonical: dict[str, object] = {name: sorted({str(each) for each in networks[name]}) for name in LISTS}
    if published:
        canonical["published"] = published
    return sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()[:12]


def load_ranges(folder: Path | None = None, fetched: Path | None = None) -> AddressRanges:
    """The ranges in force: the packaged and published ones, or those of a folder; see AddressRanges.load."""
    return AddressRanges.load(folder, fetched)


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
    return mark_included(described, inclusions, pl.lit(day)).select(
        "tenant_id", "client_ip", "network", "address_class", "is_data_centre", "on_inclusion_list"
    )


def describe_addresses(texts: pl.Series, ranges: AddressRanges) -> pl.DataFrame:
    """One row per text, in their order: the columns of parse_addresses with address_class and is_data_centre."""
    addresses = parse_addresses(texts)
    lists = pl.DataFrame({name: ranges.lists[name].hold(addresses) for name in LISTS})
    named = lists.select(pl.coalesce(pl.when(name).then(pl.lit(CLASS_OF_LIST[name])) for name in LISTS)).to_series()
    is_address = pl.col("number").is_not_null()
    return addresses.with_columns(
        address_class=pl.when(is_address).then(named.fill_null(UNLISTED)).otherwise(pl.lit("unknown"))
    ).with_columns(is_data_centre=pl.col("address_class") == "data_centre")


def mark_included(described: pl.DataFrame, inclusions: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """The rows with on_inclusion_list. described: tenant_id, is_v4, number (parse_addresses); day: the date of each.

    Only tenants with a list in force are computed; all others have no shared addresses.
    """
    numbered = described.select("tenant_id", "is_v4", "number", day=day).with_row_index("place")
    first, last = numbered["day"].min(), numbered["day"].max()
    # Entries that count on all of the days are one set, whenever they run out.
    in_force = inclusions.with_columns(
        until=pl.min_horizontal(pl.col("validated_at").dt.date() + INCLUSION_VALIDITY, pl.lit(last, dtype=pl.Date))
    ).filter(pl.col("until") >= pl.lit(first, dtype=pl.Date))
    included = pl.Series([], dtype=pl.UInt32)
    for (tenant, until), entries in in_force.group_by(["tenant_id", "until"], maintain_order=True):
        shared = NetworkSet.of(_network(each, "the inclusion list") for each in entries.get_column("network"))
        of_tenant = numbered.filter(pl.col("tenant_id") == pl.lit(tenant), pl.col("day") <= pl.lit(until))
        included = included.append(of_tenant["place"].filter(shared.hold(of_tenant)))
    return described.with_columns(on_inclusion_list=numbered["place"].is_in(included.implode()))


def _network(text: str, where: str) -> Network:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise PermanentError(
            f"'{shown(text)}' in {where} is no network such as 203.0.113.0/24 or 2001:db8::/32"
        ) from error
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return ipaddress.ip_network(f"{network.network_address.ipv4_mapped}/{network.prefixlen - 96}")
    return network


def _file_of(name: str, folder: Path | None) -> Path:
    listed = None if folder is None else folder / f"{name}.json"
    return listed if listed is not None and listed.exists() else PACKAGED_NETWORKS / f"{name}.json"


@lru_cache(maxsize=16)
def _parse_networks(content: bytes, source: str) -> tuple[str, ...]:
    entries = parse_list(content, source)
    networks = [each.get("network") if isinstance(each, dict) else each for each in entries]
    broken = [shown(entry) for entry, network in zip(entries, networks, strict=True) if not isinstance(network, str)]
    if broken:
        raise PermanentError(f'{source}: {broken[0]} is no network and no {{"network": ...}}')
    return tuple(map(str, networks))


def _read_networks(path: Path) -> tuple[str, ...]:
    return _parse_networks(read_bytes(path), str(path))
