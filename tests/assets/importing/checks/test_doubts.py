"""Doubts: which first lines are refused, and what is said of a whole import."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl
import pytest

from assets.importing.checks.doubts import DoubtfulError, doubts_of, refuse_doubtful, unmapped_paths
from assets.importing.events import MadeBatch
from assets.importing.paths import MediaPaths


def media(*paths: str) -> MediaPaths:
    ids = [bytes(16)] * len(paths)
    return MediaPaths.of(pl.DataFrame({"path": paths, "podcast_id": ids, "episode_id": ids, "asset_id": ids}))


def made(
    matched: int = 0,
    unmapped: tuple[str, ...] = (),
    rejected: int = 0,
    nobody: int = 0,
    status: int = 200,
    method: str | None = "GET",
    carried: int | None = 1_000_000,
    agent: str = "AntennaPod/3.4.0",
) -> MadeBatch:
    events = matched + len(unmapped)
    addresses = [None] * nobody + ["192.0.2.1"] * (events - nobody)
    data = [None] * matched + [json.dumps({"import": "combined", "path": path}) for path in unmapped]
    return MadeBatch(
        pl.DataFrame(
            {
                "episode_id": [b"e"] * matched + [None] * len(unmapped),
                "event_data": data,
                "client_ip": addresses,
                "household_key": [None] * events,
                "listener_id": [None] * events,
                "http_status": [status] * events,
                "http_method": [method] * events,
                "bytes_sent": [carried] * events,
                "user_agent": [agent] * events,
                "referrer": [None] * events,
                "range_start": [None] * events,
                "range_end": [None] * events,
            },
            schema_overrides={
                "bytes_sent": pl.Int64,
                "referrer": pl.String,
                "range_start": pl.Int64,
                "range_end": pl.Int64,
                "http_method": pl.String,
                "event_data": pl.String,
                "client_ip": pl.String,
                "episode_id": pl.Binary,
            },
        ),
        pl.DataFrame({"reason": ["it has no time"] * rejected}, schema={"reason": pl.String}),
    )


def never() -> Mapping[str, MediaPaths]:
    raise AssertionError("other tenants were looked at")


def test_a_log_as_logs_are_is_taken_without_a_look_at_other_tenants() -> None:
    refuse_doubtful(made(matched=7, unmapped=("/a.css",), rejected=1), "north", never)


def test_a_log_whose_lines_mostly_cannot_be_read_is_refused_with_the_most_frequent_reason() -> None:
    with pytest.raises(DoubtfulError, match=r"999 of its first 1,000 lines cannot be read \(999 of them: it has no ti"):
        refuse_doubtful(made(matched=1, rejected=999), "north", never)


def test_a_log_without_addresses_is_refused() -> None:
    with pytest.raises(DoubtfulError, match=r"20 of its first 20 requests have no address.*--force"):
        refuse_doubtful(made(matched=20, nobody=20), "north", never)
    refuse_doubtful(made(matched=20, nobody=2), "north", never)


def test_a_log_whose_statuses_are_none_is_refused() -> None:
    with pytest.raises(DoubtfulError, match=r"20 of its first 20 requests have a status that HTTP does not know.* 41"):
        refuse_doubtful(made(matched=20, status=41), "north", never)
    for status in (0, 206, 499):
        refuse_doubtful(made(matched=20, status=status), "north", never)


def test_a_log_whose_columns_were_exchanged_is_refused() -> None:
    with pytest.raises(
        DoubtfulError, match=r"nearly all of its first 20 requests have something else where the agent is.*--fo"
    ):
        refuse_doubtful(made(matched=20, agent="https://a.example/"), "north", never)


def test_a_log_whose_whole_answers_carry_next_to_nothing_is_refused() -> None:
    with pytest.raises(DoubtfulError, match=r"20 of its first 20 whole answers .* fewer than 1,000 bytes, such as 41"):
        refuse_doubtful(made(matched=20, carried=41, method=None), "north", never)
    refuse_doubtful(made(matched=19, carried=41), "north", never)
    refuse_doubtful(made(matched=20, carried=41, method="HEAD"), "north", never)
    refuse_doubtful(made(matched=20, carried=2, status=206), "north", never)
    refuse_doubtful(made(matched=20, carried=None), "north", never)
    refuse_doubtful(made(matched=9, unmapped=("/a.css",) * 8, carried=0), "north", never)


def test_a_log_of_another_tenants_files_is_refused_and_that_tenant_named() -> None:
    theirs = made(matched=1, unmapped=("/show/1.mp3", "/show/1.mp3", "/show/2.mp3"))
    with pytest.raises(
        DoubtfulError, match=r"3 of its first 4 requests are for files of the tenant south, and 1 for"
    ) as refusal:
        refuse_doubtful(theirs, "north", lambda: {"east": media("/x"), "south": media("/show/1.mp3", "/show/2.mp3")})
    assert "files of another tenant, and 1 for files of north" in refusal.value.for_tenant
    assert "south" not in refusal.value.for_tenant


def test_a_log_of_files_that_nobody_has_is_taken() -> None:
    refuse_doubtful(made(unmapped=("/new.mp3",)), "north", lambda: {"south": media("/show/1.mp3")})


def test_paths_of_the_unmapped_are_read_from_what_is_stored_of_them() -> None:
    assert unmapped_paths(made(matched=1, unmapped=("/ä.mp3",)).events).to_list() == ["/ä.mp3"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"lines": 1000, "events": 990, "rejected": 10}, []),
        ({"lines": 100, "events": 80, "rejected": 20}, ["20 of 100 lines were rejected (20%)"]),
        ({"lines": 8, "events": 7, "rejected": 1}, []),
        ({"lines": 30, "events": 20, "rejected": 10}, ["10 of 30 lines were rejected (33%)"]),
        ({"lines": 10, "events": 10, "without_address": 4}, ["4 requests (40%) have no address"]),
        ({"lines": 5, "events": 5, "unmapped": 5}, ["not one request is for a file of the catalogue"]),
        ({"lines": 100, "events": 100, "without_address": 30}, ["30 requests (30%) have no address"]),
    ],
)
def test_a_whole_import_is_doubted_where_a_person_should_look(counts: dict[str, int], said: list[str]) -> None:
    found = doubts_of(**{"rejected": 0, "unmapped": 0, "without_address": 0, **counts})
    assert len(found) == len(said)
    assert all(text.startswith(begin) for text, begin in zip(found, said, strict=True))
