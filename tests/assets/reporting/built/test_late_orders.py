"""Orders that are reported after the report on their week: what the next reports say, through the real builder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from assets.reporting.correcting import TABLES
from reports.archive import read_files
from reports.steering import ReportId, approve
from sql.warehouse import Warehouse
from tests.assets.reporting.built.orders import (
    MONDAY,
    TENANT,
    WEEKLY,
    add_campaign,
    add_orders,
    add_week,
    build,
    builder,
    refund,
    tenant_of,
    touch,
    week,
)


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
    assert "Earlier days" not in said(campaign, 0)
    second = said(campaign, 1)
    assert second["Earlier days"] == ("Since the last report, 40 conversions and $20,000.00 of earlier days came in.")
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
    assert third["Earlier days"] == (
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


def revisions(warehouse: Warehouse, number: int) -> list[tuple[Any, ...]]:
    """revision, state, subject, restates and the number of mails of each revision on a week."""
    with warehouse.transaction() as connection:
        return connection.execute(
            "SELECT revision, state, subject, restates, (SELECT count(*) FROM report_deliveries AS d"
            " WHERE d.tenant_id = r.tenant_id AND d.report_id = r.report_id)"
            " FROM reports AS r WHERE tenant_id = %s AND period_start = %s ORDER BY revision",
            (TENANT, week(number).first),
        ).fetchall()


def files(warehouse: Warehouse, report_id: UUID) -> dict[str, bytes]:
    return {file.name: file.body for file in read_files(warehouse, TENANT, report_id)}


def due(warehouse: Warehouse) -> int:
    return int(warehouse.read("count_due_deliveries", now=datetime(2100, 1, 1, tzinfo=UTC)).item())


def test_forty_late_orders_prepare_a_correction_that_is_mailed_once_a_person_lets_it(campaign: Warehouse) -> None:
    first = build(campaign, 0)
    assert due(campaign) == 1
    add_orders(campaign, MONDAY + timedelta(days=2), range(1_000, 1_040))

    corrected = build(campaign, 0, week(0).window.end + timedelta(days=12))

    assert corrected.state == "waiting"
    assert corrected.report_id is not None
    assert "conversions 9 → 49" in corrected.reason
    assert "badge low_confidence → ok" in corrected.reason
    old, new = revisions(campaign, 0)
    assert (old[0], old[1], old[3], old[4]) == (1, "frozen", None, 1)
    assert (new[0], new[1], new[3], new[4]) == (2, "waiting", first.report_id, 0)
    assert new[2].startswith("[Corrected report, revision 2] Spring: ")
    # It is not mailed until somebody lets it leave.
    assert due(campaign) == 1
    made = files(campaign, corrected.report_id)
    text = " ".join(made["report.txt"].decode().split())
    assert "CORRECTED REPORT, REVISION 2" in text
    assert "Conversions Revision 1: 9 · Revision 2: 49" in text
    assert "Attributed revenue Revision 1: $4,500.00 · Revision 2: $24,500.00" in text
    page = made["report.html"].decode()
    assert all(each in page for each in ("Corrected report, revision 2", "What was corrected", "Revision 1"))
    assert "replaces revision 1 of this report" in page
    assert made["report.pdf"].startswith(b"%PDF")

    assert approve(campaign, ReportId(TENANT, corrected.report_id), "maud", datetime.now(UTC)) == 1

    assert due(campaign) == 2
    assert [each[1] for each in revisions(campaign, 0)] == ["frozen", "frozen"]
    assert build(campaign, 0, week(0).window.end + timedelta(days=13)).state == "kept"
    # The correction has told of them, so the next report has nothing to add.
    build(campaign, 1)
    assert said(campaign, 1)["Adding up"].startswith("49 in the last report, 0 of earlier days since then")


def test_a_correction_that_waits_is_made_anew_of_what_comes_in_meanwhile(campaign: Warehouse) -> None:
    build(campaign, 0)
    add_orders(campaign, MONDAY, range(1_000, 1_040))
    build(campaign, 0)
    add_orders(campaign, MONDAY, range(2_000, 2_020))

    again = build(campaign, 0)

    assert again.report_id is not None
    assert "conversions 49 → 69" in again.reason
    assert [each[:2] for each in revisions(campaign, 0)] == [(1, "frozen"), (2, "waiting")]
    text = " ".join(files(campaign, again.report_id)["report.txt"].decode().split())
    assert "Conversions Revision 1: 9 · Revision 2: 69" in text


def test_a_small_change_prepares_none_unless_the_tenant_wants_it_and_days_that_have_not_changed_are_left_alone(
    campaign: Warehouse,
) -> None:
    build(campaign, 0)
    add_orders(campaign, MONDAY, range(1_000, 1_004))
    assert changed_weeks(campaign) == [week(0).first]

    assert build(campaign, 0, datetime.now(UTC) + timedelta(days=2)).state == "kept"

    assert changed_weeks(campaign) == []
    with campaign.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET correction_conversions = 4")
    assert build(campaign, 0).state == "kept"
    touch(campaign, MONDAY, datetime.now(UTC) + timedelta(days=3))
    assert changed_weeks(campaign) == [week(0).first]
    assert build(campaign, 0).state == "waiting"


def changed_weeks(warehouse: Warehouse) -> list[date]:
    """The weeks that the clock of a morning looks at again."""
    since = {"since": MONDAY, "cadence": "weekly", "tables": list(TABLES)}
    return warehouse.read("read_changed_reports", tenants=[TENANT], **since)["period_start"].to_list()


def test_a_draft_of_days_that_are_not_final_or_did_not_pass_says_so(campaign: Warehouse) -> None:
    with campaign.transaction() as connection:
        connection.execute("UPDATE rollup_ledger SET status = 'provisional' WHERE day = %s", (MONDAY,))
        connection.execute("UPDATE check_results SET passed = false, detail = 'too few.' WHERE day = %s", (MONDAY,))

    bad, good = (builder(campaign, number).draft(tenant_of(campaign), week(number), WEEKLY) for number in (0, 1))

    assert bad is not None
    assert good is not None
    said_of_bad = " ".join(notice["text"] for notice in bad.report.content["notices"])
    assert "The period is provisional" in said_of_bad
    assert "A data check did not pass for Mar 2, 2026: too few." in said_of_bad
    said_of_good = " ".join(notice["text"] for notice in good.report.content["notices"])
    assert "provisional" not in said_of_good
    assert "data check" not in said_of_good
