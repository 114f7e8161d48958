"""Metrics of episodes, shows and tenants as dashboards read them: views over what is stored, of one tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl
import pytest

from sql.connections.connecting import StatementError
from sql.values import Window
from sql.warehouse import Warehouse, Write
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants

# Two episodes of one show and one of another.
TIDES, LANES = UUID(int=1), UUID(int=2)
T1, T2, L1 = UUID(int=11), UUID(int=12), UUID(int=21)
SHOW_OF = {T1: TIDES, T2: TIDES, L1: LANES}
PRE, MID = UUID(int=31), UUID(int=32)

Row = Mapping[str, object]


def frame_of(rows: Sequence[Row], day: date = DAY, tenant: UUID = HARBOR) -> pl.DataFrame:
    stamp = {"tenant_id": tenant, "day": day, "is_final": True, "run_id": RUN}
    shown = [{**stamp, **row} for row in rows]
    plain = [{name: each.bytes if isinstance(each, UUID) else each for name, each in row.items()} for row in shown]
    return pl.DataFrame(plain, infer_schema_length=None)


def write(warehouse: Warehouse, table: str, rows: Sequence[Row], day: date = DAY, tenant: UUID = HARBOR) -> None:
    warehouse.insert(table, frame_of(rows, day, tenant))


def of_episode(episode: UUID, **values: object) -> Row:
    return {"podcast_id": SHOW_OF[episode], "episode_id": episode, **values}


def metrics(episode: UUID, downloads: int, starts: int, completion: float | None, pre: int) -> Row:
    counts = {
        "downloads": downloads,
        "listeners": downloads - 1,
        "households": downloads - 2,
        "playback_starts": starts,
    }
    ads = {"ads_delivered_pre": pre, "ads_delivered_mid": 1, "ads_delivered_post": 0}
    played = {"completion": completion, "heard_seconds": 10.0 * starts, "rules_version": "2026.1"}
    return of_episode(episode, **counts, **ads, **played)


def audience(level: str, scope: UUID, kind: str, listeners: int, new: int | None) -> Row:
    shown = {"level": level, "scope_id": scope, "period_kind": kind, "first_day": DAY, "is_complete": True}
    people = {"downloads": 99, "listeners": listeners, "households": listeners}
    return {**shown, **people, "new_listeners": new, "returning_listeners": None if new is None else listeners - new}


def consumption(episode: UUID, reached: list[int], average: float) -> Row:
    shares = {f"reached_{share}": count for share, count in zip((25, 50, 75, 90, 100), reached, strict=True)}
    counts = {"starters": 10, "measured": 8, **shares}
    return of_episode(episode, **counts, average_consumption=average, median_consumption=0.5)


def download(episode: UUID, day: date, number: int, key: int) -> Row:
    at = datetime(day.year, day.month, day.day, 8, number, tzinfo=UTC)
    words = ("app", "device", "os", "country_code", "region_code", "referrer", "address_class")
    counted = {"downloaded_at": at, "qualified_at": at, "download_id": uuid5(RUN, f"{at} {key}"), "basis": "bytes"}
    unknown = dict.fromkeys(words, "unknown")
    keys = {"consumer_key": key, "household_key": key, "key_version": 1, "rules_version": "1"}
    return of_episode(episode, **counted, **unknown, **keys)


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    add_tenants(warehouse)
    write(
        warehouse,
        "listener_metrics",
        [metrics(T1, 5, 4, 0.5, 2), metrics(T2, 6, 0, None, 3), metrics(L1, 7, 12, 1.0, 0)],
    )
    people = [("podcast", TIDES, 6, 2), ("podcast", LANES, 6, 1), ("tenant", HARBOR, 9, 3), ("episode", T1, 4, None)]
    periods = [audience(level, scope, "day", count, new) for level, scope, count, new in people]
    write(warehouse, "audience_periods", [*periods, audience("tenant", HARBOR, "rolling_28", 40, 11)])
    write(
        warehouse, "episode_consumption", [consumption(T1, [8, 6, 4, 2, 1], 0.5), consumption(L1, [4, 4, 4, 4, 4], 0.7)]
    )
    spread = [(T1, 20, 2), (T1, 60, 6), (L1, 10, 4), (L1, 100, 4)]
    write(warehouse, "consumption_spread", [of_episode(e, percent=at, playbacks=n) for e, at, n in spread])
    stops = [(T1, 0, 3, 10), (T1, 5, 7, 7), (T2, 0, 1, 2), (T2, 2, 1, 1)]
    write(
        warehouse,
        "retention_curves",
        [of_episode(e, minute=at, stopped=n, still_listening=s, starters=10) for e, at, n, s in stops],
    )
    plays = [(T1, PRE, 9), (T1, MID, 5), (T2, PRE, 4)]
    quarters = {"reached_25": 3, "reached_50": 2, "reached_75": 1, "completed": 1, "skipped": 0}
    write(warehouse, "ad_plays", [of_episode(e, placement_id=p, started=n, **quarters) for e, p, n in plays])
    hours = [("08", 3), ("21", 2)]
    parts = {"level": "podcast", "scope_id": TIDES, "dimension": "hour", "rules_version": "1"}
    write(
        warehouse,
        "listener_breakdowns",
        [{**parts, "value": hour, "downloads": n, "listeners": n, "share": n / 5} for hour, n in hours],
    )
    write(warehouse, "episode_pacing", [of_episode(T1, hour=0, downloads=4), of_episode(T2, hour=0, downloads=1)])
    later = [of_episode(T1, hour=30, downloads=2), of_episode(T1, hour=720, downloads=50)]
    write(warehouse, "episode_pacing", later, DAY + timedelta(days=1))
    ages = [(T1, 10), (T2, 20), (L1, 60)]
    aged = [of_episode(e, age_days=7, downloads=n, percentile=None, compared_with=0) for e, n in ages]
    write(
        warehouse,
        "episode_age_downloads",
        [*aged, of_episode(T1, age_days=30, downloads=None, percentile=None, compared_with=0)],
    )
    # Somebody else's day, whose ids are the same.
    write(warehouse, "listener_metrics", [metrics(T1, 500, 1, 1.0, 1)], tenant=KREUZBERG)
    write(warehouse, "ad_plays", [of_episode(T1, placement_id=PRE, started=900, **quarters)], tenant=KREUZBERG)
    return warehouse


def seen(warehouse: Warehouse, query: str, role: str = "earshot_readonly") -> list[tuple[object, ...]]:
    with warehouse.transaction(role, HARBOR) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_day_adds_up_downloads_and_ads_and_counts_listeners(filled: Warehouse) -> None:
    shown = seen(
        filled,
        "SELECT level, scope_id, downloads, listeners, households, new_listeners, completion, ads_delivered_pre "
        "FROM bi.listening_daily WHERE level <> 'episode' ORDER BY level, scope_id",
    )
    assert shown == [
        ("podcast", TIDES, 11, 6, 6, 2, 0.5, 5),
        ("podcast", LANES, 7, 6, 6, 1, 1.0, 0),
        ("tenant", HARBOR, 18, 9, 9, 3, 0.875, 5),
    ]
    episodes = seen(filled, "SELECT scope_id, listeners, new_listeners FROM bi.listening_daily WHERE level = 'episode'")
    assert sorted(episodes, key=str) == sorted([(T1, 4, None), (T2, 5, None), (L1, 6, None)], key=str)


def test_playbacks_of_unknown_length_do_not_count_as_broken_off(filled: Warehouse) -> None:
    unknown = metrics(T1, 1, 30, None, 0)
    write(filled, "listener_metrics", [unknown, metrics(L1, 1, 10, 0.5, 0)], DAY + timedelta(days=3))
    later = f"SELECT level, completion FROM bi.listening_daily WHERE day = '{DAY + timedelta(days=3)}' AND scope_id = "
    assert seen(filled, f"{later}'{HARBOR}'") == [("tenant", 0.5)]
    assert seen(filled, f"{later}'{TIDES}'") == [("podcast", None)]


def test_consumption_is_weighed_and_its_median_taken_from_all_playbacks(filled: Warehouse) -> None:
    shown = seen(
        filled,
        "SELECT level, starters, measured, reached_50, average_consumption, lower_quartile, median, upper_quartile "
        "FROM bi.consumption_daily WHERE level = 'tenant' OR scope_id = '" + str(T1) + "' ORDER BY level",
    )
    assert shown == [("episode", 10, 8, 6, 0.5, 20, 60, 60), ("tenant", 20, 16, 10, 0.6, 10, 60, 60)]


def test_a_show_s_retention_is_that_of_all_its_starters(filled: Warehouse) -> None:
    shown = seen(
        filled,
        "SELECT minute, stopped, still_listening, starters FROM bi.retention_daily "
        "WHERE level = 'podcast' ORDER BY minute",
    )
    assert shown == [(0, 4, 12, 12), (2, 1, 8, 12), (5, 7, 7, 12)]


def test_confirmed_plays_are_shown_for_placements_too(filled: Warehouse) -> None:
    shown = seen(
        filled,
        "SELECT level, scope_id, started, completed FROM bi.ad_plays_daily WHERE level IN ('placement', 'tenant')",
    )
    assert sorted(shown, key=str) == sorted(
        [("placement", PRE, 13, 2), ("placement", MID, 5, 1), ("tenant", HARBOR, 18, 3)], key=str
    )


def test_a_listener_is_new_to_an_episode_once(filled: Warehouse) -> None:
    for day, keys in ((DAY, [1, 2, 2]), (DAY + timedelta(days=1), [2, 3])):
        heard = [download(T1, day, number, key) for number, key in enumerate(keys)]
        write(filled, "downloads", [*heard, download(T2, day, 9, 1)], day)
    shown = seen(
        filled, f"SELECT day, new_listeners FROM bi.episode_new_listeners WHERE episode_id = '{T1}' ORDER BY day"
    )
    assert shown == [(DAY, 2), (DAY + timedelta(days=1), 1)]
    found = seen(filled, f"SELECT sum(new_listeners) FROM bi.episode_new_listeners WHERE episode_id = '{T2}'")
    assert found == [(1,)]


def test_hours_of_the_week_know_their_weekday(filled: Warehouse) -> None:
    shown = seen(filled, "SELECT week, weekday, hour, downloads, listeners FROM bi.hours_of_week ORDER BY hour")
    assert DAY.isoweekday() == 6
    assert shown == [(date(2026, 3, 9), 6, 8, 3, 3), (date(2026, 3, 9), 6, 21, 2, 2)]


def test_pacing_adds_up_over_days_and_ends_after_thirty(filled: Warehouse) -> None:
    shown = seen(
        filled, "SELECT hour, downloads, downloads_so_far FROM bi.pacing_curves WHERE level = 'podcast' ORDER BY hour"
    )
    assert shown == [(0, 5, 5), (30, 2, 7)]


def test_ages_of_a_show_spread_over_its_mature_episodes(filled: Warehouse) -> None:
    shown = seen(
        filled,
        "SELECT level, age_days, episodes, downloads, average, median FROM bi.age_benchmarks "
        "ORDER BY level, episodes DESC",
    )
    assert shown == [
        ("podcast", 7, 2, 30, 15.0, 15.0),
        ("podcast", 7, 1, 60, 60.0, 60.0),
        ("tenant", 7, 3, 90, 30.0, 20.0),
    ]


def test_the_long_form_has_every_metric_once(filled: Warehouse) -> None:
    doubled = "SELECT 1 FROM bi.metrics_by_level GROUP BY day, level, scope_id, metric_name HAVING count(*) > 1"
    assert seen(filled, doubled) == []
    named = seen(filled, "SELECT metric_name, value FROM bi.metrics_by_level WHERE level = 'tenant'")
    tenant = {str(name): value for name, value in named}
    assert tenant["downloads"] == 18
    assert tenant["listeners_rolling_28"] == 40
    assert tenant["returning_listeners"] == 6
    assert tenant["completion_50"] == 10 / 16
    assert tenant["median_consumption"] == 0.6
    assert tenant["ad_plays_100"] == 3
    episodes = seen(filled, f"SELECT metric_name, value FROM bi.metrics_daily WHERE episode_id = '{T2}'")
    assert ("downloads", 6.0) in episodes
    assert "completion" not in [name for name, _ in episodes]


@pytest.mark.parametrize("view", ["listening_daily", "metrics_by_level", "consumption_daily", "ad_plays_daily"])
def test_without_a_tenant_a_view_says_how_to_choose_one(filled: Warehouse, view: str) -> None:
    with (
        pytest.raises(StatementError, match="no tenant is chosen"),
        filled.transaction("earshot_readonly") as connection,
    ):
        connection.execute(f"SELECT * FROM bi.{view}".encode())


def test_a_breakdown_that_leaves_out_a_download_fails_the_day_s_check(filled: Warehouse) -> None:
    for title, show in (("Tides", TIDES), ("Lanes", LANES)):
        named = {"tenant_id": HARBOR, "podcast_id": show, "slug": title.lower(), "title": title}
        filled.insert("podcasts", pl.DataFrame({name: [str(value)] for name, value in named.items()}))
    episode = {"tenant_id": HARBOR, "podcast_id": TIDES, "episode_id": T1, "guid": "1", "title": "One"}
    released = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    frame = pl.DataFrame({name: [str(value)] for name, value in episode.items()})
    filled.insert("episodes", frame.with_columns(published_at=pl.lit(released)))
    write(filled, "downloads", [download(T1, DAY, number, number) for number in range(2)])
    judged = [{"disposition": "counted", "requests": 2, "rules_version": "1"}]
    write(filled, "request_dispositions", judged)
    params = {"start": Window.of_day(DAY).start, "end": Window.of_day(DAY).end, "day": DAY, "tenants": [HARBOR]}
    whole = {"level": "tenant", "scope_id": HARBOR, "rules_version": "1", "share": 1.0, "listeners": 1}
    parts = [{**whole, "dimension": name, "value": "unknown", "downloads": 2} for name in ("app", "hour")]
    write(filled, "listener_breakdowns", parts)
    assert filled.read("check_downloads_agree", **params).is_empty()
    fewer = frame_of([parts[0], {**parts[1], "downloads": 1}])
    filled.replace([Write("listener_breakdowns", fewer)], Window.of_day(DAY), [HARBOR])
    (offence,) = filled.read("check_downloads_agree", **params)["example"]
    assert offence == "2 counted requests, 2 downloads, 0 of unknown episodes, 1 by the breakdown that tells of fewest"
