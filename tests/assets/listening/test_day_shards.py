"""A day that is measured in shards: rows of a household stay together, and the tables are those of the whole."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.listening import compute_listening_day
from assets.listening.day_shards import measure_shard, read_settings
from assets.listening.downloads.event_reader import Shard
from assets.listening.identity.address_parsing import household_network, parse_address
from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import Rules, load_rules
from assets.listening.identity.keys import Key, Keyring
from sql.warehouse import Warehouse
from tests.assets.listening.test_day import DAY, dimensions, load, name, request

QUAY = name("quay")
EVERY_WINDOW = ("calendar_day", "first_touch", "last_touch")

# Each line is one household, in the spellings that a column of addresses keeps apart.
HOUSEHOLDS = (
    ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7/24"),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:0DB8:0001:0002:0:0:0:9/64"),
    ("2001:db8:1:3::1",),
    ("::203.0.113.9", "::1"),
    ("::ffff:0:203.0.113.9",),
    ("64:ff9b::203.0.113.7", "64:ff9b::1"),
    ("198.18.0.9",),
    ("10.0.0.1",),
    ("10.0.0.2",),
    ("10.0.0.3",),
)
AGENTS = ("Overcast/3.0 (+http://overcast.fm/; iOS podcast app)", "AntennaPod/3.2", "Googlebot/2.1", None)
CROWD = "gPodder/3.11.1 (+http://gpodder.org/) Linux"


@dataclass(frozen=True)
class Measurement:
    rules: Rules = field(default_factory=load_rules)
    ranges: AddressRanges = field(default_factory=load_ranges)
    keyring: Keyring = field(default_factory=lambda: Keyring(default=(Key(1, b"a secret for tests, 32 bytes long"),)))


@pytest.fixture(scope="module")
def used() -> Measurement:
    return Measurement()


def rows(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests and playback of a day and of those around it."""
    draw = random.Random(seed)
    for number in range(400):
        home = draw.choice([*HOUSEHOLDS, None])
        at = {"occurred_at": DAY.start + timedelta(minutes=draw.randint(-1600, 3000))}
        start = draw.choice([None, 0, 500_000, 2_000_000])
        changes: dict[str, Any] = {
            **at,
            "client_ip": home and draw.choice(home),
            "household_key": draw.choice([None, 77, 78]) if home is None else None,
            # Two households have more pairs of agent and episode than a home has.
            "user_agent": draw.choice([*AGENTS, CROWD] if home in (HOUSEHOLDS[0], HOUSEHOLDS[-1]) else AGENTS),
            "session_id": draw.choice(["s1", "s2", "s3", None]),
            "listener_id": draw.choice(["l1", "l2", None]),
            "http_status": 200 if start is None else 206,
            "range_start": start,
            "bytes_sent": draw.choice([None, 40_000, 900_000, 1_500_000, 3_601_000]),
        }
        if draw.random() < 0.3:
            changes |= {
                "source": draw.choice(["client", "import"]),
                "event_type": draw.choice(["listen_start", "listen_progress", "listen_complete", "download"]),
                "event_data": draw.choice(['{"imported_as": "client"}', None, "{}"]),
                "position_seconds": draw.randint(0, 3600),
            }
        yield request("quay", f"{seed} {number}", **changes)


@pytest.fixture
def quay(warehouse: Warehouse) -> Warehouse:
    load(warehouse, [*dimensions("quay"), *rows(1), *rows(2)])
    return warehouse


def computed(warehouse: Warehouse, used: Measurement, shards: int = 1) -> dict[str, pl.DataFrame]:
    settings = read_settings(warehouse.read, [QUAY])
    parts = [
        measure_shard(
            warehouse.read, DAY, [QUAY], settings, used.rules, used.ranges, used.keyring, Shard(number, shards)
        )
        for number in range(shards)
    ]
    return compute_listening_day(
        warehouse.read, DAY, [QUAY], used.rules, used.ranges, used.keyring, shards=parts if shards > 1 else ()
    )


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for table, frame in expected.items():
        assert_frame_equal(found[table], frame, check_exact=True)


@pytest.mark.parametrize("window", EVERY_WINDOW)
def test_a_day_in_shards_is_the_whole_day_to_the_bit(quay: Warehouse, used: Measurement, window: str) -> None:
    with quay.transaction() as connection:
        connection.execute("UPDATE tenants SET download_window = %s, suspect_pairs = 2", [window])
    expected = computed(quay, used)
    assert expected["downloads"].height > 2
    assert expected["ad_exposures"].height
    assert expected["listener_metrics"]["playback_starts"].sum()
    assert "suspect_ip" in expected["request_dispositions"]["disposition"]
    for shards in (2, 7):
        assert_same(computed(quay, used, shards), expected)


def test_every_row_is_in_one_shard_and_a_household_and_a_playback_are_in_one(quay: Warehouse) -> None:
    span = {"start": DAY.start - timedelta(days=2), "end": DAY.end + timedelta(days=2), "tenants": [QUAY]}
    whole = quay.read("read_listener_events", **span, shard=0, shards=1)
    shards = [quay.read("read_listener_events", **span, shard=number, shards=5) for number in range(5)]
    assert all(shard.height for shard in shards)
    assert pl.concat(shards).sort("event_id").equals(whole.sort("event_id"))
    places: dict[object, set[int]] = defaultdict(set)
    for number, shard in enumerate(shards):
        for row in shard.iter_rows(named=True):
            if row["event_type"] == "download" and row["source"] != "client":
                address = parse_address(row["client_ip"])
                who = household_network(address) if address else row["household_key"]
            else:
                who = row["session_id"] or row["listener_id"]
            if who is not None:
                places[who].add(number)
    assert len(places) > 15
    assert {who: found for who, found in places.items() if len(found) > 1} == {}
