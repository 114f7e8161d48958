"""Lineage: what makes a day stale, source by source and day by day, on a ledger in which one thing changed.

The table below says in days what the steps say in spans. Each scenario is a tenant of its own: every asset of one
Sunday was computed, and then one source changed on one day. One statement finds all that is stale by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import polars as pl
import psycopg
import pytest

from assets.lineage import days_read, hash_content, is_made_of_tables, looks_at_itself, read_stale, sources_of
from assets.steps import DAILY_ASSETS, RAW_SOURCES, STEPS
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database

SUNDAY = date(2025, 6, 1)
COMPUTED_AT = datetime(2025, 7, 1, tzinfo=UTC)
NAMES = UUID("b7a3b1f4-5d0c-4b8f-8e57-0c1a3b0f9c11")

EVER = -10_000


class Kind(NamedTuple):
    """A kind of tenant: its download window and its campaigns, as sponsor, first day, last day, window (None: unset).

    Days are counted from the Sunday; so are the first days that its spans begin on (None: it has none).
    """

    download_window: str
    campaigns: tuple[tuple[int, int, int, float | None], ...]
    window: int
    campaign: int | None


KINDS = {
    # A live campaign; an earlier one of its sponsor, long over; and one of a sponsor that has nothing live.
    "calendar": Kind("calendar_day", ((1, -20, 10, None), (1, -100, -70, None), (2, -200, -150, None)), -30, -100),
    # Its campaign ended 60 days ago, and is live for the last time; 45 days and an hour touch 46.
    "rolling": Kind("first_touch", ((1, -90, -60, 45.05),), -46, -90),
    # Over for one day more.
    "over": Kind("calendar_day", ((1, -90, -61, 60),), -60, None),
    "begins today": Kind("calendar_day", ((1, 0, 20, 1),), -1, 0),
    "begins tomorrow": Kind("last_touch", ((1, 1, 20, None),), -30, None),
    "no campaign": Kind("calendar_day", (), 0, None),
}
# Every day on which a span of the kind begins or ends, and its neighbours; and one of long ago.
DAYS = {
    name: sorted(
        {-1_000, *(edge + step for edge in (kind.window, kind.campaign or 0, -30, 0, 2) for step in (-1, 0, 1))}
    )
    for name, kind in KINDS.items()
}

# What is made of what, and over which days.
MADE_OF = {
    ("request_dispositions", "downloads", "ad_exposures", "listener_metrics", "listener_dimension_metrics"): {
        "requests": "rolling",
        "ads": "day",
    },
    ("audience_periods", "audience_overlaps", "episode_age_downloads"): {
        "downloads": "history",
        "audience_periods": "before",
        "episode_age_downloads": "before",
    },
    ("retention_curves",): {"requests": "day"},
    ("conversions", "attribution_credits"): {"signals": "day", "ad_exposures": "window"},
    ("placement_delivery",): {"ad_exposures": "day"},
    ("campaign_reach",): {"ad_exposures": "campaign"},
    ("campaign_roi", "model_totals"): {
        "placement_delivery": "campaign",
        "campaign_reach": "day",
        "ad_exposures": "campaign",
        "conversions": "campaign",
        "attribution_credits": "campaign",
        "episode_age_downloads": "history",
    },
    ("lift_results", "campaign_benchmarks"): {
        "downloads": "campaign",
        "ad_exposures": "campaign",
        "conversions": "campaign",
        "campaign_roi": "history",
    },
    ("tenant_checks",): {"requests": "day", **dict.fromkeys(DAILY_ASSETS, "day")},
}
RULES = [(assets, source) for assets, sources in MADE_OF.items() for source in sources]
SOURCES = (*RAW_SOURCES, *DAILY_ASSETS)
SCENARIOS = [(name, source, number) for name in KINDS for source in SOURCES for number in DAYS[name]]

Cursor = psycopg.Cursor[tuple[object, ...]]
Stale = dict[tuple[str, str, int], set[str]]


def bounds(span: str, kind: Kind) -> tuple[int, int] | None:
    """The first and last day that count, from the Sunday; None: no day does."""
    is_rolling = kind.download_window != "calendar_day"
    spans: dict[str, tuple[int | None, int]] = {
        "day": (0, 0),
        "rolling": (-30, 2) if is_rolling else (0, 0),
        "window": (kind.window, 0),
        "campaign": (kind.campaign, 0),
        "history": (EVER, 0),
        "before": (EVER, -1),
    }
    first, last = spans[span]
    return None if first is None else (first, last)


@pytest.fixture(scope="module")
def ledger(server: Server, template: str) -> Iterator[Warehouse]:
    """Every scenario as a tenant."""
    with cloned_database(server, template) as url, closing(Warehouse(url)) as warehouse:
        with warehouse.transaction("earshot_owner") as connection, connection.cursor() as cursor:
            add_scenarios(cursor)
            for name, kind in KINDS.items():
                add_campaigns(cursor, name, kind)
            add_lines(cursor)
        yield warehouse


def add_scenarios(cursor: Cursor) -> None:
    """The table of scenarios, and their tenants."""
    cursor.execute(
        "CREATE TEMPORARY TABLE scenarios (tenant_id uuid, kind text, download_window text, source text, day date, "
        "is_raw boolean)"
    )
    with cursor.copy("COPY scenarios FROM STDIN") as copy:
        for name, source, number in SCENARIOS:
            about = (name, KINDS[name].download_window, source, SUNDAY + timedelta(days=number), source in RAW_SOURCES)
            copy.write_row((tenant(name, source, number), *about))
    cursor.execute(
        "INSERT INTO tenants (tenant_id, slug, name, brand_name, download_window) "
        "SELECT tenant_id, 't' || row_number() OVER (), 'T', 'T', download_window FROM scenarios"
    )


def add_campaigns(cursor: Cursor, name: str, kind: Kind) -> None:
    """The campaigns of every tenant of a kind, with their sponsors and windows."""
    for sponsor in {campaign[0] for campaign in kind.campaigns}:
        cursor.execute(
            "INSERT INTO sponsors SELECT tenant_id, %s, %s FROM scenarios WHERE kind = %s",
            [uuid5(NAMES, f"S{sponsor}"), f"S{sponsor}", name],
        )
    for number, (sponsor, first, last, window) in enumerate(kind.campaigns):
        campaign = uuid5(NAMES, f"C{number}")
        days = [SUNDAY + timedelta(days=each) for each in (first, last)]
        cursor.execute(
            "INSERT INTO campaigns (tenant_id, campaign_id, sponsor_id, name, starts_on, ends_on, currency) "
            "SELECT tenant_id, %s, %s, 'C', %s, %s, 'EUR' FROM scenarios WHERE kind = %s",
            [campaign, uuid5(NAMES, f"S{sponsor}"), *days, name],
        )
        if window is not None:
            cursor.execute(
                "INSERT INTO attribution_configs (tenant_id, campaign_id, version, window_days) "
                "SELECT tenant_id, %s, 1, %s FROM scenarios WHERE kind = %s",
                [campaign, window, name],
            )


def add_lines(cursor: Cursor) -> None:
    """The Sunday, computed once, and the one thing that changed since."""
    given = {"at": COMPUTED_AT, "sunday": SUNDAY, "assets": [*DAILY_ASSETS, "tenant_checks"]}
    into = "INSERT INTO rollup_ledger (tenant_id, asset, day, run_id, rows, status, began_at, changed_at) "
    cursor.execute(
        into + "SELECT tenant_id, name, %(sunday)s, gen_random_uuid(), 0, 'final', %(at)s, %(at)s - interval '1 hour' "
        "FROM scenarios, unnest(%(assets)s::text[]) AS asset (name)",
        given,
    )
    # Where the source's own Sunday changed, the line is there.
    cursor.execute(
        into + "SELECT tenant_id, source, day, gen_random_uuid(), 0, 'final', %(at)s, %(at)s + interval '1 hour' "
        "FROM scenarios WHERE NOT is_raw "
        "ON CONFLICT (tenant_id, asset, day) DO UPDATE SET changed_at = excluded.changed_at",
        given,
    )
    cursor.execute(
        "INSERT INTO ingest_watermarks (tenant_id, source, day, rows, changed_at) "
        "SELECT tenant_id, source, day, 1, %(at)s + interval '1 hour' FROM scenarios WHERE is_raw",
        given,
    )


def tenant(kind: str, source: str, day: int) -> UUID:
    return uuid5(NAMES, f"{kind} {source} {day}")


@pytest.fixture(scope="module")
def stale(ledger: Warehouse) -> Stale:
    """For each kind, changed source and changed day: the assets whose Sunday is stale."""
    whose = {
        tenant(kind, source, day): (kind, source, day) for kind in KINDS for source in SOURCES for day in DAYS[kind]
    }
    found: Stale = {scenario: set() for scenario in whose.values()}
    lines = read_stale(ledger.read, list(whose), SUNDAY, SUNDAY)
    for each, asset, reason in lines.select("tenant_id", "asset", "reason").iter_rows():
        assert reason == "older"
        found[whose[UUID(bytes=each)]].add(asset)
    return found


@pytest.mark.parametrize(("assets", "source"), RULES, ids=[f"{assets[0]} of {source}" for assets, source in RULES])
def test_a_change_makes_stale_what_has_its_day_in_its_span(stale: Stale, assets: tuple[str, ...], source: str) -> None:
    for name, kind in KINDS.items():
        span = bounds(MADE_OF[assets][source], kind)
        counting = [day for day in DAYS[name] if span and span[0] <= day <= span[1]]
        for asset in assets:
            assert [day for day in DAYS[name] if asset in stale[name, source, day]] == counting, (name, asset)


@pytest.mark.parametrize("source", SOURCES)
def test_a_change_makes_nothing_stale_that_is_not_made_of_it(stale: Stale, source: str) -> None:
    made_of_it = {asset for assets, sources in MADE_OF.items() if source in sources for asset in assets}
    for (_kind, changed, _day), found in stale.items():
        assert changed != source or found <= made_of_it


def test_raw_rows_do_not_count_where_only_tables_are_compared(ledger: Warehouse) -> None:
    tenants = [tenant("rolling", source, 0) for source in (*RAW_SOURCES, "campaign_reach")]
    found = read_stale(ledger.read, tenants, SUNDAY, SUNDAY, by_tables_only=True)
    assert set(found["asset"]) == {"campaign_roi", "model_totals", "tenant_checks"}


# What follows changes the ledger, after all scenarios have been looked at.
@pytest.mark.usefixtures("stale")
def test_what_has_rows_on_sundays_alone_is_not_stale_on_other_days(ledger: Warehouse) -> None:
    monday = SUNDAY + timedelta(days=1)
    owner = tenant("calendar", "downloads", 1)
    with ledger.transaction("earshot_owner") as connection:
        connection.execute(
            "INSERT INTO rollup_ledger (tenant_id, asset, day, run_id, rows, status, began_at, changed_at) "
            "SELECT tenant_id, asset, day + 1, run_id, rows, status, began_at, changed_at FROM rollup_ledger "
            "WHERE tenant_id = %s AND day = %s AND asset <> 'downloads'",
            [owner, SUNDAY],
        )
    found = read_stale(ledger.read, [owner], monday, monday)
    assert set(found["asset"]) == {"audience_periods", "audience_overlaps", "episode_age_downloads", "tenant_checks"}


@pytest.mark.usefixtures("stale")
@pytest.mark.parametrize("asset", ["downloads", "model_totals"])
def test_a_line_that_is_missing_from_a_judged_day_is_stale_and_so_is_the_verdict(ledger: Warehouse, asset: str) -> None:
    owner = tenant("no campaign", asset, -1_000)
    with ledger.transaction("earshot_owner") as connection:
        connection.execute(
            "DELETE FROM rollup_ledger WHERE tenant_id = %s AND asset = %s AND day = %s", [owner, asset, SUNDAY]
        )
    found = read_stale(ledger.read, [owner], SUNDAY, SUNDAY).filter(reason="missing")
    assert set(found["asset"]) == {asset, "tenant_checks"}


@pytest.mark.usefixtures("stale")
def test_a_change_that_a_line_has_seen_does_not_count_beside_a_newer_one_outside_of_its_span(ledger: Warehouse) -> None:
    """The exposures of Sunday changed before its delivery was computed, those of Saturday after it."""
    owner = tenant("calendar", "ad_exposures", -1)
    with ledger.transaction("earshot_owner") as connection:
        connection.execute(
            "UPDATE rollup_ledger SET began_at = began_at - interval '2 hours' "
            "WHERE tenant_id = %s AND asset = 'retention_curves'",
            [owner],
        )
    found = read_stale(ledger.read, [owner], SUNDAY, SUNDAY)
    assert "attribution_credits" in set(found["asset"])
    assert "placement_delivery" not in set(found["asset"])


def test_what_is_made_of_raw_rows_alone_and_what_looks_at_itself() -> None:
    of_raw_rows = {step.name for step in STEPS if not is_made_of_tables(step.names)}
    assert of_raw_rows == {"listening_day", "playback_day"}
    assert {step.name for step in STEPS if looks_at_itself(step.names)} == {"audience_day"}


def test_windows_that_roll_read_thirty_days_before_and_two_after() -> None:
    day = date(2026, 3, 1)
    sources = sources_of(["downloads"])
    assert days_read(day, sources, is_rolling=False) == [day]
    wide = days_read(day, sources, is_rolling=True)
    assert (len(wide), (day - wide[0]).days, (wide[-1] - day).days) == (33, 30, 2)
    assert days_read(day, sources_of(["retention_curves"]), is_rolling=True) == [day]


KINDS_OF_ADS = pl.Enum(["b", "a"])


def test_the_hash_of_a_table_depends_on_rows_and_tenants_and_not_on_order() -> None:
    kinds = pl.Series(["a", "b", "a"], dtype=KINDS_OF_ADS)
    frame = pl.DataFrame({"tenant_id": [b"h", b"h", b"k"], "credit": [0.5, 0.5, None], "kind": kinds})
    found = hash_content([frame])
    assert found == hash_content([frame.reverse().select("kind", "credit", "tenant_id")])
    assert found == hash_content([frame.with_columns(pl.col("kind").cast(pl.String))])
    assert hash_content([frame.head(2)])[b"h"] == found[b"h"]
    for changed in (frame.head(1), frame.vstack(frame.head(1)), frame.with_columns(pl.col("credit") + 2**-53)):
        assert hash_content([changed])[b"h"] != found[b"h"]
