"""Orders that are reported after the report on their week: what the next reports say, through the real builder."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from sql.warehouse import Warehouse
from tests.assets.reporting.orders import MONDAY, TENANT, add_campaign, add_orders, add_week, build, refund, week


@pytest.fixture
def campaign(warehouse: Warehouse) -> Warehouse:
    """Three weeks with nine, twelve and seven orders of 500.00 that were known in time."""
    add_campaign(warehouse)
    for number, orders in enumerate((9, 12, 7)):
        add_week(warehouse, number)
        add_orders(warehouse, week(number).first, range(100 * number, 100 * number + orders))
    return warehouse


def content_of(warehouse: Warehouse, number: int) -> dict[str, Any]:
    with warehouse.transaction() as connection:
        row = connection.execute(
            "SELECT content FROM reports WHERE tenant_id = %s AND period_start = %s AND state = 'frozen'",
            (TENANT, week(number).first),
        ).fetchone()
    assert row is not None
    return cast("dict[str, Any]", row[0])


def said(warehouse: Warehouse, number: int) -> dict[str, str]:
    (section,) = content_of(warehouse, number)["to_date"]
    return {pair["term"]: pair["text"] for pair in section["pairs"]}


def test_forty_orders_that_came_late_are_told_by_the_next_report_and_add_up(campaign: Warehouse) -> None:
    assert build(campaign, 0).state == "frozen"
    add_orders(campaign, MONDAY + timedelta(days=2), range(1_000, 1_040))
    assert build(campaign, 1).state == "frozen"

    assert said(campaign, 0)["Conversions"].startswith("9 ")
    assert "Since the last report" not in said(campaign, 0)
    second = said(campaign, 1)
    assert second["Since the last report"] == (
        "Since the last report, 40 conversions and $20,000.00 of earlier days came in."
    )
    assert second["Adding up"] == (
        "9 in the last report, 40 of earlier days since then and 12 of this period make 61 conversions."
    )
    assert second["Conversions"].startswith("61 ")
    assert second["Spend"] == "$400.00 of a budget of $10,000.00"


def test_over_weeks_with_late_orders_refunds_and_a_report_that_never_left_all_adds_up(campaign: Warehouse) -> None:
    build(campaign, 0)
    add_orders(campaign, MONDAY, range(1_000, 1_003))
    refund(campaign, week(0).first, 0, 50_000)
    # The second week is not reported on.
    build(campaign, 2)

    third = said(campaign, 2)
    assert third["Since the last report"] == (
        "Since the last report, 3 conversions and $1,000.00 of earlier days came in. "
        "No report told of Mar 9 – 15, 2026: they brought 12 conversions and $6,000.00."
    ).replace(" – ", "\u2009–\u2009")
    assert third["Adding up"].endswith("12 that no report told and 7 of this period make 31 conversions.")
    with campaign.transaction() as connection:
        kept = connection.execute(
            "SELECT r.period_start, f.span, f.delivered, f.conversions, f.sample, f.revenue_minor, f.spend_minor"
            " FROM report_figures AS f JOIN reports AS r USING (tenant_id, report_id) ORDER BY 1, 2"
        ).fetchall()
    assert kept == [
        (week(0).first, "period", 20, 9.0, 9, 450_000, 20_000),
        (week(0).first, "to_date", 20, 9.0, 9, 450_000, 20_000),
        (week(2).first, "period", 20, 7.0, 7, 350_000, 20_000),
        (week(2).first, "to_date", 60, 31.0, 31, 1_500_000, 60_000),
    ]
