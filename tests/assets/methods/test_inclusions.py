"""The inclusion list: an entry counts for 90 days after it was validated, and somebody hears of it in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from dagster import AssetCheckResult, AssetCheckSeverity

from assets.listening.identity.addresses import classify_addresses, load_ranges
from assets.methods.assets import check_inclusions_valid
from assets.methods.inclusions import lapsing_inclusions
from sql.values import Scope
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, add_tenants

TODAY = date(2026, 6, 1)


def entries(*ages: int, today: date = TODAY) -> pl.DataFrame:
    moments = [datetime(today.year, today.month, today.day, 9, tzinfo=UTC) - timedelta(days=age) for age in ages]
    return pl.DataFrame(
        {
            "tenant_id": [HARBOR.bytes] * len(ages),
            "network": [f"198.18.{number}.0/24" for number in range(len(ages))],
            "reason": ["student residence"] * len(ages),
            "validated_at": moments,
        },
        schema_overrides={"validated_at": pl.Datetime("us", "UTC")},
    )


def test_entries_are_listed_from_two_weeks_before_they_lapse_on() -> None:
    found = lapsing_inclusions(entries(0, 75, 76, 90, 91), TODAY)

    assert found["days_left"].to_list() == [14, 0, -1]
    assert found["counts_through"].to_list() == [TODAY + timedelta(days=left) for left in (14, 0, -1)]


@pytest.mark.parametrize("age", [90, 91])
def test_the_check_lapses_on_the_day_on_which_the_measurement_does(age: int) -> None:
    listed = entries(age)
    rows = pl.DataFrame({"tenant_id": [HARBOR.bytes], "client_ip": ["198.18.0.7"]})

    [counts] = classify_addresses(rows, load_ranges(), listed, TODAY)["on_inclusion_list"]

    assert counts == (lapsing_inclusions(listed, TODAY)["days_left"][0] >= 0)


def look(warehouse: Warehouse) -> AssetCheckResult:
    result = check_inclusions_valid(warehouse=warehouse, scope=Scope())
    assert isinstance(result, AssetCheckResult)
    return result


def test_a_lapsed_entry_warns_and_stops_nothing(warehouse: Warehouse) -> None:
    add_tenants(warehouse)

    good = look(warehouse)
    warehouse.insert("ip_inclusions", entries(10, 100, today=datetime.now(UTC).date()))
    bad = look(warehouse)

    assert (good.passed, bad.passed) == (True, False)
    assert bad.severity == AssetCheckSeverity.WARN
    assert "1 entry(s) have lapsed" in str(bad.description)
    assert "| harbor-audio | 198.18.1.0/24 | student residence |" in str(bad.metadata["table"].value)
