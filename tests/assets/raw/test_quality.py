"""Quality: shares and volumes against the thresholds, at their edges, and each tenant's for itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from uuid import UUID

import polars as pl
import pytest

from assets.raw.quality import COUNTS_FOLLOW, NOT_RECONCILED, QUALITIES, judge_counts, judge_quality, judge_reconciled
from sql.values import PermanentError, Window
from sql.warehouse import LedgerLine, Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants, events

DAY = date(2026, 11, 18)


def counts(*rows: tuple[str, int, int, int, int], weeks: int = 0, tenant: UUID = HARBOR) -> pl.DataFrame:
    """rows: table, rows, complete, late_able, prompt; of the day so many weeks before."""
    return pl.DataFrame(
        [(tenant.bytes, table, DAY - timedelta(weeks=weeks), *numbers) for table, *numbers in rows],
        schema={
            "tenant_id": pl.Binary,
            "source_table": pl.String,
            "day": pl.Date,
            "rows": pl.Int64,
            "complete": pl.Int64,
            "late_able": pl.Int64,
            "prompt": pl.Int64,
        },
        orient="row",
    )


def usual(rows: int, weeks: int = 4) -> list[pl.DataFrame]:
    return [counts(("listener_events", rows, rows, rows, rows), weeks=week) for week in range(1, weeks + 1)]


def verdict(check: str, *parts: pl.DataFrame) -> tuple[bool, str]:
    found = judge_counts(pl.concat(parts), [DAY], [HARBOR]).filter(check_name=check)
    [(passed, detail)] = found.select("passed", "detail").iter_rows()
    return passed, detail


@pytest.mark.parametrize(
    ("table", "complete", "passed"),
    [
        ("attribution_events", 95, True),
        ("attribution_events", 94, False),
        ("listener_events", 90, True),
        ("listener_events", 89, False),
    ],
)
def test_a_table_is_complete_from_its_threshold_on(table: str, complete: int, passed: bool) -> None:
    found = verdict(f"{table}_complete", counts((table, 100, complete, 100, 100)))
    assert found == (passed, f"{complete} of 100 rows")


@pytest.mark.parametrize(("rows", "passed"), [(50, True), (49, False), (200, True), (201, False), (0, False)])
def test_a_volume_is_compared_with_the_same_weekday_of_the_weeks_before(rows: int, passed: bool) -> None:
    today = counts(("listener_events", rows, rows, rows, rows)) if rows else counts()
    found = verdict("listener_events_as_usual", today, *usual(100))
    assert found == (passed, f"{rows} rows, usual are 100")


def test_one_day_with_an_outage_does_not_change_what_is_usual() -> None:
    weeks = [counts(("listener_events", rows, 0, 0, 0), weeks=week + 1) for week, rows in enumerate((100, 3, 100, 100))]
    assert verdict("listener_events_as_usual", counts(("listener_events", 100, 0, 0, 0)), *weeks)[0]


@pytest.mark.parametrize("before", [usual(100, weeks=1), usual(49), []])
def test_too_little_history_makes_nothing_unusual(before: list[pl.DataFrame]) -> None:
    few = counts(("listener_events", 3, 3, 3, 3))
    assert verdict("listener_events_as_usual", few, *before)[0]
    assert verdict("listener_events_in_time", counts(), *before)[0]


@pytest.mark.parametrize(("prompt", "passed"), [(95, True), (94, False)])
def test_rows_are_in_time_that_were_there_by_two(prompt: int, passed: bool) -> None:
    assert verdict("listener_events_in_time", counts(("listener_events", 100, 100, 100, prompt)))[0] is passed


def test_a_day_that_should_have_rows_and_has_none_is_late() -> None:
    assert verdict("listener_events_in_time", counts(), *usual(100)) == (False, "no rows at all")


def test_imported_history_is_never_late() -> None:
    assert verdict("listener_events_in_time", counts(("listener_events", 100, 100, 0, 0)))[0]


def test_kept_counts_are_compared_with_dispositions_where_there_are_any() -> None:
    schema = {"tenant_id": pl.Binary, "day": pl.Date, "requests": pl.Int64, "events": pl.Int64}
    found = pl.DataFrame([(HARBOR.bytes, DAY, 7, 7), (KREUZBERG.bytes, DAY, 7, 6)], schema=schema, orient="row")
    judged = judge_reconciled(found, [DAY, DAY + timedelta(days=1)], [HARBOR, KREUZBERG]).sort("day", "tenant_id")
    by_tenant = dict(judged.filter(day=DAY).select("tenant_id", "passed").iter_rows())
    assert by_tenant == {HARBOR.bytes: True, KREUZBERG.bytes: False}
    assert judged.filter(day=DAY + timedelta(days=1))["detail"].unique().to_list() == [NOT_RECONCILED]
    assert "6 events kept, 7 with a disposition" in judged["detail"].to_list()
    none = judge_reconciled(None, [DAY], [HARBOR])
    assert none.select("passed", "detail").rows() == [(True, "no counts are kept in this database")]


def test_kept_counts_are_compared_with_the_rows_that_should_be_there(warehouse: Warehouse) -> None:
    """Computed of ten rows: six are there, four went with an import that was taken back, before the day is computed
    again and after. What lies in the archive, or has just changed, is not compared."""
    at, now = datetime.combine(DAY, time(8), UTC), datetime.now(UTC)
    rows = events(HARBOR, [at + timedelta(minutes=number) for number in range(6)])

    def change(statement: str, *values: object) -> None:
        with warehouse.transaction("earshot_owner") as connection:
            connection.execute(statement.encode(), values)

    def compare() -> list[tuple[object, ...]]:
        followed_until = now - timedelta(hours=1)
        found = warehouse.read("count_reconciled", days=[DAY], tenants=[HARBOR], followed_until=followed_until)
        return found.select("requests", "events").rows()

    add_tenants(warehouse)
    warehouse.insert("listener_events", rows)
    before = now - timedelta(hours=3)
    line = LedgerLine("request_dispositions", DAY, HARBOR, HARBOR, 1, before, "final", before)
    warehouse.replace([], Window.of_day(DAY), [HARBOR], [line])
    change(
        "INSERT INTO request_dispositions (tenant_id, day, disposition, requests, rules_version, is_final, run_id) "
        "VALUES (%s, %s, 'counted', 10, 'x', true, %s)",
        *(HARBOR, DAY, HARBOR),
    )
    assert compare() == [(10, 6)]
    change(
        "INSERT INTO imports (tenant_id, import_id, kind, object, format, started_by) OVERRIDING SYSTEM VALUE "
        "VALUES (%s, 1, 'requests', 'a.log', 'combined', 'Ada')",
        HARBOR,
    )
    removed = (
        "INSERT INTO import_days (tenant_id, import_id, day, rows, removed, removed_at) VALUES (%s, 1, %s, 4, 4, %s)"
    )
    change(removed, HARBOR, DAY, now - timedelta(hours=2))
    assert compare() == [(6, 6)]
    change("UPDATE rollup_ledger SET began_at = %s", now - timedelta(hours=1, minutes=30))
    change("UPDATE request_dispositions SET requests = 6")
    assert compare() == [(6, 6)]
    change("UPDATE import_days SET removed_at = %s", now)
    assert compare() == []
    change("UPDATE import_days SET removed_at = %s", now - timedelta(hours=2))
    change("UPDATE rollup_ledger SET input_watermark = %s", now)
    assert compare() == []
    change("UPDATE rollup_ledger SET input_watermark = NULL")
    change(
        "INSERT INTO archived_days (tenant_id, day, place, manifest_sha256, rows, bytes, archived_at, dropped_at) "
        "VALUES (%s, %s, '/a', repeat('0', 64), 6, 1, now(), now())",
        *(HARBOR, DAY),
    )
    assert compare() == []


def test_a_tenant_that_cannot_be_counted_has_failed_with_the_cause_and_the_others_are_judged() -> None:
    def read(name: str, /, **params: object) -> pl.DataFrame:
        if name == "read_counts_kept":
            return pl.DataFrame({"is_kept": [False]})
        if HARBOR in cast("list[UUID]", params["tenants"]):
            raise PermanentError("a row that nobody can read")
        return counts(("listener_events", 100, 100, 100, 100), tenant=KREUZBERG)

    found = judge_quality(read, [DAY], [HARBOR, KREUZBERG])
    assert found.height == 2 * len(QUALITIES)
    assert found.filter(tenant_id=KREUZBERG.bytes)["passed"].all()
    assert not found.filter(tenant_id=HARBOR.bytes)["passed"].any()
    assert "a row that nobody can read" in found.filter(tenant_id=HARBOR.bytes)["detail"][0]


def test_counts_are_compared_as_far_as_they_follow_by_the_databases_clock_which_is_asked_once() -> None:
    ahead = datetime(2031, 1, 1, 12, tzinfo=UTC)
    asked: list[str] = []
    until: list[object] = []

    def read(name: str, /, **params: object) -> pl.DataFrame:
        asked.append(name)
        if name == "read_counts_kept":
            return pl.DataFrame({"is_kept": [True]})
        if name == "read_clock":
            return pl.DataFrame({"now": [ahead]})
        if HARBOR in cast("list[UUID]", params["tenants"]):
            raise PermanentError("a row that nobody can read")
        if name == "count_reconciled":
            until.append(params["followed_until"])
            return pl.DataFrame(
                schema={"tenant_id": pl.Binary, "day": pl.Date, "requests": pl.Int64, "events": pl.Int64}
            )
        return counts(("listener_events", 100, 100, 100, 100), tenant=KREUZBERG)

    judge_quality(read, [DAY], [HARBOR, KREUZBERG])
    assert until == [ahead - COUNTS_FOLLOW]
    assert asked.count("read_counts_kept") == asked.count("read_clock") == 1


def test_what_counts_as_complete_and_in_time_in_the_tables(warehouse: Warehouse) -> None:
    """Of the listening rows one names no player and one came in late; of the signals one is whole."""
    add_tenants(warehouse)
    noon = datetime.combine(DAY, time(12), UTC)
    warehouse.insert("listener_events", events(HARBOR, [noon + timedelta(minutes=minute) for minute in range(4)]))
    with warehouse.transaction() as connection:
        connection.execute(
            "UPDATE listener_events SET received_at = occurred_at, user_agent = 'Oats/1', platform = NULL"
        )
        connection.execute("UPDATE listener_events SET user_agent = NULL WHERE occurred_at = %s; ", [noon])
        connection.execute(
            "UPDATE listener_events SET received_at = %s WHERE occurred_at = %s",
            [noon + timedelta(hours=15), noon + timedelta(minutes=1)],
        )
        connection.execute("UPDATE listener_events SET source = 'client'")
        connection.execute(
            "INSERT INTO sponsors (tenant_id, sponsor_id, name) VALUES (%s, %s, 'Kelp and Co')", [HARBOR, UUID(int=1)]
        )
        connection.execute(
            "INSERT INTO campaigns (tenant_id, campaign_id, sponsor_id, name, starts_on, ends_on, currency) "
            "VALUES (%s, %s, %s, 'Autumn', %s, %s, 'EUR')",
            [HARBOR, UUID(int=2), UUID(int=1), DAY, DAY],
        )
        signals = {
            "whole": (UUID(int=1), None, "server", None),
            "campaign of nobody": (UUID(int=1), UUID(int=7), "pixel", None),
            "sponsor without a campaign": (UUID(int=9), None, "pixel", None),
            "code without a code": (UUID(int=1), None, "promo_code", None),
        }
        for sponsor, campaign, signal, code in signals.values():
            connection.execute(
                "INSERT INTO attribution_events (tenant_id, event_id, occurred_at, received_at, sponsor_id, "
                "campaign_id, kind, signal, promo_code) "
                "VALUES (%s, gen_random_uuid(), %s, %s, %s, %s, 'purchase', %s, %s)",
                [HARBOR, noon, noon, sponsor, campaign, signal, code],
            )
    found = judge_quality(warehouse.read, [DAY], [HARBOR, KREUZBERG])
    ours = {
        name: (passed, detail)
        for name, passed, detail in found.filter(tenant_id=HARBOR.bytes)
        .select("check_name", "passed", "detail")
        .iter_rows()
    }
    assert ours["listener_events_complete"] == (False, "3 of 4 rows")
    assert ours["listener_events_in_time"] == (False, "3 of 4 rows")
    assert ours["attribution_events_complete"] == (False, "1 of 4 rows")
    assert ours["attribution_events_in_time"] == (True, "4 of 4 rows")
    assert found.filter(tenant_id=KREUZBERG.bytes)["passed"].all()
