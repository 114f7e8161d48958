"""Editions: the same files, the same door and the same rows, with TimescaleDB and without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from sql.embedded import Server
from sql.schema.migrate import load_migrations, migrate, rollback, status
from sql.schema.partitions import Partition, make_partitions
from sql.values import Window
from sql.warehouse import Warehouse, Write
from tests.conftest import cloned_database
from tests.sql.rows import HARBOR, KREUZBERG, dispositions, events, line, metrics
from tests.sql.schema_text import described

NAMES = [migration.name for migration in load_migrations()]
TODAY = datetime.now(UTC).date()
EDITIONS = {"server": "apache", "plain_server": "plain"}


@pytest.fixture(scope="module")
def shared_plain_url(plain_server: Server, plain_template: str) -> Iterator[str]:
    """A database without TimescaleDB for tests that make partitions of their own in it, and no others."""
    with cloned_database(plain_server, plain_template) as url:
        yield url


def test_the_edition_is_found_out_and_said(fresh_url: str, request: pytest.FixtureRequest) -> None:
    expected = EDITIONS[str(request.node.callspec.params["fresh_url"])]
    assert status(fresh_url).edition == expected


def test_without_timescaledb_every_way_leads_to_the_same_schema_too(plain_url: str) -> None:
    fresh = described(plain_url)
    assert rollback(plain_url, NAMES[0]) == NAMES[:0:-1]
    assert migrate(plain_url) == NAMES[1:]
    assert described(plain_url) == fresh
    assert migrate(plain_url) == []


def test_both_kinds_have_the_same_schema(shared_plain_url: str, database_url: str) -> None:
    assert described(shared_plain_url) == described(database_url)


@pytest.mark.parametrize("day", [date(2019, 2, 28), TODAY, TODAY + timedelta(days=400)])
def test_a_day_is_replaced_wherever_it_lies(fresh_url: str, day: date) -> None:
    warehouse = Warehouse(fresh_url)
    window = Window.of_day(day)
    for requests in (5, 7):
        rows = dispositions([(HARBOR, "counted", requests), (KREUZBERG, "bot", 1)], day)
        counts = warehouse.replace(
            [Write("request_dispositions", rows), Write("listener_metrics", metrics(HARBOR, day))],
            window,
            [HARBOR, KREUZBERG],
            [line("listening", HARBOR, requests, day)],
        )
        assert counts == {"request_dispositions": 2, "listener_metrics": 1}
    with warehouse.transaction() as connection:
        kept = connection.execute(
            "SELECT tenant_id, day, requests FROM request_dispositions WHERE day = %s ORDER BY tenant_id", [day]
        ).fetchall()
    assert kept == [(HARBOR, day, 7), (KREUZBERG, day, 1)]


def test_redelivered_events_change_nothing_on_either(fresh_url: str) -> None:
    warehouse = Warehouse(fresh_url)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = events(HARBOR, [now, now - timedelta(days=900)])
    assert [warehouse.insert("listener_events", rows) for _ in range(2)] == [2, 0]


def partitions(url: str, table: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table]
        )
        return {str(name) for (name,) in found.fetchall()}


def test_partitions_stand_ready_around_today(shared_plain_url: str) -> None:
    made = partitions(shared_plain_url, "listener_events")
    assert "listener_events_default" in made
    for offset in (-14, 0, 14):
        assert f"listener_events_p{TODAY + timedelta(days=offset):%Y%m%d}" in made
    quarters = partitions(shared_plain_url, "listener_metrics")
    assert 5 <= len(quarters) <= 8


def test_rows_that_waited_in_the_default_partition_move_into_their_own(shared_plain_url: str) -> None:
    warehouse = Warehouse(shared_plain_url)
    first = TODAY + timedelta(days=20)
    noon = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    warehouse.insert("listener_events", events(HARBOR, [noon, noon + timedelta(days=1), noon + timedelta(days=60)]))
    with warehouse.transaction("earshot_owner") as connection:
        extend = "SELECT earshot_extend_series('listener_events', %s, %s)"
        made = connection.execute(extend, [first, first + timedelta(days=1)]).fetchone()
        again = connection.execute(extend, [first, first + timedelta(days=1)]).fetchone()
        kept = connection.execute(
            "SELECT tableoid::regclass::text FROM listener_events ORDER BY occurred_at"
        ).fetchall()
    assert (made, again) == ((2,), (0,))
    assert kept == [
        (f"listener_events_p{first:%Y%m%d}",),
        (f"listener_events_p{first + timedelta(days=1):%Y%m%d}",),
        ("listener_events_default",),
    ]


def test_upkeep_makes_partitions_ahead_and_moves_what_waits_for_one(plain_url: str) -> None:
    warehouse = Warehouse(plain_url)
    # As a month after the installation: nothing is ahead any more. And a history of two years ago is imported.
    with warehouse.transaction("earshot_owner") as connection:
        for offset in range(1, 15):
            connection.execute(f"DROP TABLE listener_events_p{TODAY + timedelta(days=offset):%Y%m%d}".encode())
    old = datetime(TODAY.year - 2, 5, 6, 12, tzinfo=UTC)
    soon = datetime.combine(TODAY + timedelta(days=3), time(9), UTC)
    warehouse.insert("listener_events", events(HARBOR, [old, old + timedelta(days=1), soon, soon + timedelta(hours=1)]))
    warehouse.replace(
        [Write("request_dispositions", dispositions([(HARBOR, "counted", 5)], old.date()))],
        Window.of_day(old.date()),
        [HARBOR],
    )
    made = {(each.series, each.first_day): each.rows for each in make_partitions(warehouse)}
    assert made["listener_events", old.date()] == made["listener_events", old.date() + timedelta(days=1)] == 1
    assert made["listener_events", soon.date()] == 2
    assert sum(rows for (series, _), rows in made.items() if series == "request_dispositions") == 1
    ahead = partitions(plain_url, "listener_events")
    assert all(f"listener_events_p{TODAY + timedelta(days=offset):%Y%m%d}" in ahead for offset in range(15))
    assert len(partitions(plain_url, "campaign_roi")) >= 3 + 3
    with warehouse.transaction() as connection:
        kept = connection.execute("SELECT count(*) FROM listener_events").fetchone()
    with warehouse.transaction("earshot_owner") as connection:
        waiting = connection.execute("SELECT count(*) FROM listener_events_default").fetchone()
    assert (kept, waiting) == ((4,), (0,))
    assert list(make_partitions(warehouse)) == []
    warehouse.close()


def test_a_partition_whose_lock_is_not_to_be_had_waits_for_the_next_night(plain_url: str) -> None:
    warehouse = Warehouse(plain_url)
    list(make_partitions(warehouse))
    day = TODAY - timedelta(days=300)
    warehouse.insert("listener_events", events(HARBOR, [datetime.combine(day, time(9), UTC)]))
    with psycopg.connect(plain_url, application_name="a dashboard") as reader:
        reader.execute("SET ROLE earshot_etl")
        reader.execute("SELECT count(*) FROM listener_events")
        [left] = make_partitions(warehouse, lock_s=1)
        assert "held by a dashboard" in str(left.waits)
    assert list(make_partitions(warehouse)) == [Partition("listener_events", day, 1)]


def test_timescaledb_makes_its_chunks_itself(database_url: str) -> None:
    assert list(make_partitions(Warehouse(database_url))) == []


def test_a_new_partition_is_as_closed_as_the_old_ones(shared_plain_url: str) -> None:
    warehouse = Warehouse(shared_plain_url)
    first = TODAY + timedelta(days=30)
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("SELECT earshot_extend_series('listener_events', %s, %s)", [first, first])
        privileges = connection.execute(
            "SELECT has_table_privilege(role, %s, 'SELECT') FROM unnest(%s::text[]) AS role",
            [f"listener_events_p{first:%Y%m%d}", ["earshot_report", "earshot_readonly", "earshot_etl"]],
        ).fetchall()
    assert privileges == [(False,), (False,), (False,)]
