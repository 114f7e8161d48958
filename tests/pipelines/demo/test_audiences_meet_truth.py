"""Audiences, ages and playback against the simulation's truth: what was meant over weeks and months is what is found.

Here: the looking-back tables of one day, on top of a month of measured downloads.
Not here: single days of listening (test_product_meets_truth.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import polars as pl
import pytest

from assets.listening import RecentKeys, compute_audience_day, compute_listening_day, compute_playback_day
from assets.listening.audience.episode_age import AGES
from assets.listening.audience.periods import PERIOD_KINDS, first_day
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from pipelines.demo.loading import load
from pipelines.demo.simulation import Simulation
from pipelines.demo.truth import Truth
from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write

RING = Keyring((Key(1, b"a secret of the tests, 32 bytes."),))
RUN = UUID(int=11)
# So many days from the first are measured; the last of them is looked at.
DAYS = 34

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def days(simulation: Simulation) -> list[Window]:
    return [Window.of_day(simulation.span.first + timedelta(days=number)) for number in range(DAYS)]


@pytest.fixture(scope="module")
def tenants(simulation: Simulation) -> list[UUID]:
    return [library.tenant_id for library in simulation.libraries]


@pytest.fixture
def measured(warehouse: Warehouse, simulation: Simulation, days: list[Window], tenants: list[UUID]) -> Tables:
    """The tables of the last day, computed after all days before it."""
    load(warehouse, simulation)
    rules, ranges = load_rules(None), AddressRanges.load(None)
    found: Tables = {}
    recent = RecentKeys(warehouse.read)
    for window in days:
        listening = compute_listening_day(warehouse.read, window, tenants, rules, ranges, RING)
        write(warehouse, {"downloads": listening["downloads"]}, "downloads", window, tenants)
        found = compute_audience_day(warehouse.read, window, tenants, recent)
        write(warehouse, found, "audience_periods", window, tenants)
        write(warehouse, {}, "episode_age_downloads", window, tenants)
    return found | compute_playback_day(warehouse.read, days[-1], tenants)


def write(warehouse: Warehouse, tables: Tables, asset: str, window: Window, tenants: list[UUID]) -> None:
    stamp = {"is_final": pl.lit(True), "run_id": pl.lit(RUN.bytes)}
    lines = [LedgerLine(asset, window.day, tenant, RUN, 0, None, "final") for tenant in tenants]
    writes = [Write(name, frame.with_columns(**stamp)) for name, frame in tables.items()]
    warehouse.replace(writes, window, tenants, lines)


def meant(truth: Truth, last: date) -> pl.DataFrame:
    rows = truth["download_rows"].filter((pl.col("origin") == "loaded") & (pl.col("day") <= last))
    return rows.select("tenant_id", "podcast_id", "episode_id", "day", "downloaded_at", "consumer", "household")


def assert_same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    columns = expected.columns
    one, other = (
        frame.select(columns).with_columns(pl.selectors.integer().cast(pl.Int64)).sort(columns, nulls_last=True)
        for frame in (found, expected)
    )
    assert one.equals(other, null_equal=True), one.join(other, on=columns, how="anti", nulls_equal=True)


def count_audiences(rows: pl.DataFrame, level: str, scope: str, kind: str, since: date) -> pl.DataFrame:
    """The definition once more: distinct people among all downloads of the period; new are those without an earlier."""
    keys = [pl.col("tenant_id"), pl.col(scope).alias("scope_id")]
    firsts = rows.group_by(*keys, "consumer").agg(first=pl.col("day").min())
    new = firsts.filter(pl.col("first") >= since).group_by("tenant_id", "scope_id").agg(new_listeners=pl.len())
    counted = (
        rows.filter(pl.col("day") >= since)
        .group_by(keys)
        .agg(downloads=pl.len(), listeners=pl.col("consumer").n_unique(), households=pl.col("household").n_unique())
        .join(new, on=["tenant_id", "scope_id"], how="left", validate="1:1")
    )
    new_or_none = pl.lit(None, pl.Int64) if level == "episode" else pl.col("new_listeners").cast(pl.Int64).fill_null(0)
    return counted.with_columns(new_listeners=new_or_none, period_kind=pl.lit(kind), level=pl.lit(level))


def test_the_looking_back_tables_are_found_as_they_were_meant(
    measured: Tables, warehouse: Warehouse, truth: Truth, days: list[Window], tenants: list[UUID]
) -> None:
    last = days[-1]
    rows = meant(truth, last.day)
    assert rows.height > 1_000
    assert min(frame.height for frame in measured.values()) > 3
    assert_audiences_meet(measured["audience_periods"], rows, last.day)
    assert_overlaps_meet(measured["audience_overlaps"], rows, last.day)
    released = warehouse.read("read_episodes", tenants=tenants).select("tenant_id", "episode_id", "published_at")
    assert_ages_meet(measured["episode_age_downloads"], rows.join(released, on=["tenant_id", "episode_id"]), days)
    plays = truth["plays"].filter(pl.col("day") == last.day)
    starts = plays.filter(event_type="listen_start").select("tenant_id", starters="events")
    assert_same(measured["episode_consumption"].group_by("tenant_id").agg(pl.col("starters").sum()), starts)
    begun = plays.filter(event_type="ad_start").select("tenant_id", started="events")
    assert_same(measured["ad_plays"].group_by("tenant_id").agg(pl.col("started").sum()), begun)


def assert_audiences_meet(found: pl.DataFrame, rows: pl.DataFrame, day: date) -> None:
    scopes = (("episode", "episode_id"), ("podcast", "podcast_id"), ("tenant", "tenant_id"))
    for kind in PERIOD_KINDS:
        for level, scope in scopes:
            expected = count_audiences(rows, level, scope, kind, first_day(kind, day))
            assert_same(found.filter(period_kind=kind, level=level), expected)


def assert_overlaps_meet(found: pl.DataFrame, rows: pl.DataFrame, day: date) -> None:
    heard = rows.filter(pl.col("day") >= first_day("rolling_28", day)).select("tenant_id", "podcast_id", "consumer")
    pairs = heard.unique().join(heard.unique(), on=["tenant_id", "consumer"], suffix="_other")
    expected = (
        pairs.filter(pl.col("podcast_id") != pl.col("podcast_id_other"))
        .group_by("tenant_id", "podcast_id", other_podcast_id="podcast_id_other")
        .agg(shared_listeners=pl.len())
    )
    assert_same(found, expected)


def assert_ages_meet(found: pl.DataFrame, rows: pl.DataFrame, days: list[Window]) -> None:
    """Of every episode whose whole life was measured: its downloads by age, none where the age is not complete."""
    compared_rows = 0
    for age in AGES:
        limit = pl.col("published_at") + timedelta(days=age)
        counted = rows.filter(pl.col("downloaded_at") < limit).group_by("tenant_id", "episode_id").agg(meant=pl.len())
        both = found.filter(age_days=age).join(counted, on=["tenant_id", "episode_id"], how="left", validate="1:1")
        released_rows = both.filter(pl.col("downloads").is_not_null())
        assert (released_rows["downloads"] == released_rows["meant"].fill_null(0)).all()
        compared_rows += released_rows.height
        released = rows.filter(
            (pl.col("published_at") >= days[0].start) & (limit + timedelta(hours=48) <= days[-1].end)
        ).select("tenant_id", "episode_id")
        assert_same(released_rows.join(released, on=["tenant_id", "episode_id"], how="semi"), released.unique())
    assert compared_rows > 10
