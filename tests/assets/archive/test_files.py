"""Archived days as files: on a disk and in a real object store, written, read back and damaged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from assets.archive.files import DamagedArchiveError, read_day, read_manifest, remove_earlier, write_day
from assets.importing.sources.places import Place
from tests.object_store import ObjectStore

TENANT = UUID("5f0c4b57-3a9c-4a0e-8d25-0b6c1b8f7a01")
DAY = date(2026, 3, 2)
ROWS = pl.DataFrame(
    {
        "event_id": [b"1" * 16, b"2" * 16],
        "occurred_at": pl.Series([datetime(2026, 3, 2, 5, 0, 0, 7, tzinfo=UTC)] * 2).cast(pl.Datetime("us", "UTC")),
        "user_agent": ["Ä/1", None],
    }
)


def folder(root: str) -> Place:
    return Place(f"{root}/tenant_id={TENANT}/day=2026-03-02")


def test_a_day_comes_back_from_an_object_store_as_it_went(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    store.store.mkdir("cold")

    made = write_day(Place("s3://cold/earshot/"), TENANT, DAY, {"listener_events": ROWS, "event_keys": ROWS.clear()})

    assert made.place == folder("s3://cold/earshot").location
    assert [(each.table, each.rows) for each in made.files] == [("listener_events", 2)]
    found = read_manifest(folder("s3://cold/earshot"), made.sha256)
    assert found == made
    assert read_day(folder("s3://cold/earshot"), found)["listener_events"].equals(ROWS)


def test_a_day_that_is_written_again_leaves_its_earlier_state_until_that_is_removed(tmp_path: Path) -> None:
    first = write_day(Place(str(tmp_path)), TENANT, DAY, {"listener_events": ROWS})
    second = write_day(Place(str(tmp_path)), TENANT, DAY, {"listener_events": ROWS.head(1)})

    place = folder(str(tmp_path))
    assert read_day(place, read_manifest(place, first.sha256))["listener_events"].height == 2
    remove_earlier(place, second)
    assert read_day(place, read_manifest(place, second.sha256))["listener_events"].height == 1
    with pytest.raises(DamagedArchiveError, match="is not there"):
        read_manifest(place, first.sha256)


@pytest.mark.parametrize("pattern", ["*.parquet", "manifest*"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, pattern: str) -> None:
    made = write_day(Place(str(tmp_path)), TENANT, DAY, {"listener_events": ROWS})
    place = folder(str(tmp_path))
    [file] = Path(place.location).glob(pattern)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(DamagedArchiveError, match=f"{file.name} is not"):
        read_day(place, read_manifest(place, made.sha256))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    made = write_day(Place(str(tmp_path)), TENANT, DAY, {"listener_events": ROWS})
    place = folder(str(tmp_path))
    (Path(place.location) / made.files[0].name).unlink()

    with pytest.raises(DamagedArchiveError, match=f"{made.files[0].name} is not there"):
        read_day(place, read_manifest(place, made.sha256))
