"""Days of audiences that look back: in any order, alone or in a range, after changes, beside other tenants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.lineage import read_stale
from assets.listening import RecentKeys, compute_audience_day, compute_playback_day
from assets.runs import rules_versions_of
from sql.values import RawRowsGoneError, Reader, Window
from sql.warehouse import LedgerLine, Warehouse, Write

NAMES = UUID("b9f0a3d2-7c5e-4c1a-8f63-52f7b1c0d9e4")
RUN = UUID(int=3)
FIRST = date(2026, 3, 26)
# Over the turn of a week and of a month.
DAYS = [FIRST + timedelta(days=number) for number in range(9)]
HARBOR, KREUZ = (uuid5(NAMES, slug) for slug in ("harbor", "kreuz"))
SHOWS = {"tides": ("tides-1", "tides-2"), "lanes": ("lanes-1",)}

Tables = dict[str, pl.DataFrame]


def named(name: str) -> UUID:
    return uuid5(NAMES, name)


def listeners_of(episode: str, day: date) -> list[int]:
    """An invented audience: regulars who come back, and people who come once."""
    number = DAYS.index(day)
    regulars = [person for person in range(12) if (person * 7 + number * 3 + len(episode)) % 5 < 2]
    return [*regulars, 100 + number] if episode == "tides-1" else regulars


def downloads(tenant: UUID, day: date, without: Sequence[int] = ()) -> pl.DataFrame:
    """Rows for the table of downloads."""
    rows = [
        {
            "tenant_id": tenant.bytes,
            "downloaded_at": datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + timedelta(minutes=person),
            "download_id": uuid5(tenant, f"{episode} {day} {person}").bytes,
            "day": day,
            "podcast_id": named(show).bytes,
            "episode_id": named(episode).bytes,
            "consumer_key": person,
            "household_key": person // 2,
        }
        for show, episodes in SHOWS.items()
        for episode in episodes
        for person in listeners_of(episode, day)
        if person not in without
    ]
    words = ["app", "device", "os", "country_code", "region_code", "referrer", "address_class", "rules_version"]
    return pl.DataFrame(rows).with_columns(
        *(pl.lit("unknown").alias(word) for word in words),
        qualified_at=pl.col("downloaded_at"),
        basis=pl.lit("bytes"),
        asset_id=pl.lit(None, dtype=pl.Binary),
        covered_bytes=pl.lit(None, dtype=pl.Int64),
        threshold_bytes=pl.lit(None, dtype=pl.Int64),
        key_version=pl.lit(1),
        is_range_assumed=pl.lit(None, dtype=pl.Boolean),
    )


def write(warehouse: Warehouse, assets: Sequence[str], tables: Tables, day: date, tenants: Sequence[UUID]) -> None:
    stamped = [
        Write(name, frame.with_columns(is_final=pl.lit(True), run_id=pl.lit(RUN.bytes)))
        for name, frame in tables.items()
    ]
    lines = [LedgerLine(asset, day, tenant, RUN, 0, None, "final") for asset in assets for tenant in tenants]
    warehouse.replace(stamped, Window.of_day(day), tenants, lines)


def measure(warehouse: Warehouse, day: date, without: Sequence[int] = (), tenants: Sequence[UUID] = (HARBOR,)) -> None:
    """Listening of a day is computed, or computed again without some people."""
    frame = pl.concat([downloads(tenant, day, without) for tenant in tenants])
    write(warehouse, ["request_dispositions", "downloads"], {"downloads": frame}, day, tenants)


def look_back(
    warehouse: Warehouse, day: date, tenants: Sequence[UUID] = (HARBOR,), recent: RecentKeys | None = None
) -> Tables:
    tables = compute_audience_day(warehouse.read, Window.of_day(day), tenants, recent)
    write(warehouse, ["audience_periods", "episode_age_downloads"], tables, day, tenants)
    return tables


def stale(warehouse: Warehouse) -> list[date]:
    return sorted(read_stale(warehouse.read, [HARBOR, KREUZ], DAYS[0], DAYS[-1], ["audience_periods"])["day"].to_list())


def assert_same(found: Tables, expected: Tables) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        assert_frame_equal(found[name], expected[name], check_exact=True)


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """Two tenants with the same two shows, whose downloads of nine days are there."""
    for slug, tenant in (("harbor", HARBOR), ("kreuz", KREUZ)):
        owner = {"tenant_id": tenant.bytes}
        warehouse.insert("tenants", pl.DataFrame([{**owner, "slug": slug, "name": slug, "brand_name": slug}]))
        for show, episodes in SHOWS.items():
            about = {**owner, "podcast_id": named(show).bytes}
            warehouse.insert("podcasts", pl.DataFrame([{**about, "slug": show, "title": show}]))
            released = {"published_at": datetime(2026, 3, 26, 6, 0, tzinfo=UTC)}
            rows = [
                {**about, **released, "episode_id": named(each).bytes, "guid": each, "title": each} for each in episodes
            ]
            warehouse.insert("episodes", pl.DataFrame(rows))
    for day in DAYS:
        measure(warehouse, day)
    return warehouse


def test_one_day_at_a_time_and_a_range_at_once_give_the_same_tables(network: Warehouse) -> None:
    alone = [look_back(network, day) for day in DAYS]
    recent = RecentKeys(network.read)
    together = [look_back(network, day, recent=recent) for day in DAYS]
    for one, other in zip(alone, together, strict=True):
        assert_same(other, one)


def test_days_computed_backwards_agree_once_nothing_is_stale(network: Warehouse) -> None:
    for day in reversed(DAYS):
        look_back(network, day)
    while days := stale(network):
        look_back(network, days[0])
    candidates = {day: compute_audience_day(network.read, Window.of_day(day), [HARBOR]) for day in DAYS}
    for day in DAYS:
        assert_same(look_back(network, day), candidates[day])


def test_a_first_listen_is_found_on_a_day_whose_audience_nobody_computed(network: Warehouse) -> None:
    periods = look_back(network, DAYS[-1])["audience_periods"]
    before = {person for day in DAYS[:-1] for person in listeners_of("tides-1", day)}
    today = set(listeners_of("tides-1", DAYS[-1])) | set(listeners_of("tides-2", DAYS[-1]))
    (row,) = periods.filter(period_kind="day", scope_id=named("tides").bytes).to_dicts()
    assert row["new_listeners"] == len(today - before) == 1
    (week,) = periods.filter(period_kind="rolling_7", scope_id=named("tides").bytes).to_dicts()
    assert week["new_listeners"] is None


def test_a_changed_day_reopens_itself_and_every_later_one(network: Warehouse) -> None:
    for day in DAYS:
        look_back(network, day)
    assert stale(network) == []
    measure(network, DAYS[3], without=[103])
    assert stale(network) == DAYS[3:]
    for day in DAYS[3:]:
        look_back(network, day)
    assert stale(network) == []


def test_a_listener_who_is_taken_out_of_the_first_day_is_new_on_the_next(network: Warehouse) -> None:
    for day in DAYS:
        look_back(network, day)
    person = 0
    first, second, *_ = [
        day for day in DAYS if person in (*listeners_of("tides-1", day), *listeners_of("tides-2", day))
    ]
    measure(network, first, without=[person])
    new_on = [
        day
        for day in stale(network)
        for row in look_back(network, day)["listener_firsts"].iter_rows(named=True)
        if (row["podcast_id"], row["consumer_key"]) == (named("tides").bytes, person)
    ]
    assert new_on == [second]


def test_a_range_notices_when_a_day_that_it_looks_back_at_is_written_meanwhile(network: Warehouse) -> None:
    recent = RecentKeys(network.read)
    for day in DAYS[:5]:
        look_back(network, day, recent=recent)
    measure(network, DAYS[2], without=range(12))
    found = look_back(network, DAYS[5], recent=recent)
    assert_same(found, compute_audience_day(network.read, Window.of_day(DAYS[5]), [HARBOR]))


def test_a_range_reads_each_day_once(network: Warehouse) -> None:
    spans: list[tuple[datetime, datetime]] = []

    def counting(read: Reader) -> Reader:
        def read_and_note(statement: str, /, **params: object) -> pl.DataFrame:
            start, end = params.get("start"), params.get("end")
            if statement == "read_audience_keys" and isinstance(start, datetime) and isinstance(end, datetime):
                spans.append((start, end))
            return read(statement, **params)

        return read_and_note

    recent = RecentKeys(counting(network.read))
    for day in DAYS:
        look_back(network, day, recent=recent)
    assert [end - start for start, end in spans[1:]] == [timedelta(days=1)] * 8


def test_another_tenants_downloads_change_nothing(network: Warehouse) -> None:
    alone = [look_back(network, day) for day in DAYS]
    for day in DAYS:
        measure(network, day, without=[1, 2], tenants=[KREUZ])
    for day, before in zip(DAYS, alone, strict=True):
        both = look_back(network, day, [HARBOR, KREUZ])
        selected = {name: frame.filter(pl.col("tenant_id") == HARBOR.bytes) for name, frame in both.items()}
        assert_same(selected, before)


def test_ages_are_those_of_the_days_that_were_computed(network: Warehouse) -> None:
    for day in DAYS:
        ages = look_back(network, day)["episode_age_downloads"].filter(episode_id=named("tides-1").bytes)
    first_day = len(listeners_of("tides-1", DAYS[0]))
    # Person 0 comes at the minute of the release, so the next day's first download is a whole day old.
    assert ages.filter(age_days=1)["downloads"].to_list() == [first_day]
    assert ages.filter(age_days=7)["downloads"].to_list() == [None]
    assert ages.filter(age_days=3)["downloads"].to_list() == [
        sum(len(listeners_of("tides-1", day)) for day in DAYS[:3])
    ]


def speak_of(warehouse: Warehouse, day: date, version: str) -> None:
    """Five events of players that day, judged by this version."""
    spoken_of = {"tenant_id": [HARBOR.bytes], "day": [day], "disposition": ["not_a_request"], "requests": [5]}
    split = pl.DataFrame(spoken_of).with_columns(
        rules_version=pl.lit(version), range_assumed=pl.lit(None, dtype=pl.Int64)
    )
    write(warehouse, ["request_dispositions"], {"request_dispositions": split}, day, [HARBOR])


def test_audiences_name_all_that_their_days_were_measured_by(network: Warehouse) -> None:
    for day, version in zip(DAYS, ["new", "old", "old", "newer"], strict=False):
        speak_of(network, day, version)
    tables = look_back(network, DAYS[3])
    periods = dict(tables["audience_periods"].select("period_kind", "rules_version").unique().iter_rows())
    assert (periods["day"], periods["rolling_7"]) == ("newer", "new, newer, old")
    assert tables["audience_overlaps"]["rules_version"].unique().to_list() == ["new, newer, old"]
    assert tables["episode_pacing"]["rules_version"].unique().to_list() == ["newer"]
    assert rules_versions_of(tables) == {HARBOR.bytes: "new, newer, old"}
    assert look_back(network, DAYS[8])["episode_pacing"]["rules_version"].unique().to_list() == ["unknown"]


def test_the_ledger_keeps_what_a_day_was_measured_by(network: Warehouse) -> None:
    line = LedgerLine("ad_exposures", DAYS[0], HARBOR, RUN, 0, None, "final", rules_version="a-b-c")
    network.replace([], Window.of_day(DAYS[0]), [HARBOR], [line])
    with network.transaction() as connection:
        found = connection.execute("SELECT rules_version FROM rollup_ledger WHERE asset = 'ad_exposures'").fetchall()
    assert found == [("a-b-c",)]


def test_playback_whose_raw_rows_are_gone_stays_as_it_is_and_audiences_do_not_mind(network: Warehouse) -> None:
    speak_of(network, DAYS[0], "2026.1")
    with pytest.raises(RawRowsGoneError, match="2026-03-26 has 0 raw rows and was computed from 5"):
        compute_playback_day(network.read, Window.of_day(DAYS[0]), [HARBOR])
    assert look_back(network, DAYS[0])["audience_periods"].height > 0
