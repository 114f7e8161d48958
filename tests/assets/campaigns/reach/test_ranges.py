"""Reach over ranges of days on a real database: counted where it can be, estimated beyond, whatever was kept of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from assets.campaigns.daily import compute_reach
from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import summarise
from assets.campaigns.reach.counting import LEVEL_COLUMNS
from assets.campaigns.reach.ranges import ReachLimits, measure_reach, sketch_large_day, spans_of
from assets.campaigns.reach.sketches import ENTRIES
from assets.reporting.figures.periods import week_of
from pipelines.cli import main
from sql.values import Window
from sql.warehouse import Warehouse
from tests.assets.campaigns.reach_network import (
    FIRST,
    HARBOR,
    KREUZ,
    LAST,
    add_campaign,
    build_network,
    exposures,
    heard_on,
    named,
    stored,
    truth,
)

pytest.importorskip("datasketches", reason="datasketches is ready made for Python 3.11 to 3.13 only")

# So small that the little network is beyond them; a day is large on every day but the last.
SMALL = ReachLimits(counted=1_000, sketched_day=300)
CAMPAIGNS = pl.DataFrame({"tenant_id": [HARBOR.bytes], "campaign_id": [named("spring").bytes]})


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    build_network(warehouse)
    return warehouse


def keep_sketches(warehouse: Warehouse) -> list[int]:
    """Sketches of every day as the daily asset leaves them; returns how many there are by day."""
    counts = []
    for window in map(Window.of_day, Window.of_days(FIRST, LAST).days()):
        sketches = sketch_large_day(warehouse.read, CAMPAIGNS, window, SMALL)
        stored(warehouse, "campaign_reach", {"reach_sketches": sketches}, window.day, HARBOR)
        counts.append(sketches.height)
    return counts


def levels_of(reach: pl.DataFrame) -> dict[str, tuple[int, int, int]]:
    names = {named(name).bytes: name for name in ("pre", "mid")} | {named("spring").bytes: "campaign"}
    measured = reach.with_columns(pl.col("scope_id").replace_strict(names, return_dtype=pl.String))
    return {
        row[0]: row[1:] for row in measured.select("scope_id", "impressions", "households", "consumers").iter_rows()
    }


@pytest.mark.parametrize(("first", "last"), [(0, 4), (1, 2), (4, 4), (2, 30)])
def test_any_range_is_counted_exactly_up_to_the_limit(network: Warehouse, first: int, last: int) -> None:
    since, until = FIRST + timedelta(days=first), FIRST + timedelta(days=last)
    reach = measure_reach(network.read, CAMPAIGNS, since, until)
    assert levels_of(reach) == truth(since, min(until, LAST))
    assert not reach["is_estimate"].any()
    assert reach["households"].equals(reach["households_lower"].rename("households"))


def test_beyond_the_limit_sketches_that_hold_everybody_give_the_same(network: Warehouse) -> None:
    assert_frame_equal(
        measure_reach(network.read, CAMPAIGNS, FIRST, LAST, SMALL), measure_reach(network.read, CAMPAIGNS, FIRST, LAST)
    )


def test_only_large_days_leave_sketches(network: Warehouse) -> None:
    assert keep_sketches(network) == [4, 4, 4, 4, 0]


def test_kept_sketches_are_read_instead_of_their_days_and_change_nothing(network: Warehouse) -> None:
    before = measure_reach(network.read, CAMPAIGNS, FIRST, LAST, SMALL)
    keep_sketches(network)
    parameters: list[tuple[object, object]] = []

    def read(statement: str, /, **params: object) -> pl.DataFrame:
        if statement == "read_campaign_audience" and params["campaigns"]:
            parameters.append((params["start"], params["end"]))
        return network.read(statement, **params)

    assert_frame_equal(measure_reach(read, CAMPAIGNS, FIRST, LAST, SMALL), before)
    assert parameters == [(Window.of_day(LAST).start, Window.of_day(LAST).end)]


def test_sketches_that_are_older_than_their_exposures_are_not_read(network: Warehouse) -> None:
    keep_sketches(network)
    late = exposures(HARBOR, FIRST, range(9_000, 9_100), "mid")
    changed = pl.concat([heard_on(FIRST), late.with_columns(pl.col("occurred_at") + timedelta(hours=12))])
    changed = changed.with_columns(
        exposure_id=pl.Series([uuid5(HARBOR, f"changed {number}").bytes for number in range(changed.height)])
    )
    stored(network, "ad_exposures", {"ad_exposures": changed}, FIRST, HARBOR)
    found = levels_of(measure_reach(network.read, CAMPAIGNS, FIRST, LAST, SMALL))
    assert found == levels_of(measure_reach(network.read, CAMPAIGNS, FIRST, LAST))
    assert found["campaign"][2] == truth(FIRST, LAST)["campaign"][2] + 100


def test_counted_deliveries_show_how_large_a_range_is(network: Warehouse) -> None:
    """Another tenant's campaign has the same id, and its impressions are not ours."""
    before = measure_reach(network.read, CAMPAIGNS, FIRST, LAST)
    delivered = (
        heard_on(FIRST)
        .group_by("tenant_id", "day", "campaign_id", "placement_id", "episode_id")
        .agg(impressions=pl.len(), households=pl.lit(1), usable_impressions=pl.lit(1), clicks=pl.lit(0))
    )
    stored(network, "placement_delivery", {"placement_delivery": delivered}, FIRST, HARBOR)
    assert_frame_equal(measure_reach(network.read, CAMPAIGNS, FIRST, LAST), before)


