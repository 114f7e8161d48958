"""Entries that nothing can be computed from: left out, counted and reported; every other number is what it would be.

They came before the constraints, or past them: here the constraints are taken away first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.doctor.finding import Level
from pipelines.doctor.work import check_entries
from sql.connections.connecting import StatementError
from sql.embedded import Server
from sql.values import EarshotError
from sql.warehouse import Warehouse
from tests.conftest import cloned_database, database_address
from tests.pipelines.running import compute, home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, SUNDAY, TENANTS, add, download, named, purchase

WEDNESDAY = MONDAY + timedelta(days=2)
STRANGER = UUID("5f0c4b57-3a9c-4a0e-8d25-0b6c1b8f7aff")

# What numbers are made of, and what they are.
COUNTED = {
    "dispositions": "SELECT tenant_id, day, disposition, requests FROM request_dispositions",
    "downloads": "SELECT tenant_id, day, count(*) FROM downloads GROUP BY 1, 2",
    "conversions": "SELECT tenant_id, day, conversion_id, value_minor FROM conversions",
    "roi": "SELECT tenant_id, day, campaign_id, model, kpi, amount_minor, estimate FROM campaign_roi",
}


def unbound(warehouse: Warehouse) -> None:
    """Take every constraint of the raw tables' bounds away."""
    with warehouse.transaction("earshot_owner") as connection:
        names = connection.execute(
            "SELECT conrelid::regclass::text, conname::text FROM pg_constraint WHERE contype = 'c'"
            " AND conname ~ '^(listener|attribution)_events_.*(_in_bounds|_known)$' AND coninhcount = 0"
        ).fetchall()
        for relation, name in names:
            connection.execute(f"ALTER TABLE {relation} DROP CONSTRAINT {name}".encode())


def spoil(warehouse: Warehouse) -> None:
    """Harbor's Wednesday with one row of every kind of nonsense, a tenant that is not there, and impossible years."""
    absurd = {
        "order-max": 2**63 - 1,
        **{f"order-{number}": 5 * 10**18 for number in range(2)},
        "order-over": 10**12 + 1,
    }
    for order, value in absurd.items():
        add(warehouse, "attribution_events", purchase("harbor", WEDNESDAY, order, "USD", value_minor=value))
    wrongs: tuple[dict[str, Any], ...] = (
        {"bytes_sent": 2**63 - 1},
        {"range_start": 0, "range_end": 2**63 - 1},
        {"position_seconds": float("nan"), "event_type": "listen_progress", "source": "client"},
        {"heard_seconds": float("inf"), "event_type": "listen_progress", "source": "client"},
    )
    for number, wrong in enumerate(wrongs):
        add(warehouse, "listener_events", download("harbor", WEDNESDAY, f"10.0.1.{number}", **wrong))
    add(warehouse, "listener_events", download("harbor", WEDNESDAY, "10.0.2.1"))
    add(warehouse, "attribution_events", purchase("harbor", WEDNESDAY, "order-never", "USD"))
    stranger = {"tenant_id": STRANGER}
    add(warehouse, "listener_events", *(download("harbor", day, "10.0.0.1", **stranger) for day in (MONDAY, SUNDAY)))
    add(warehouse, "attribution_events", purchase("harbor", MONDAY, "order-lost", "USD", **stranger))
    with warehouse.transaction() as connection:
        for table, found in (
            ("listener_events", "host(client_ip) = '10.0.2.1'"),
            ("attribution_events", "order_id = 'order-never'"),
        ):
            connection.execute(f"UPDATE {table} SET received_at = 'infinity' WHERE {found}".encode())
        for moment in ("0001-01-01", "1999-12-31", "9999-12-31", "infinity"):
            connection.execute(
                "INSERT INTO listener_events (tenant_id, event_id, source, event_type, occurred_at) "
                "VALUES (%s, %s, 'prefix', 'download', %s)",
                [named("harbor"), uuid4(), moment],
            )
            # A signal of Wednesday's order, which would otherwise be the order's earliest.
            connection.execute(
                "INSERT INTO attribution_events (tenant_id, event_id, sponsor_id, kind, signal, order_id, occurred_at) "
                "VALUES (%s, %s, %s, 'purchase', 'server', %s, %s)",
                [named("harbor"), uuid4(), named("harbor", "sponsor"), f"order-{WEDNESDAY}", moment],
            )


