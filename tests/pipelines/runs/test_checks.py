"""Checks: each one fails for the tenant whose rows were broken behind the pipeline's back, and for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS, run_checks
from sql.values import Window
from sql.warehouse import Warehouse
from tests.pipelines.small_network import MONDAY, SUNDAY, TENANTS, named

WEDNESDAY = MONDAY + timedelta(days=2)

# What is broken, on which day, by which statement, and the check that must see it.
BROKEN = {
    "a disposition that counts one request too many": (
        WEDNESDAY,
        "dispositions_sum",
        "UPDATE request_dispositions SET requests = requests + 1 WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "requests that nobody can have received": (
        WEDNESDAY,
        "rows_plausible",
        "UPDATE listener_events SET received_at = 'infinity' WHERE tenant_id = %(tenant)s"
        " AND (occurred_at AT TIME ZONE 'UTC')::date = %(day)s",
    ),
    "a download that is gone": (
        WEDNESDAY,
        "downloads_agree",
        "DELETE FROM downloads WHERE tenant_id = %(tenant)s AND day = %(day)s AND download_id IN"
        " (SELECT min(download_id::text)::uuid FROM downloads WHERE tenant_id = %(tenant)s AND day = %(day)s)",
    ),
    "an ad outside of its download": (
        WEDNESDAY,
        "exposures_in_downloads",
        "UPDATE ad_exposures SET consumer_key = consumer_key + 1 WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a credit of nine tenths": (
        WEDNESDAY,
        "credits_sum",
        "UPDATE attribution_credits SET credit = 0.9 * credit WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a matched conversion without any credit": (
        WEDNESDAY,
        "credits_sum",
        "DELETE FROM attribution_credits WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a model that is missing": (
        WEDNESDAY,
        "credits_sum",
        "DELETE FROM attribution_credits WHERE tenant_id = %(tenant)s AND day = %(day)s AND model = 'linear'",
    ),
    "a credit of a conversion that nothing led to": (
        WEDNESDAY,
        "credits_sum",
        "UPDATE conversions SET matched_by = 'none' WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a touch after its conversion": (
        WEDNESDAY,
        "touches_in_window",
        "UPDATE attribution_touches SET touched_at = touched_at + interval '20 hours'"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a conversion of another sponsor than its touches": (
        WEDNESDAY,
        "touches_match",
        "UPDATE conversions SET sponsor_id = gen_random_uuid() WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a touch of a placement that did not air then": (
        WEDNESDAY,
        "touches_match",
        "UPDATE attribution_touches SET placement_id = gen_random_uuid()"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a touch without its exposure": (
        WEDNESDAY,
        "touches_match",
        "UPDATE attribution_touches SET exposure_id = gen_random_uuid()"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND exposure_id IS NOT NULL",
    ),
    "a touch by a code that the placement does not have": (
        WEDNESDAY,
        "touches_match",
        "UPDATE attribution_touches SET matched_by = 'promo_code' WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a campaign that reached more than its placements": (
        SUNDAY,
        "reach_bounds",
        "UPDATE campaign_reach SET households = households + 1000"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND level = 'campaign'",
    ),
    "a campaign that reached fewer than its placement": (
        SUNDAY,
        "reach_bounds",
        "UPDATE campaign_reach SET households = households - 1"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND level = 'campaign'",
    ),
    "a cent too much in every model": (
        SUNDAY,
        "money_sums",
        "UPDATE campaign_roi SET amount_minor = amount_minor + 1"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND kpi = 'revenue'",
    ),
    "a cent too much in one model": (
        SUNDAY,
        "money_sums",
        "UPDATE campaign_roi SET amount_minor = amount_minor + 1"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND kpi = 'revenue' AND model = 'linear'",
    ),
    "a refund that the revenue does not know": (
        SUNDAY,
        "money_sums",
        "INSERT INTO conversion_adjustments (tenant_id, conversion_id, adjustment_id, day, occurred_at, kind,"
        " value_minor, currency, is_final, run_id) SELECT tenant_id, conversion_id, gen_random_uuid(), day,"
        " converted_at, 'refund', 5, currency, is_final, run_id FROM conversions WHERE tenant_id = %(tenant)s LIMIT 1",
    ),
    "an estimate outside of its interval": (
        SUNDAY,
        "intervals_hold",
        "UPDATE campaign_roi SET estimate = upper + 1"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s AND kpi = 'conversions'",
    ),
    "totals that give away more than was attributed": (
        SUNDAY,
        "totals_sum",
        "UPDATE model_totals SET conversions = conversions + 0.5 WHERE tenant_id = %(tenant)s AND day = %(day)s",
    ),
    "a table that the ledger does not know": (
        SUNDAY,
        "ledger_covers",
        "DELETE FROM rollup_ledger WHERE tenant_id = %(tenant)s AND day = %(day)s AND asset = 'campaign_roi'",
    ),
    "a day whose downloads changed after audiences were counted": (
        SUNDAY,
        "ledger_fresh",
        "UPDATE rollup_ledger SET changed_at = clock_timestamp()"
        " WHERE tenant_id = %(tenant)s AND day = %(day)s - 3 AND asset = 'downloads'",
    ),
}


def failing(warehouse: Warehouse, window: Window, name: str) -> set[str]:
    """The tenants that fail the check."""
    names = {named(slug).bytes: slug for slug in TENANTS}
    check = [check for check in CHECKS if check.name == name]
    judged = run_checks(warehouse.read, window, [named(slug) for slug in TENANTS], DAILY_ASSETS, check)
    return {names[row["tenant_id"]] for row in judged.iter_rows(named=True) if not row["passed"]}


def test_every_check_is_broken_once() -> None:
    assert {check for _, check, _ in BROKEN.values()} == {check.name for check in CHECKS}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_seen_by_its_check_for_its_tenant(week: Warehouse, what: str) -> None:
    day, check, statement = BROKEN[what]
    window = Window.of_day(day)
    assert failing(week, window, check) == set()
    with week.transaction("earshot_owner") as connection:
        connection.execute("ALTER TABLE listener_events DROP CONSTRAINT listener_events_received_at_in_bounds")
    with week.transaction() as connection:
        changed = connection.execute(statement, {"tenant": named("harbor"), "day": day}).rowcount
    assert changed > 0
    assert failing(week, window, check) == {"harbor"}
