"""A day that is measured in shards: rows of a household stay together, and the tables are those of the whole."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.listening import compute_listening_day, kept_shards
from assets.listening.day_shards import DayShard, measure_shard, read_settings
from assets.listening.downloads.event_reader import Shard
from assets.listening.identity.address_parsing import household_network, parse_address
from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import Rules, load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.listening.kept_shards import compute_of_shards, keep_shard
from assets.privacy.expiry import expire_day
from sql.raw.day_shards import ShardedDay, read_slices, remove_shards
from sql.values import PermanentError
from sql.warehouse import Warehouse, Write
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


def keep(warehouse: Warehouse, used: Measurement, run: UUID, *numbers: int) -> list[bool]:
    return [keep_shard(warehouse, DAY, QUAY, used, Shard(number, 3), run) for number in numbers]  # type: ignore[arg-type]


def of_shards(
    warehouse: Warehouse, used: Measurement, run: UUID, log: Callable[[str], object]
) -> dict[str, pl.DataFrame]:
    return compute_of_shards(warehouse, used, 3, run, {}, log)(DAY, [QUAY])  # type: ignore[arg-type]


def test_a_day_is_made_of_the_shards_that_its_run_kept(quay: Warehouse, used: Measurement) -> None:
    expected, run, said = computed(quay, used), uuid4(), list[str]()
    assert keep(quay, used, run, 2, 0, 1, 1) == [True] * 4
    # What came since does not count: the shards were read before.
    load(quay, [request("quay", "late", client_ip="10.9.9.9")])
    assert_same(of_shards(quay, used, run, said.append), expected)
    assert said == []
    remove_shards(quay, [QUAY], run)
    assert of_shards(quay, used, run, said.append)["downloads"].height == expected["downloads"].height + 1
    assert said == [f"{DAY.day} has 0 of 3 shards of tenant {QUAY}, so it is measured as a whole."]


def test_shards_that_are_missing_or_measured_by_something_else_are_not_used(quay: Warehouse, used: Measurement) -> None:
    run, said = uuid4(), list[str]()
    keep(quay, used, run, 0, 1)
    assert_same(of_shards(quay, used, run, said.append), computed(quay, used))
    keep(quay, used, run, 2)
    with quay.transaction() as connection:
        connection.execute("UPDATE tenants SET download_window = 'first_touch'")
    assert_same(of_shards(quay, used, run, said.append), computed(quay, used))
    assert_same(of_shards(quay, used, uuid4(), said.append), computed(quay, used))
    assert [words.split(" has ")[1].split(" of tenant")[0] for words in said] == [
        "2 of 3 shards",
        "0 of 3 shards",
        "0 of 3 shards",
    ]


def test_a_day_of_which_addresses_are_gone_is_not_divided(quay: Warehouse, used: Measurement) -> None:
    expected = computed(quay, used)
    expire_day(quay, QUAY, DAY, used.ranges, used.keyring)
    run, said = uuid4(), list[str]()
    assert keep(quay, used, run, 0, 1, 2) == [False] * 3
    assert of_shards(quay, used, run, said.append)["downloads"].height == expected["downloads"].height
    assert len(said) == 1


class Interrupted(Warehouse):
    """Something happens once, after raw rows were read for the first time."""

    then: Callable[[], object] | None = None

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        found = super().read(name, **params)
        if name == "read_listener_events" and self.then is not None:
            then, self.then = self.then, None
            then()
        return found


@pytest.fixture
def interrupted(quay: Warehouse, database_url: str) -> Iterator[Interrupted]:
    with closing(Interrupted(database_url)) as warehouse:
        yield warehouse


@pytest.mark.parametrize("window", ["calendar_day", "first_touch"])
def test_a_shard_is_not_kept_where_addresses_went_while_its_rows_were_read(
    interrupted: Interrupted, used: Measurement, window: str
) -> None:
    with interrupted.transaction() as connection:
        connection.execute("UPDATE tenants SET download_window = %s", [window])
    expected, run, said = computed(interrupted, used), uuid4(), list[str]()
    assert keep(interrupted, used, run, 0) == [True]
    interrupted.then = lambda: expire_day(interrupted, QUAY, DAY, used.ranges, used.keyring)
    assert keep(interrupted, used, run, 1, 2) == [False, False]
    found = of_shards(interrupted, used, run, said.append)
    assert_frame_equal(found["listener_metrics"], expected["listener_metrics"].with_columns(found_version(found)))
    assert len(said) == 1


def found_version(tables: dict[str, pl.DataFrame]) -> pl.Expr:
    return pl.lit(tables["listener_metrics"]["rules_version"].first()).alias("rules_version")


@pytest.mark.parametrize(
    "happened",
    [
        "INSERT INTO erasures (tenant_id, erasure_id, erased_by, kind, counts, days, archived_days, archived_rows) "
        "VALUES (%s, gen_random_uuid(), 'Ada', 'address', '{}', 1, 0, 0)",
        "INSERT INTO key_rotations (tenant_id, version, rotated_by, counts) VALUES (%s, 1, 'Ada', '{}')",
    ],
)
def test_a_shard_is_not_kept_where_somebody_was_erased_or_keys_were_rotated_while_its_rows_were_read(
    interrupted: Interrupted, used: Measurement, happened: str
) -> None:
    def happen() -> None:
        with interrupted.transaction() as connection:
            connection.execute(happened.encode(), [QUAY])

    interrupted.then = happen
    with pytest.raises(PermanentError, match="while it was computed"):
        keep(interrupted, used, uuid4(), 0)
    with interrupted.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM day_shards").fetchall() == [(0,)]


def test_a_day_that_is_measured_as_a_whole_was_not_read_with_its_shards(quay: Warehouse, used: Measurement) -> None:
    run, began = uuid4(), quay.clock()
    read_from = dict.fromkeys(DAY.widened(before=timedelta(days=1)).days(), began)
    compute = compute_of_shards(quay, used, 3, run, read_from, str)  # type: ignore[arg-type]
    keep(quay, used, run, 0, 1, 2)
    compute(DAY, [QUAY])
    assert len(read_from) == 2
    remove_shards(quay, [QUAY], run)
    compute(DAY, [QUAY])
    assert list(read_from) == [DAY.day - timedelta(days=1)]


def test_frames_are_kept_in_slices_and_who_stops_reading_them_holds_up_nobody(
    quay: Warehouse, used: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_shards, "SLICE_ROWS", 7)
    expected, run = computed(quay, used), uuid4()
    keep(quay, used, run, 0, 1, 2)
    with quay.transaction() as connection:
        [(slices, measured_by)] = connection.execute("SELECT count(*), min(measured_by) FROM day_shards").fetchall()
    assert int(str(slices)) > 3 * len(fields(DayShard))
    begun = read_slices(quay, ShardedDay(QUAY, DAY.day, run, str(measured_by)))
    assert next(begun)[0] == 0
    begun.close()
    assert_same(of_shards(quay, used, run, pytest.fail), expected)


def test_episodes_may_be_moved_while_shards_are_measured(quay: Warehouse, used: Measurement) -> None:
    run = uuid4()
    keep(quay, used, run, 0)
    with quay.transaction() as connection:
        connection.execute(
            "INSERT INTO podcasts (tenant_id, podcast_id, slug, title) VALUES (%s, %s, 'other', 'Other')",
            [QUAY, name("quay other")],
        )
        connection.execute("UPDATE episodes SET podcast_id = %s WHERE tenant_id = %s", [name("quay other"), QUAY])
    keep(quay, used, run, 1, 2)
    metrics = of_shards(quay, used, run, pytest.fail)["listener_metrics"]
    assert metrics["playback_starts"].sum() == computed(quay, used)["listener_metrics"]["playback_starts"].sum()


def test_a_day_that_another_run_computes_between_its_shards_misses_no_rows(quay: Warehouse, used: Measurement) -> None:
    run = uuid4()
    keep(quay, used, run, 0)
    load(quay, [request("quay", f"late {number}", client_ip=f"10.9.9.{number}") for number in range(20)])
    stamps = {"is_final": pl.lit(True), "run_id": pl.lit(QUAY.bytes)}
    judged = computed(quay, used)["request_dispositions"]
    quay.replace([Write("request_dispositions", judged.with_columns(**stamps))], DAY, [QUAY])
    keep(quay, used, run, 1, 2)
    found = of_shards(quay, used, run, pytest.fail)["request_dispositions"]
    assert found["requests"].sum() < judged["requests"].sum()


def test_shards_without_rows_add_nothing(quay: Warehouse, used: Measurement) -> None:
    expected = computed(quay, used)
    assert_same(computed(quay, used, 60), expected)
    with quay.transaction() as connection:
        connection.execute("DELETE FROM listener_events")
    nothing, run = computed(quay, used), uuid4()
    assert_same(computed(quay, used, 3), nothing)
    keep(quay, used, run, 0, 1, 2)
    assert_same(of_shards(quay, used, run, pytest.fail), nothing)
