"""Published ranges: data centres, CDNs, VPNs and relays as the package iporigin compiles them from their owners' feeds.

Here: reading its data file (of the installed package, or a newer one that was fetched), and which list a range is on.
Not here: our own lists (networks/), the rules of precedence (addresses.py), fetching (pipelines).

The package answers for one address at a time; its file holds the same ranges, and numpy reads all of them in 10 ms. The
file says its format, and another one than the one known here is refused, not guessed at.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from assets.listening.identity.network_sets import SPANS
from sql.values import PermanentError

PACKAGE = "iporigin"

# The file's format 1: head, labels, IPv4 ranges, IPv6 ranges; little-endian, both ends of a range included.
_MAGIC, _FORMAT = b"IPORIGIN", 1
_HEAD = struct.Struct("<8sHQHII")
_LENGTH = struct.Struct("<H")
_V4 = np.dtype([("first", "<u4"), ("last", "<u4"), ("label", "<u2")])
_V6 = np.dtype([("first", ">u8", 2), ("last", ">u8", 2), ("label", "<u2")])

# People behind a relay count (PTMG 2.3), so its ranges are on the list of highest precedence.
RELAYS = frozenset({"Apple Private Relay"})

# A carrier: its networks are let to access providers and offices, so most of them are somebody's line and no machine.
CARRIERS = frozenset({"Cogent"})

# Never on the public internet (RFC 6890, 5737, 3849), yet some feeds hold them; the demonstration lives there.
NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("240.0.0.0/4", "::/8", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "fc00::/7", "fe80::/10"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class PublishedRanges:
    """The ranges by the list that they are on: data_centre, private_relay.

    digest: of the whole file. built_at: when its feeds were read (UTC). spans: SPANS with list
    """

    digest: str
    built_at: datetime
    spans: pl.DataFrame = field(repr=False)

    def on(self, name: str) -> pl.DataFrame:
        """SPANS of the ranges on a list."""
        return self.spans.filter(pl.col("list") == name).select(list(SPANS))


def installed_file() -> Path:
    """The data of the installed package, which is found and not imported."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise PermanentError(f"the package {PACKAGE} is not installed; it tells data centres: pip install {PACKAGE}")
    return Path(next(iter(found.submodule_search_locations))) / "data" / "ranges.bin"


def load_published(fetched: Path | None = None) -> PublishedRanges:
    """The ranges of the installed package, or those of a file that was fetched, if its feeds were read later."""
    installed = _read_file(installed_file())
    newer = None if fetched is None else _read_file(fetched)
    return newer if newer is not None and newer.built_at > installed.built_at else installed


def _read_file(path: Path) -> PublishedRanges:
    try:
        stat = path.stat()
        return _read_once(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise PermanentError(f"{path} cannot be read ({error}): install {PACKAGE} again, or fetch it again") from error


@lru_cache(maxsize=4)
def _read_once(path: Path, _changed_at: int, _size: int) -> PublishedRanges:
    return read_published(path.read_bytes(), str(path))


def read_published(content: bytes, source: str) -> PublishedRanges:
    """The ranges of a data file. Raises PermanentError for a file that is not one, or not whole."""
    try:
        magic, version, built_at, labels, v4, v6 = _HEAD.unpack_from(content)
        if (magic, version) != (_MAGIC, _FORMAT):
            raise ValueError(f"it is of format {version}, not {_FORMAT}" if magic == _MAGIC else "it has another head")
        named, place = _read_labels(content, labels)
        if len(content) != place + v4 * _V4.itemsize + v6 * _V6.itemsize:
            raise ValueError(f"it is {len(content):,} bytes long, which is not what its head says")
        table = pl.DataFrame(named, schema={"label": pl.UInt16, "provider": pl.String, "kind": pl.String}, orient="row")
        spans = pl.concat(
            [
                _spans_v4(np.frombuffer(content, _V4, v4, place)),
                _spans_v6(np.frombuffer(content, _V6, v6, place + v4 * _V4.itemsize)),
            ]
        )
        moment = datetime.fromtimestamp(built_at, UTC)
    except (ValueError, OverflowError, OSError, struct.error, UnicodeDecodeError) as error:
        raise PermanentError(f"{source} holds no ranges of {PACKAGE}: {error}") from error
    listed = spans.join(_lists(table), on="label", how="inner", validate="m:1").filter(_is_public())
    return PublishedRanges(sha256(content).hexdigest()[:12], moment, listed.select("list", *SPANS))


def _read_labels(content: bytes, count: int) -> tuple[list[tuple[int, str, str]], int]:
    """Number, provider and kind of each label, and where the labels end."""
    named: list[tuple[int, str, str]] = []
    place = _HEAD.size
    for number in range(count):
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size
        provider, _, kind = content[place : place + length].decode().partition("\t")
        named.append((number, provider, kind))
        place += length
    return named, place


def _spans_v4(rows: np.ndarray[tuple[int], np.dtype[np.void]]) -> pl.DataFrame:
    ends = {name: pl.Series(rows[name].astype(np.uint64)).cast(pl.UInt128) for name in ("first", "last")}
    label = pl.Series(rows["label"].astype(np.uint16))
    return pl.DataFrame({"is_v4": pl.repeat(True, len(rows), eager=True), **ends, "label": label})


def _spans_v6(rows: np.ndarray[tuple[int], np.dtype[np.void]]) -> pl.DataFrame:
    halves = {
        f"{name}_{half}": pl.Series(rows[name][:, place].astype(np.uint64)).cast(pl.UInt128)
        for name in ("first", "last")
        for place, half in enumerate(("high", "low"))
    }
    upper = pl.lit(2**64, dtype=pl.UInt128)
    return pl.DataFrame({**halves, "label": pl.Series(rows["label"].astype(np.uint16))}).select(
        pl.lit(False).alias("is_v4"),
        *((pl.col(f"{name}_high") * upper + pl.col(f"{name}_low")).alias(name) for name in ("first", "last")),
        "label",
    )


def _lists(labels: pl.DataFrame) -> pl.DataFrame:
    """label, list. Crawlers and exits of Tor are machines in data centres too; carriers are on no list."""
    is_relay = pl.col("provider").is_in(RELAYS)
    return labels.filter(~pl.col("provider").is_in(CARRIERS)).select(
        "label", list=pl.when(is_relay).then(pl.lit("private_relay")).otherwise(pl.lit("data_centre"))
    )


def _is_public() -> pl.Expr:
    """Whether neither end of a range lies in a network that is never public."""
    inside: Mapping[bool, list[pl.Expr]] = {True: [], False: []}
    for each in NOT_PUBLIC:
        first, last = (pl.lit(int(edge), dtype=pl.UInt128) for edge in (each.network_address, each.broadcast_address))
        inside[each.version == 4].append(
            pl.col("first").is_between(first, last) | pl.col("last").is_between(first, last)
        )
    is_v4 = pl.col("is_v4")
    return ~((is_v4 & pl.any_horizontal(inside[True])) | (~is_v4 & pl.any_horizontal(inside[False])))