def test_a_very_large_campaign_is_estimated_within_its_bounds(network: Warehouse) -> None:
    people = 2 * ENTRIES
    crowd = exposures(HARBOR, FIRST, range(people), "mid")
    stored(network, "ad_exposures", {"ad_exposures": crowd}, FIRST, HARBOR)
    reach = measure_reach(network.read, CAMPAIGNS, FIRST, LAST, ReachLimits(counted=20_000, sketched_day=10_000))
    measured = {row["level"]: row for row in reach.filter(pl.col("impressions") > 20_000).iter_rows(named=True)}
    assert measured["campaign"]["is_estimate"]
    assert measured["campaign"]["consumers_lower"] < people < measured["campaign"]["consumers_upper"]
    assert measured["campaign"]["consumers"] != people
    assert measured["placement"]["consumers"] <= measured["campaign"]["consumers"]
    together = int(reach.filter(level="placement")["consumers"].sum())
    assert measured["campaign"]["consumers"] <= together
    pre = reach.filter(scope_id=named("pre").bytes).row(0, named=True)
    assert not pre["is_estimate"]
    assert pre["consumers"] == truth(FIRST + timedelta(days=1), LAST)["pre"][2]


def test_campaigns_are_counted_in_batches_that_change_nothing(network: Warehouse) -> None:
    both = pl.DataFrame({"tenant_id": [HARBOR.bytes, KREUZ.bytes], "campaign_id": [named("spring").bytes] * 2})
    at_once = measure_reach(network.read, both, FIRST, LAST)
    size = truth(FIRST, LAST)["campaign"][0]
    assert_frame_equal(measure_reach(network.read, both, FIRST, LAST, ReachLimits(counted=size)), at_once)
    assert_frame_equal(at_once.filter(tenant_id=HARBOR.bytes), measure_reach(network.read, CAMPAIGNS, FIRST, LAST))
    assert at_once.height == 6


def test_the_daily_table_is_the_range_since_the_start(network: Warehouse) -> None:
    window = Window.of_day(FIRST + timedelta(days=2))
    tables = compute_reach(network.read, window, [HARBOR])
    assert tables["reach_sketches"].is_empty()
    assert_frame_equal(
        tables["campaign_reach"].select(LEVEL_COLUMNS), measure_reach(network.read, CAMPAIGNS, FIRST, window.day)
    )
    stored(network, "campaign_reach", tables, window.day, HARBOR)
    early = compute_reach(network.read, Window.of_day(FIRST - timedelta(days=1)), [HARBOR])
    assert early["campaign_reach"].is_empty()
    stored(network, "campaign_reach", early, FIRST - timedelta(days=1), HARBOR)


def test_dashboards_count_the_same_by_a_function_of_the_database(network: Warehouse) -> None:
    first, last = FIRST + timedelta(days=1), FIRST + timedelta(days=3)
    parameters = [named("spring"), first, last]
    columns = ["level", "scope_id", "impressions", "households", "consumers", "frequency"]
    query = b"SELECT * FROM bi.reach_between(%s, %s, %s) ORDER BY level, scope_id"
    with network.transaction("earshot_readonly", HARBOR) as connection:
        measured = connection.execute(query, parameters).fetchall()
    counted = measure_reach(network.read, CAMPAIGNS, first, last).select(columns).rows()
    assert measured == [(level, UUID(bytes=scope), *numbers) for level, scope, *numbers in counted]
    add_campaign(network, UUID(int=404), "elsewhere")
    with network.transaction("earshot_readonly", UUID(int=404)) as connection:
        assert connection.execute(query, parameters).fetchall() == []


ZONES = ("America/Los_Angeles", "Asia/Kolkata", "UTC")
# The first holds the campaign's start, the second the day in Los Angeles that has 23 hours.
MONDAYS = (FIRST - timedelta(days=6), FIRST + timedelta(days=1))


def _edges(window: Window) -> tuple[datetime, datetime]:
    return window.start, window.end