@pytest.fixture(scope="module")
def spoilt(
    server: Server, computed: str, home_folder: Path
) -> Iterator[tuple[Warehouse, dict[str, set[tuple[Any, ...]]]]]:
    """The computed week after Harbor's Wednesday was spoilt and the days since were computed again; what was before."""
    with cloned_database(server, computed) as url:
        warehouse = Warehouse(url)
        before = {name: set(rows(warehouse, query)) for name, query in COUNTED.items()}
        unbound(warehouse)
        spoil(warehouse)
        with home_of_its_own(home_folder), pytest.raises(EarshotError, match="rows_plausible"):
            compute(warehouse, WEDNESDAY, SUNDAY)
        yield warehouse, before
        warehouse.close()


def test_every_number_of_every_tenant_is_what_it_was(spoilt: tuple[Warehouse, dict[str, set[tuple[Any, ...]]]]) -> None:
    warehouse, before = spoilt
    after = {name: set(rows(warehouse, query)) for name, query in COUNTED.items()}
    assert after == before


def test_the_day_and_the_tenant_are_named_with_the_number_of_rows_and_the_first_of_them(
    spoilt: tuple[Warehouse, dict[str, set[tuple[Any, ...]]]],
) -> None:
    warehouse, _ = spoilt
    failed = rows(warehouse, "SELECT tenant_id, day, check_name, detail FROM check_results WHERE NOT passed")
    assert [row[:3] for row in failed] == [(named("harbor"), WEDNESDAY, "rows_plausible")]
    text = str(failed[0][3])
    assert text.startswith("10 offence(s)")
    assert "value_minor 5000000000000000000 of attribution_events" in text


def test_the_status_names_rows_of_no_tenant_and_of_impossible_times(
    spoilt: tuple[Warehouse, dict[str, set[tuple[Any, ...]]]], server: Server, home_folder: Path
) -> None:
    warehouse, _ = spoilt
    (name,) = rows(warehouse, "SELECT current_database()")[0]
    with home_of_its_own(home_folder):
        result = CliRunner().invoke(main, ["status"], env={"DATABASE_URL": database_address(server, str(name))})
    assert result.exit_code == 0, result.output
    assert f"2 row(s) of listener_events belong to no tenant ({STRANGER}), 2026-03-02" in result.output
    assert f"1 row(s) of attribution_events belong to no tenant ({STRANGER})" in result.output
    assert "4 row(s) of listener_events of harbor lie before 2000 or ahead of today, 0001-01-01" in result.output
    assert "kreuz lie" not in result.output


def test_an_infinite_day_of_a_setting_is_an_error_that_names_table_and_tenant(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("ALTER TABLE campaigns DROP CONSTRAINT campaigns_days_in_bounds")
        connection.execute("UPDATE campaigns SET ends_on = 'infinity' WHERE tenant_id = %s", [named("harbor")])
    with pytest.raises(StatementError, match=f"read_campaigns.*ends_at infinite.*{named('harbor')}"):
        week.read("read_campaigns", tenants=[named(slug) for slug in TENANTS])
    assert week.read("read_campaigns", tenants=[named("kreuz")]).height == 1


def test_rows_are_named_where_there_is_no_tenant_at_all(
    warehouse: Warehouse, database_url: str, home_folder: Path
) -> None:
    add(warehouse, "listener_events", download("harbor", MONDAY, "10.0.0.1"))
    with home_of_its_own(home_folder):
        result = CliRunner().invoke(main, ["status"], env={"DATABASE_URL": database_url})
    assert "No tenant yet." in result.output
    said = f"1 row(s) of listener_events belong to no tenant ({named('harbor')}), 2026-03-02"
    assert said in result.output
    (found,) = check_entries(warehouse)
    assert (found.level, found.meaning.startswith(said)) == (Level.WARNING, True)
    assert "Enter a tenant with that id" in found.meaning
