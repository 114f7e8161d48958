"""Published ranges of data centres, VPNs and relays: what the package's file says, and what we make of it."""

from __future__ import annotations

import ipaddress
import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import iporigin
import polars as pl
import pytest

from assets.listening.identity.address_parsing import parse_addresses
from assets.listening.identity.addresses import AddressRanges, classify_addresses, lists_version
from assets.listening.identity.network_sets import NetworkSet
from assets.listening.identity.published_ranges import (
    CARRIERS,
    NOT_PUBLIC,
    RELAYS,
    installed_file,
    load_published,
    read_published,
)
from sql.values import PermanentError
from tests.assets.listening.identity.test_addresses import DAY, NO_INCLUSIONS, classes, requests

# The kinds that mean a machine; "reserved" and "unknown" are the others.
MACHINES = iporigin.DATACENTER_KINDS


def write_ranges(built_on: date, *ranges: tuple[str, str, str], version: int = 1) -> bytes:
    """A data file: network, provider and kind of each range."""
    labels = sorted({(provider, kind) for _, provider, kind in ranges})
    spelt = [f"{provider}\t{kind}".encode() for provider, kind in labels]
    packed: dict[int, list[bytes]] = {4: [], 6: []}
    for text, provider, kind in ranges:
        network = ipaddress.ip_network(text)
        ends = int(network.network_address), int(network.broadcast_address)
        label = labels.index((provider, kind))
        packed[network.version].append(
            struct.pack("<IIH", *ends, label)
            if network.version == 4
            else b"".join(end.to_bytes(16, "big") for end in ends) + struct.pack("<H", label)
        )
    moment = int(datetime(built_on.year, built_on.month, built_on.day, tzinfo=UTC).timestamp())
    head = struct.pack("<8sHQHII", b"IPORIGIN", version, moment, len(labels), len(packed[4]), len(packed[6]))
    return b"".join([head, *(struct.pack("<H", len(each)) + each for each in spelt), *packed[4], *packed[6]])


def edges() -> list[str]:
    """The ends of every hundredth published range, and the addresses just outside of them."""
    spans = load_published().spans.gather_every(100)
    texts = []
    for is_v4, first, last in spans.select("is_v4", "first", "last").iter_rows():
        kind = ipaddress.IPv4Address if is_v4 else ipaddress.IPv6Address
        texts += [str(kind(number)) for number in (first - 1, first, last, last + 1)]
    return texts


def test_the_ranges_say_what_the_package_says_of_each_address() -> None:
    texts = edges()
    classify: Callable[[str], Any] = iporigin.classify
    answers = {text: classify(text) for text in texts}
    expected = {
        text: "unknown"
        if answer.provider in RELAYS
        else "data_centre"
        if answer.kind in MACHINES and answer.provider not in CARRIERS
        else "household"
        for text, answer in answers.items()
    }
    published = load_published()
    lists = {name: NetworkSet.of_spans(published.on(name)) for name in ("private_relay", "data_centre")}
    addresses = parse_addresses(pl.Series(texts))

    relay, centre = (lists[name].hold(addresses) for name in ("private_relay", "data_centre"))

    found = ["unknown" if r else "data_centre" if c else "household" for r, c in zip(relay, centre, strict=True)]
    assert len(texts) > 1_000
    assert dict(zip(texts, found, strict=True)) == expected


def test_addresses_of_every_kind_of_machine_are_data_centres() -> None:
    machines = ["34.64.1.1", "52.95.110.1", "5.9.1.1", "66.249.66.1", "::ffff:34.64.1.1", "2600:1900:4000::1"]
    people = ["73.12.3.4", "86.5.3.2", "10.1.2.3", "2001:db8::1", "38.15.1.1"]

    found = classify_addresses(requests(*machines, *people), AddressRanges.load(), NO_INCLUSIONS, DAY)

    assert {text for text, kind in classes(found).items() if kind == "data_centre"} == set(machines)


