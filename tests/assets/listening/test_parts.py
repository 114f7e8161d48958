"""Files that are served in parts: an HLS rendition is measured as the file that its segments make up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import polars as pl
import pytest

from assets.importing.paths import GUID, MediaPaths
from assets.listening import count_downloads, find_delivered_ads, index_catalogue, qualify_requests
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.listening.test_day import NAMES, compute, dimensions, load, name, request

Frames = Callable[..., pl.DataFrame]
Row = dict[str, Any]

EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

# An hour at 1,000 bytes a second behind an initialisation segment of 1,000 bytes, in segments of six seconds.
WHOLE = "harbour-12.mp4"
INIT_BYTES, SEGMENT_BYTES, SEGMENTS = 1_000, 6_000, 600
RENDITION: list[Row] = [
    {"asset_id": WHOLE, "file_bytes": 3_601_000, "header_bytes": INIT_BYTES},
    {"asset_id": "init", "part_of": WHOLE, "part_offset_bytes": 0, "file_bytes": INIT_BYTES},
    *(
        {
            "asset_id": f"segment-{number}",
            "part_of": WHOLE,
            "part_offset_bytes": INIT_BYTES + SEGMENT_BYTES * number,
            "file_bytes": SEGMENT_BYTES,
            "header_bytes": 0,
        }
        for number in range(SEGMENTS)
    ),
]


class Count:
    """Measures rows; keeps what became of them and the ads that were delivered."""

    def __init__(self, requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> None:
        self._frames = requests, episodes, media, methods

    def __call__(self, *rows: Row, files: list[Row] | None = None, ads: list[Row] | None = None) -> list[Row]:
        requests, episodes, media, methods = self._frames
        catalogue = index_catalogue(episodes(), media(files or RENDITION), methods())
        _, candidates = qualify_requests(requests(*rows), catalogue)
        self.became = candidates.sort("occurred_at", "event_id")["disposition"].cast(pl.String).to_list()
        counted = count_downloads(candidates, catalogue)
        named = counted.with_columns(episode_id=pl.lit("harbour-12"), podcast_id=pl.lit("harbour"))
        if ads:
            self.ads = find_delivered_ads(candidates, named, pl.DataFrame(ads), catalogue)
        files_of = catalogue.files.select("file_no", "asset_id")
        return counted.join(files_of, on="file_no", how="left", validate="m:1").to_dicts()


@pytest.fixture
def count(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> Count:
    return Count(requests, episodes, media, methods)


def segment(number: int, **change: Any) -> Row:
    """Ada's player fetches one segment, six seconds after the one before it."""
    return {
        "asset_id": f"segment-{number}",
        "bytes_sent": SEGMENT_BYTES,
        "occurred_at": EIGHT + timedelta(seconds=6 * number + 1),
        **change,
    }


def initialisation(**change: Any) -> Row:
    return {"asset_id": "init", "bytes_sent": INIT_BYTES, "occurred_at": EIGHT, **change}


def test_ten_segments_of_six_seconds_are_a_minute(count: Count) -> None:
    (download,) = count(initialisation(), *map(segment, range(10)))

    assert download["downloaded_at"] == EIGHT
    assert download["qualified_at"] == EIGHT + timedelta(seconds=6 * 9 + 1)
    assert (download["asset_id"], download["covered_bytes"], download["threshold_bytes"]) == (WHOLE, 60_000, 60_000)
    assert count.became == ["counted", *["contributed"] * 10]


def test_an_initialisation_segment_is_no_content(count: Count) -> None:
    assert (
        count(initialisation(), *map(segment, range(9)), initialisation(occurred_at=EIGHT + timedelta(hours=1))) == []
    )


def test_the_same_segment_again_adds_nothing(count: Count) -> None:
    again = [segment(0, occurred_at=EIGHT + timedelta(minutes=minute)) for minute in range(1, 10)]

    assert count(segment(0), *again, *map(segment, range(1, 9))) == []
    assert len(count(segment(0), *again, *map(segment, range(1, 10)))) == 1


def test_of_a_segment_that_was_broken_off_what_was_sent_counts(count: Count) -> None:
    assert count(*map(segment, range(9)), segment(9, bytes_sent=SEGMENT_BYTES - 1)) == []


def test_a_range_of_a_segment_is_a_range_of_the_segment(count: Count) -> None:
    halves = [
        {"http_status": 206, "range_start": at, "range_end": at + 2_999, "bytes_sent": 3_000} for at in (0, 3_000)
    ]

    assert len(count(*map(segment, range(9)), segment(9, **halves[0]), segment(9, **halves[1]))) == 1
    assert (
        count(*map(segment, range(9)), segment(9, **halves[0]), segment(10, **halves[0] | {"bytes_sent": 2_999})) == []
    )


def test_without_bytes_sent_a_segment_is_taken_whole_and_no_further(count: Count) -> None:
    assert count(*(segment(number, bytes_sent=None) for number in range(9))) == []
    assert len(count(*(segment(number, bytes_sent=None) for number in range(10)))) == 1


def test_more_bytes_than_a_segment_has_are_not_the_next_one(count: Count) -> None:
    assert count(segment(0, bytes_sent=3_601_000)) == []


def test_two_bytes_of_a_segment_are_a_probe(count: Count) -> None:
    probe = segment(9, http_status=206, range_start=0, range_end=1, bytes_sent=2)

    assert count(*map(segment, range(9)), probe) == []
    assert len(count.became) == 9


def test_segments_and_ranges_of_the_whole_file_are_one_coverage(count: Count) -> None:
    rest = {"http_status": 206, "range_start": INIT_BYTES + 30_000, "range_end": INIT_BYTES + 59_999}

    assert len(count(*map(segment, range(5)), {"asset_id": WHOLE, **rest, "bytes_sent": 30_000})) == 1
    assert count(*map(segment, range(5)), {"asset_id": WHOLE, **rest, "bytes_sent": 29_999}) == []


