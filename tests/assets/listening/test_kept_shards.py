"""Shards that are kept are made the day, or are not used: who is gone, moved or measured by something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from datetime import timedelta
from uuid import UUID, uuid4

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.listening import kept_shards
from assets.listening.day_shards import DayShard
from assets.listening.downloads.event_reader import Shard
from assets.listening.kept_shards import compute_of_shards, keep_shard
from assets.privacy.expiry import expire_day
from sql.raw.day_shards import ShardedDay, read_slices, remove_shards
from sql.values import PermanentError
from sql.warehouse import Warehouse, Write
from tests.assets.listening.test_day import DAY, load, name, request
from tests.assets.listening.test_day_shards import QUAY, Measurement, assert_same, computed, quay, used

__all__ = ["quay", "used"]


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