def test_a_relay_in_the_published_ranges_is_kept() -> None:
    relays = load_published().on("private_relay")
    kinds = {True: ipaddress.IPv4Address, False: ipaddress.IPv6Address}
    texts = [str(kinds[is_v4](first)) for is_v4, first, _ in relays.gather_every(500).iter_rows()]

    found = classify_addresses(requests(*texts), AddressRanges.load(), NO_INCLUSIONS, DAY)

    assert len(texts) > 10
    assert set(classes(found).values()) == {"unknown"}
    assert not found["is_data_centre"].any()


def test_nothing_that_is_never_public_is_published() -> None:
    private = NetworkSet.of(NOT_PUBLIC)
    ends = load_published().spans.select("is_v4", number="first")

    assert not private.hold(ends).any()


def test_a_list_of_ones_own_has_no_published_ranges(tmp_path: Path) -> None:
    (tmp_path / "data_centre.json").write_text('["203.0.113.0/25"]')

    ranges = AddressRanges.load(tmp_path)

    assert len(ranges.lists["data_centre"].v4.starts) == 1
    assert len(ranges.lists["private_relay"].v4.starts) > 100


def test_both_lists_of_ones_own_need_no_package(tmp_path: Path) -> None:
    for name in ("data_centre", "private_relay"):
        (tmp_path / f"{name}.json").write_text('["203.0.113.0/25"]')

    ranges = AddressRanges.load(tmp_path)

    assert (ranges.published, ranges.version) == ("", lists_version(tmp_path))


def test_the_version_names_the_published_ranges(tmp_path: Path) -> None:
    newer = tmp_path / "newer.bin"
    newer.write_bytes(write_ranges(date(2040, 1, 1), ("34.64.0.0/10", "Google Cloud", "hosting")))

    installed, fetched = AddressRanges.load(), AddressRanges.load(fetched=newer)

    assert installed.version != fetched.version != lists_version()
    assert installed.published.startswith("iporigin of 20")
    assert fetched.published == "iporigin of 2040-01-01"


def test_an_older_file_than_the_installed_one_is_left_aside(tmp_path: Path) -> None:
    older = tmp_path / "older.bin"
    older.write_bytes(write_ranges(date(2020, 1, 1), ("34.64.0.0/10", "Google Cloud", "hosting")))

    assert AddressRanges.load(fetched=older).version == AddressRanges.load().version


def test_ranges_are_filtered_by_their_provider_and_kind() -> None:
    content = write_ranges(
        date(2026, 10, 1),
        ("5.9.0.0/16", "Hetzner", "hosting"),
        ("172.225.0.0/24", "Apple Private Relay", "vpn"),
        ("38.0.0.0/8", "Cogent", "hosting"),
        ("192.0.2.0/24", "Linode", "hosting"),
        ("2a01:4f8::/32", "Hetzner", "hosting"),
    )

    spans = read_published(content, "here").spans

    assert sorted(spans.select("list", "is_v4").iter_rows()) == [
        ("data_centre", False),
        ("data_centre", True),
        ("private_relay", True),
    ]
    assert spans.filter(~pl.col("is_v4"))["first"].to_list() == [int(ipaddress.ip_address("2a01:4f8::"))]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda content: b"", "requires a buffer"),
        (lambda content: content[:-1], "not what its head says"),
        (lambda content: b"<html>" + content, "another head"),
        (lambda content: write_ranges(date(2026, 1, 1), version=2), "of format 2, not 1"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(damage: Callable[[bytes], bytes], complaint: str) -> None:
    content = installed_file().read_bytes()

    with pytest.raises(PermanentError, match=f"here holds no ranges of iporigin: .*{complaint}"):
        read_published(damage(content), "here")


def test_the_package_is_neither_imported_nor_read_before_the_first_lookup() -> None:
    result = (
        "import sys, pipelines.definitions; from assets.listening.identity import published_ranges; "
        "print('iporigin' in sys.modules, published_ranges._read_once.cache_info().currsize)"
    )

    answer = subprocess.run([sys.executable, "-c", result], check=True, capture_output=True, text=True)

    assert answer.stdout.split() == ["False", "0"]
