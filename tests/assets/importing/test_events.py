"""Ids that make imports repeatable, and the events that requests become."""

from __future__ import annotations

import json
import random
import uuid
from uuid import UUID

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing import EventMaker, MadeBatch, MediaPaths, parser_of
from assets.importing.events import NAMESPACE, uuid5_bytes

TENANT = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6a001")
MEDIA = MediaPaths.of(
    pl.DataFrame(
        {
            "path": ["/harbour-hours/041-the-lock-keeper.mp3", "media.example.com/ferry days.mp3", "/a.mp3"],
            "podcast_id": [b"p" * 16] * 3,
            "episode_id": [b"1" * 16, b"2" * 16, b"3" * 16],
            "asset_id": [b"4" * 16, b"5" * 16, b"6" * 16],
        }
    )
)


def combined(second: int = 0, path: str = "/a.mp3", address: str = "203.0.113.7", more: str = "") -> str:
    time = f"14/Oct/2026:08:12:{second:02} +0000"
    return f'{address} - - [{time}] "GET {path} HTTP/1.1" 200 10 "-" "AntennaPod/3.4.0"{more}'


def make(*batches: list[str], media: MediaPaths = MEDIA) -> MadeBatch:
    maker = EventMaker(TENANT, "combined", "server_log", media)
    parser = parser_of("combined")
    made = []
    for lines in batches:
        frame = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("line_number", offset=1)
        made.append(maker.make(parser.parse(frame.with_columns(pl.col("line_number").cast(pl.Int64)))))
    return MadeBatch(pl.concat([each.events for each in made]), pl.concat([each.rejects for each in made]))


def ids(made: MadeBatch) -> list[bytes]:
    return sorted(made.events["event_id"])


@given(st.text(max_size=40))
def test_the_ids_are_those_of_the_standard_library(name: str) -> None:
    assert uuid5_bytes(name) == uuid.uuid5(NAMESPACE, name).bytes


def test_two_equal_requests_stay_two() -> None:
    assert len(set(ids(make([combined(), combined()])))) == 2


def test_a_request_with_an_id_is_known_again_whatever_else_the_line_says() -> None:
    mark = "0123456789abcdef0123456789abcdef"

    first, second = ids(make([combined(more=f' "-" {mark}'), combined(more=f' "-" 0.3 {mark}')]))

    assert first == second


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["/a.mp3", "/b.mp3"])), min_size=1, max_size=30),
    st.integers(0, 2**16),
    st.integers(1, 10),
)
def test_shuffled_and_otherwise_cut_lines_give_the_same_events(
    requests: list[tuple[int, str]], seed: int, batch: int
) -> None:
    lines = [combined(second, path) for second, path in requests]
    shuffled = random.Random(seed).sample(lines, len(lines))

    in_batches = make(*(shuffled[start : start + batch] for start in range(0, len(shuffled), batch)))

    columns = ["event_id", "occurred_at", "asset_id"]
    assert in_batches.events.select(columns).sort(columns).equals(make(lines).events.select(columns).sort(columns))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["broken", "also broken", combined()]), min_size=1, max_size=20))
def test_every_line_becomes_one_event_or_one_reject(lines: list[str]) -> None:
    made = make(lines)

    everything = [*made.events["event_id"], *made.rejects["reject_id"]]
    assert len(set(everything)) == len(lines)


def test_an_unmapped_request_is_kept_with_its_path_and_no_episode() -> None:
    row = make([combined(path="/new%20show/001.mp3?x=1")]).events.row(0, named=True)

    assert (row["podcast_id"], row["episode_id"], row["asset_id"]) == (None, None, None)
    assert json.loads(row["event_data"]) == {"import": "combined", "path": "/new show/001.mp3"}


def test_a_mapped_request_knows_show_episode_and_file() -> None:
    row = make([combined()]).events.row(0, named=True)

    assert (row["podcast_id"], row["episode_id"], row["asset_id"]) == (b"p" * 16, b"3" * 16, b"6" * 16)
    assert row["event_data"] is None
    assert (row["source"], row["event_type"], row["tenant_id"]) == ("server_log", "download", TENANT.bytes)


def test_a_sign_that_ends_a_path_elsewhere_is_part_of_a_files_name_and_a_query_is_not_kept() -> None:
    paths = ["/Part #1.mp3", "/Part #2.mp3", "/why?.mp3"]
    asset = [path.encode() for path in paths]
    files = MediaPaths.of(pl.DataFrame({"path": paths, "podcast_id": asset, "episode_id": asset, "asset_id": asset}))
    asked = ["/Part #1.mp3", "/Part #2.mp3?id=7", "/why?.mp3", "/Part #3.mp3?id=7", "/b.mp3?id=7"]

    events = make([combined(path=path) for path in asked], media=files).events

    assert events["asset_id"].to_list() == [*asset, None, None]
    kept = [json.loads(data)["path"] for data in events["event_data"].drop_nulls()]
    assert kept == ["/Part %233.mp3", "/b.mp3"]


def test_the_id_of_a_request_does_not_depend_on_which_files_there_are() -> None:
    lines = [combined(path=path, more=f' "{number:032x}"') for number, path in enumerate(["/a.mp3#x", "/a.mp3?y"])]
    asset = [b"7" * 16]
    named = pl.DataFrame({"path": ["/a.mp3?y"], "podcast_id": asset, "episode_id": asset, "asset_id": asset})

    made = make(lines)

    assert ids(made) == ids(make(lines, media=MediaPaths.of(named)))
    assert ids(made) == ids(make([line.replace("#x", "").replace("?y", "") for line in lines]))


def test_an_address_that_is_none_is_left_out_and_the_row_kept() -> None:
    made = make([combined(address="unknown"), combined(address="::ffff:203.0.113.7")])

    assert made.events["client_ip"].to_list() == [None, "203.0.113.7"]
