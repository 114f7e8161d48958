"""A platform's rows in our tables, as the example mapping reads them, up to a computed day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from pipelines.commands.db import db
from sql.adopting.rows import LOOKED_BACK, adopt_rows, adopted_tables
from sql.failures import FailureLog
from sql.warehouse import Warehouse
from tests.pipelines.running import compute, home_of_its_own

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "adopt"
DAY = date(2026, 3, 2)
PLATFORM = """
    INSERT INTO platform.networks VALUES (7, 'harbor', 'Harbor', 'UTC', 'USD'), (8, 'kreuz', 'Kreuz', 'UTC', 'EUR');
    INSERT INTO platform.podcasts VALUES (1, 7, 'tides', 'Tides', 'en'), (2, 8, 'kiez', 'Kiez', NULL);
    INSERT INTO platform.episodes VALUES
        (11, 1, 'g-11', 'Low water', '2026-03-01 04:00Z', 600, '/tides/11.mp3', 9601000, 1000),
        (12, 2, 'g-12', 'Hof', '2026-03-01 04:00Z', 600, '/kiez/12.mp3', 9600000, NULL);
    INSERT INTO platform.advertisers VALUES (21, 7, 'Nordlicht Coffee'), (22, 8, 'Lampen');
    INSERT INTO platform.campaigns VALUES
        (31, 21, 'Spring', '2026-03-01', '2026-03-31', 'sales', 30, 'running'),
        (32, 22, 'Licht', '2026-03-01', '2026-03-31', 'traffic', 14, 'running'),
        (33, 21, 'Never', '2026-03-01', '2026-03-31', 'sales', 30, 'deleted');
    INSERT INTO platform.ad_slots VALUES (41, 31, 11, 'Mid-roll', 'mid', 9000, 1000, 2000000, 2400000);
    INSERT INTO platform.listener_events (id, episode_id, event, ip, user_agent, status, bytes, happened_at, created_at)
    SELECT n, 11, 'file_download', '81.2.69.' || n, 'AppleCoreMedia/1.0.0.19H12 (iPhone; U; CPU OS 15_7 like Mac OS X)',
        200, 9601000, '2026-03-02 08:00Z'::timestamptz + n * interval '1 minute', '2026-03-02 09:00Z'
    FROM generate_series(1, 5) AS n;
    INSERT INTO platform.attribution_events
        (id, campaign_id, event, order_ref, amount_cents, ip, happened_at, created_at)
    VALUES (1, 31, 'purchase', 'o-1', 2000, '81.2.69.1', '2026-03-02 12:00Z', '2026-03-02 12:00Z');
"""


@pytest.fixture
def adopted(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """A database with a platform's tables that the command has adopted."""
    with psycopg.connect(database_url) as connection:
        connection.execute((EXAMPLES / "platform.sql").read_bytes())
        connection.execute(PLATFORM.encode())
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))
    result = CliRunner().invoke(db, ["adopt", str(EXAMPLES / "mapping.yaml")])
    assert result.exception is None, result.output
    assert "listener_events: 5" in result.output
    warehouse = Warehouse(database_url)
    yield warehouse
    warehouse.close()


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query.encode()).fetchall()


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def adopt(warehouse: Warehouse, now: datetime | None = None) -> tuple[dict[str, int], FailureLog]:
    """What came in of each table."""
    failures = FailureLog(warehouse, "catalogue", lambda _message: None)
    counts: dict[str, int] = {}
    for each in adopt_rows(warehouse, failures, now or datetime(2026, 3, 3, tzinfo=UTC)):
        counts[each.table] = counts.get(each.table, 0) + each.rows
    return {table: count for table, count in counts.items() if count}, failures


def test_a_platforms_tables_end_in_a_computed_day(adopted: Warehouse, tmp_path: Path) -> None:
    with home_of_its_own(tmp_path):
        compute(adopted, DAY, DAY)
    downloads = "SELECT tenants.slug, count(*) FROM downloads INNER JOIN tenants USING (tenant_id) GROUP BY 1"
    assert rows(adopted, downloads) == [("harbor", 5)]
    assert rows(adopted, "SELECT sum(impressions) FROM placement_delivery") == [(5,)]
    assert rows(adopted, "SELECT order_id, value_minor FROM conversions") == [("o-1", 2000)]
    assert rows(adopted, "SELECT name FROM campaigns ORDER BY name") == [("Licht",), ("Spring",)]


def test_what_is_there_is_left_alone_and_what_is_new_or_changed_comes(adopted: Warehouse, database_url: str) -> None:
    assert adopt(adopted)[0] == {}
    change(database_url, "UPDATE platform.ad_slots SET price_cents = 9500")
    change(
        database_url,
        "INSERT INTO platform.listener_events (id, episode_id, event, ip, status, bytes, happened_at, created_at) "
        "VALUES (6, 12, 'file_download', '81.2.69.6', 200, 9600000, '2026-01-05 08:00Z', '2026-03-02 23:00Z')",
    )
    assert adopt(adopted)[0] == {"placements": 1, "listener_events": 1}
    assert rows(adopted, "SELECT cost_minor FROM placements") == [(9500,)]
    # Late at the platform too: it came here now, so the day is older than its rows.
    late = "SELECT received_at > now() - interval '1 hour' FROM listener_events WHERE occurred_at < '2026-02-01'"
    assert rows(adopted, late) == [(True,)]


def test_raw_rows_of_before_the_look_back_wait_for_the_command(adopted: Warehouse, database_url: str) -> None:
    change(
        database_url,
        "INSERT INTO platform.listener_events (id, episode_id, event, happened_at, created_at) "
        "VALUES (7, 11, 'play_progress', '2026-03-02 08:00Z', '2026-03-02 09:00Z')",
    )
    now = datetime(2026, 3, 2, 9, tzinfo=UTC) + LOOKED_BACK
    assert adopt(adopted, now + timedelta(minutes=1))[0] == {}
    assert adopt(adopted, now)[0] == {"listener_events": 1}


def test_the_trouble_of_one_tenant_stays_that_tenants(adopted: Warehouse, database_url: str) -> None:
    change(
        database_url,
        "INSERT INTO platform.listener_events (id, episode_id, event, happened_at, created_at) VALUES "
        "(8, 11, 'teleported', '2026-03-02 08:00Z', '2026-03-02 09:00Z'), "
        "(9, 12, 'play_progress', '2026-03-02 08:00Z', '2026-03-02 09:00Z')",
    )
    counts, failures = adopt(adopted)
    assert counts == {"listener_events": 1}
    ((slug, cause),) = [(each.tenant, each.cause) for each in failures.found]
    assert slug == "harbor"
    assert "event_type" in cause
    change(database_url, "DELETE FROM platform.listener_events WHERE id = 8")
    assert adopt(adopted)[1].found == []
    assert rows(adopted, "SELECT count(*) FROM tenant_failures") == [(0,)]


def test_nothing_is_adopted_where_no_mapping_was_given(warehouse: Warehouse) -> None:
    assert adopted_tables(warehouse) == ()
    assert adopt(warehouse)[0] == {}
