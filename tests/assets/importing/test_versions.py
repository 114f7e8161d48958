"""Which of the files of one path a request was answered with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing.paths import MediaPaths
from assets.importing.versions import FileVersions, separate_versions

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = pl.Schema(
    {
        "path": pl.String(),
        "podcast_id": pl.Binary(),
        "episode_id": pl.Binary(),
        "asset_id": pl.Binary(),
        "replaced_at": pl.Datetime("us", "UTC"),
    }
)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


IDS = ("podcast_id", "episode_id", "asset_id")


def ids(name: str | None) -> tuple[bytes, bytes | None, bytes | None]:
    """Of a file of this name, in an episode of its own."""
    return (b"p", None, None) if name is None else (b"p", b"e" + name.encode(), name.encode())


def media(*rows: tuple[str, str, int | None]) -> pl.DataFrame:
    """Path, name of the file, and the day on which it was replaced."""
    found = [(path, *ids(name), None if at is None else day(at)) for path, name, at in rows]
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def events(*rows: tuple[int, str | None]) -> pl.DataFrame:
    """The day and the file of each."""
    schema = pl.Schema({"occurred_at": SCHEMA["replaced_at"], **{name: SCHEMA[name] for name in IDS}})
    return pl.DataFrame([(day(at), *ids(name)) for at, name in rows], schema=schema, orient="row")


def files(frame: pl.DataFrame) -> list[Any]:
    return [each and each.decode() for each in frame["asset_id"]]


def test_a_request_belongs_to_the_file_that_was_there() -> None:
    shown, versions = separate_versions(media(("/a", "1", 10), ("/a", "2", 20), ("/a", "3", None), ("/b", "9", None)))
    assert sorted(files(shown)) == ["3", "9"]
    found = versions.at_time(events((25, "3"), (5, "3"), (10, "3"), (19, "3"), (20, "3"), (1, "9"), (1, None)))
    assert files(found) == ["3", "1", "2", "2", "3", "9", None]
    assert found["episode_id"].to_list()[1] == b"e1"


def test_a_path_that_no_file_has_any_more_stands_for_the_last_one() -> None:
    shown, versions = separate_versions(media(("/a", "1", 10), ("/a", "2", 20)))
    assert files(shown) == ["2"]
    assert files(versions.at_time(events((5, "2"), (15, "2"), (99, "2")))) == ["1", "2", "2"]


def test_without_versions_nothing_changes() -> None:
    rows = media(("/a", "1", None), ("/a", "2", None))
    shown, versions = separate_versions(rows)
    assert shown.equals(rows)
    given = events((1, "1"))
    assert versions.at_time(given).equals(given)
    assert separate_versions(rows.drop("replaced_at"))[0].columns == rows.drop("replaced_at").columns
    assert FileVersions().at_time(given).equals(given)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(1, 30), max_size=4), st.lists(st.integers(0, 31), max_size=8))
def test_the_file_is_the_first_that_was_replaced_later(replaced: set[int], moments: list[int]) -> None:
    ends = sorted(replaced)
    rows = [("/a", f"until {end}", end) for end in ends]
    _, versions = separate_versions(media(*rows, ("/a", "now", None)))
    found = versions.at_time(events(*((moment, "now") for moment in moments)))
    assert files(found) == [next((f"until {end}" for end in ends if end > moment), "now") for moment in moments]


def test_paths_are_looked_up_among_current_files_and_guids_lead_to_the_current_one() -> None:
    rows = media(("/a", "1", 10), ("/b", "2", None)).with_columns(
        guid=pl.lit("g"), part_of=pl.lit(None, dtype=pl.Binary), episode_id=pl.lit(b"e")
    )
    paths = MediaPaths.of(rows)
    assert paths.find("/a") == (b"p", b"e", b"1")
    assert paths.find("guid:g") == (b"p", b"e", b"2")


def test_an_episode_is_found_by_the_guids_that_it_had_unless_another_one_has_them_now() -> None:
    rows = media(("/a", "1", None), ("/b", "2", None)).with_columns(
        guid=pl.Series(["new", "b"]), older_guids=pl.Series([["old", "b"], []], dtype=pl.List(pl.String))
    )
    paths = MediaPaths.of(rows)
    assert paths.find("guid:old") == paths.find("guid:new") == (b"p", b"e1", b"1")
    assert paths.find("guid:b") == (b"p", b"e2", b"2")
