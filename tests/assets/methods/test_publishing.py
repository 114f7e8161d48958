"""Publishing: a methodology is kept once and again when it changes, and so are the rules."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner

from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.methods.publishing import publish_methodologies, record_rules
from pipelines.commands.watching.audit import audit
from sql.values import Scope
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants

SECRET = b"a secret for tests, 32 bytes long"
RING = Keyring(default=(Key(1, SECRET), Key(2, SECRET[::-1])))


def publish(warehouse: Warehouse, *tenants: UUID) -> list[tuple[str, bool]]:
    pages = publish_methodologies(warehouse, Scope(tenants), load_rules(), load_ranges(), RING)
    return [(page.slug, page.is_new) for page in pages]


def set_window(warehouse: Warehouse, window: str) -> None:
    with warehouse.transaction() as connection:
        connection.execute("UPDATE tenants SET download_window = %s WHERE tenant_id = %s", [window, HARBOR])


def versions(warehouse: Warehouse, tenant: UUID) -> list[str]:
    with warehouse.transaction() as connection:
        rows = connection.execute(
            "SELECT version FROM methodologies WHERE tenant_id = %s ORDER BY valid_from", [tenant]
        ).fetchall()
    return [str(version) for (version,) in rows]


def test_a_methodology_is_kept_once_and_again_when_it_changes_back(warehouse: Warehouse) -> None:
    add_tenants(warehouse)

    assert publish(warehouse) == [("harbor-audio", True), ("kreuzberg-radio", True)]
    assert publish(warehouse) == [("harbor-audio", False), ("kreuzberg-radio", False)]
    set_window(warehouse, "last_touch")
    assert publish(warehouse) == [("harbor-audio", True), ("kreuzberg-radio", False)]
    set_window(warehouse, "calendar_day")
    assert publish(warehouse, HARBOR) == [("harbor-audio", True)]

    first, second, third = versions(warehouse, HARBOR)
    assert first == third != second
    assert len(versions(warehouse, KREUZBERG)) == 1


def test_a_report_reads_the_newest_version_of_its_own_tenant(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    publish(warehouse)
    set_window(warehouse, "last_touch")
    publish(warehouse)

    with warehouse.as_tenant(HARBOR) as read:
        found = read("read_methodology_versions", tenants=[HARBOR, KREUZBERG])

    assert found["version"].to_list() == versions(warehouse, HARBOR)[-1:]


def test_a_kept_methodology_cannot_be_changed(database_url: str, warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    publish(warehouse)

    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL ROLE earshot_owner")
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("UPDATE methodologies SET markdown = 'nothing'")


def test_other_rules_leave_a_line_when_they_are_first_measured_by(warehouse: Warehouse, database_url: str) -> None:
    packaged, other = load_ranges(), AddressRanges.of({"data_centre": ["198.18.0.0/15"]})
    assert [record_rules(warehouse, load_rules(), each) for each in (packaged, packaged, other, packaged)] == [
        True,
        False,
        True,
        True,
    ]

    runner = CliRunner(env={"DATABASE_URL": database_url, "COLUMNS": "200"})
    first, *_, last = runner.invoke(audit, ["--table", "rules"]).output.splitlines()[1:]

    assert f"addresses: {other.version} -> {packaged.version}" in first
    assert f"rules: nothing -> {load_rules().version}" in last
    assert "No such change" in runner.invoke(audit, ["--table", "tenants"]).output
    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM rule_changes")