def hear_around_midnights(warehouse: Warehouse) -> None:
    """Other people ten minutes before and after each local midnight that parts the weeks, before the start as well."""
    moments = {
        edge + timedelta(minutes=minutes)
        for zone in ZONES
        for monday in MONDAYS
        for edge in _edges(week_of(monday, zone).window)
        for minutes in (-10, 10)
    }
    exposed: dict[date, list[pl.DataFrame]] = {day: [heard_on(day)] for day in Window.of_days(FIRST, LAST).days()}
    for number, moment in enumerate(sorted(moments)):
        people = range(10_000 + 7 * number, 10_007 + 8 * number)
        late = exposures(HARBOR, moment.date(), people, "mid")
        heard_at = pl.lit(moment).cast(late["occurred_at"].dtype)
        exposed.setdefault(moment.date(), []).append(late.with_columns(occurred_at=heard_at))
    for day, frames in exposed.items():
        frame = pl.concat(frames)
        ids = pl.Series([uuid5(HARBOR, f"{day} {number}").bytes for number in range(frame.height)])
        stored(warehouse, "ad_exposures", {"ad_exposures": frame.with_columns(exposure_id=ids)}, day, HARBOR)


def test_a_local_week_has_one_reach_in_the_report_the_command_and_the_database(
    network: Warehouse, database_url: str
) -> None:
    hear_around_midnights(network)
    query = b"SELECT impressions, households FROM bi.reach_between(%s, %s, %s) WHERE level = 'campaign'"
    found = set()
    for zone in ZONES:
        with network.transaction("earshot_owner") as connection:
            connection.execute("UPDATE tenants SET timezone = %s WHERE tenant_id = %s", [zone, HARBOR])
        for week in (week_of(monday, zone) for monday in MONDAYS):
            measured = summarise(
                read_period(network.read, HARBOR, [named("spring")], week.window, zone, week.window.end)
            )
            kpis = dict(measured.kpis.filter(level="campaign", model="linear").select("kpi", "estimate").iter_rows())
            report = (int(kpis["impressions"]), int(kpis["reach"]))
            found.add(report)
            arguments = ["reach", "spring", "--tenant", "harbor", "--from", str(week.first), "--to", str(week.last)]
            printed = CliRunner().invoke(main, arguments, env={"DATABASE_URL": database_url}).output
            (line,) = (line.split() for line in printed.splitlines() if line.startswith("all"))
            with network.transaction("earshot_readonly", HARBOR) as connection:
                parameters = [named("spring"), week.first, week.last]
                assert connection.execute(query, parameters).fetchall() == [report], (zone, week.first)
            assert tuple(int(word.replace(",", "")) for word in line[1:3]) == report, (zone, printed)
            assert zone in printed
            by_sketches = measure_reach(network.read, CAMPAIGNS, week.first, week.last, SMALL, timezone=zone)
            assert levels_of(by_sketches)["campaign"][:2] == report
    assert len(found) == 6, "each zone has another week"


def test_local_days_are_read_from_sketches_as_far_as_they_are_whole(network: Warehouse) -> None:
    hear_around_midnights(network)
    for zone in ZONES:
        exact = measure_reach(network.read, CAMPAIGNS, FIRST, LAST, timezone=zone)
        assert_frame_equal(measure_reach(network.read, CAMPAIGNS, FIRST, LAST, SMALL, timezone=zone), exact)
    keep_sketches(network)
    for zone in ZONES:
        exact = measure_reach(network.read, CAMPAIGNS, FIRST, LAST, timezone=zone)
        assert_frame_equal(measure_reach(network.read, CAMPAIGNS, FIRST, LAST, SMALL, timezone=zone), exact)
        one_day = measure_reach(network.read, CAMPAIGNS, FIRST, FIRST, timezone=zone)
        assert_frame_equal(measure_reach(network.read, CAMPAIGNS, FIRST, FIRST, SMALL, timezone=zone), one_day)


def test_other_midnights_are_chosen_by_name(network: Warehouse, database_url: str) -> None:
    query = b"SELECT impressions FROM bi.reach_between(%s, %s, %s, %s) WHERE level = 'campaign'"
    arguments = ["reach", "spring", "--tenant", "harbor", "--from", str(FIRST), "--to", str(FIRST)]
    with network.transaction("earshot_readonly", HARBOR) as connection:
        for zone in ZONES:
            (parameters,) = connection.execute(query, [named("spring"), FIRST, FIRST, zone]).fetchall() or [(0,)]
            counted = measure_reach(network.read, CAMPAIGNS, FIRST, FIRST, timezone=zone).filter(level="campaign")
            assert parameters == (sum(counted["impressions"]),)
    printed = (
        CliRunner().invoke(main, [*arguments, "--timezone", "Asia/Kolkata"], env={"DATABASE_URL": database_url}).output
    )
    assert "Asia/Kolkata" in printed
    for nonsense in ("Mars/Olympus", "../../etc/passwd", "", "x" * 300, "America"):
        result = CliRunner().invoke(main, [*arguments, "--timezone", nonsense], env={"DATABASE_URL": database_url})
        assert (result.exit_code, "time zone" in result.output) == ((0, False) if not nonsense else (1, True))


def test_spans_hold_few_rows_and_no_gap() -> None:
    days = [(FIRST + timedelta(days=number), rows) for number, rows in ((0, 5), (1, 5), (2, 1), (4, 20), (5, 1))]
    measured = [((span.day - FIRST).days, len(list(span.days()))) for span in spans_of(days, most=10)]
    assert measured == [(0, 2), (2, 1), (4, 1), (5, 1)]