def test_two_renditions_are_two_files(count: Count) -> None:
    other = [{**file, "asset_id": f"low {file['asset_id']}"} for file in RENDITION]
    low = [{**file, "part_of": f"low {WHOLE}"} if "part_of" in file else file for file in other]
    mixed = [segment(number, asset_id=f"{'low ' * (number % 2)}segment-{number}") for number in range(12)]

    assert count(*mixed, files=[*RENDITION, *low]) == []


def test_an_ad_is_delivered_by_the_segments_that_hold_it(count: Count) -> None:
    span = {"segment_no": 1, "first_byte": INIT_BYTES + 15_000, "last_byte": INIT_BYTES + 44_999}
    booked = {"placement_id": "oat-milk", "position": "pre", "insertion": "dynamic"}
    ad = {"tenant_id": "quayside", "asset_id": WHOLE, "campaign_id": "autumn", "sponsor_id": "pantry", **booked, **span}

    count(*map(segment, range(10)), ads=[ad])
    assert count.ads["placement_id"].to_list() == ["oat-milk"]
    count(*map(segment, [*range(7), *range(8, 12)]), ads=[ad])
    assert count.ads.is_empty()


@pytest.mark.parametrize(
    "change",
    [{"part_of": "no such file"}, {"part_of": "init"}, {"episode_id": "harbour-13"}, {"file_bytes": None}],
)
def test_a_part_that_cannot_be_placed_is_named(count: Count, change: Row) -> None:
    orphan = {**RENDITION[2], "asset_id": "lost", **change}

    with pytest.raises(PermanentError, match=r"1 media file\(s\) are parts that cannot be placed, first lost"):
        count(files=[*RENDITION, orphan])


def hls_dimensions(tenant: str) -> list[tuple[str, Row]]:
    """The episode of test_day with its file as the whole of thirteen parts."""
    own = {"tenant_id": name(tenant), "episode_id": name(f"{tenant} episode"), "part_of": name(f"{tenant} file")}
    sizes = [("init", 0, INIT_BYTES), *((f"s{n}", INIT_BYTES + SEGMENT_BYTES * n, SEGMENT_BYTES) for n in range(12))]
    parts: list[tuple[str, Row]] = [
        (
            "media_assets",
            {
                **own,
                "asset_id": name(f"{tenant} {part}"),
                "path": f"/12/{part}.m4s",
                "part_offset_bytes": at,
                "file_bytes": size,
            },
        )
        for part, at, size in sizes
    ]
    return [*dimensions(tenant), *parts]


def test_segments_count_from_the_path_of_a_log_to_the_tables(warehouse: Warehouse) -> None:
    load(warehouse, hls_dimensions("quayside"))
    paths = MediaPaths.of(warehouse.read("read_media_paths", tenants=[name("quayside")]))
    segment_paths = [f"/12/{part}.m4s" for part in ("init", *(f"s{number}" for number in range(10)))]
    found = paths.match(pl.Series(segment_paths)).select("target", "asset_id")
    assets = {path: UUID(bytes=asset) for path, asset in found.iter_rows()}
    rows = [
        request(
            "quayside",
            path,
            asset_id=assets[path],
            bytes_sent=INIT_BYTES if "init" in path else SEGMENT_BYTES,
            occurred_at=EIGHT + timedelta(seconds=place),
        )
        for place, path in enumerate(segment_paths)
    ]
    load(warehouse, rows)

    tables = compute(warehouse, "quayside")

    assert tables["downloads"]["asset_id"].to_list() == [name("quayside file").bytes]
    assert tables["downloads"].select("covered_bytes", "basis").row(0) == (60_000, "bytes")
    dispositions = dict(tables["request_dispositions"].select("disposition", "requests").iter_rows())
    assert dispositions == {"counted": 1, "contributed": 10}
    assert tables["ad_exposures"]["position"].to_list() == ["pre"]


def test_an_episode_with_one_file_in_parts_is_one_file_by_its_guid(warehouse: Warehouse) -> None:
    load(warehouse, hls_dimensions("quayside"))

    paths = MediaPaths.of(warehouse.read("read_media_paths", tenants=[name("quayside")]))

    found = paths.find(f"{GUID}12")
    assert found is not None
    assert found[2] == name("quayside file").bytes


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"file_bytes": None}, "media_assets_part_check"),
        ({"part_offset_bytes": None}, "media_assets_part_check"),
        ({"part_of": None}, "media_assets_part_check"),
        ({"part_of": uuid5(NAMES, "no such file")}, "media_assets_part_of_fkey"),
        ({"part_of": name("quayside s1")}, "a part has no parts"),
    ],
)
def test_the_database_refuses_a_part_without_a_place(warehouse: Warehouse, change: Row, complaint: str) -> None:
    *whole, (table, last) = hls_dimensions("quayside")
    load(warehouse, whole)

    with pytest.raises(Exception, match=complaint):
        load(warehouse, [(table, {**last, **change})])


def test_a_whole_with_parts_becomes_no_part(warehouse: Warehouse) -> None:
    load(warehouse, hls_dimensions("quayside"))
    other = {**dict(dimensions("quayside"))["media_assets"], "asset_id": name("other"), "path": "/other.mp3"}
    load(warehouse, [("media_assets", other)])

    with (
        pytest.raises(Exception, match="a part has no parts"),
        warehouse.transaction("earshot_owner") as connection,
    ):
        connection.execute(
            "UPDATE media_assets SET part_of = %s, part_offset_bytes = 0 WHERE asset_id = %s",
            [name("other"), name("quayside file")],
        )
