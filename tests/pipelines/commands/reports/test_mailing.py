"""earshot reports recipients and resend: who gets a report, and which mail its owner gets."""

from __future__ import annotations

import re

from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    BUILD,
    HARBOR,
    Type,
    change,
    id_of,
    refused,
    said,
    wait_for_approval,
)
from tests.pipelines.running import rows


def test_one_more_recipient_gets_a_report_and_nobody_a_second_time(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    assert "1 accepted" in said(earshot("deliver"))
    done = said(reports("recipients", "add", report, "Bo@kettle.example", "maud@kettle.example"))
    assert "bo@kettle.example is in the queue. maud@kettle.example has it already (accepted); no second mail." in done
    assert "1 accepted" in said(earshot("deliver"))
    sent = rows(week, "SELECT recipient, count(*) FROM report_deliveries GROUP BY 1 ORDER BY 1")
    assert sent == [("bo@kettle.example", 1), ("maud@kettle.example", 1)]
    assert "is not an address" in refused(reports("recipients", "add", report, "bo"))
    assert re.search(
        r"ann \(earshot\) report_deliveries .* added", said(earshot("audit", "--table", "report_deliveries"))
    )

    # Once more to one of them, because she asks for it.
    assert "Every mail of it" in said(reports("resend", report, "--yes"))
    said(reports("resend", report, "--to", "maud@kettle.example", "--yes"))
    assert "gets no mail of it" in said(reports("recipients", "remove", report, "maud@kettle.example"))
    assert "nothing was due" in said(earshot("deliver"))
    assert "never went to eve@kettle.example" in refused(reports("resend", report, "--to", "eve@kettle.example"))


def test_the_owner_is_told_once_that_a_report_waits_or_that_nothing_happened(week: Warehouse, reports: Type) -> None:
    change(week, "UPDATE tenants SET owner_address = 'ann@harbor.example'")
    wait_for_approval(week)
    for _ in range(2):
        reports(*BUILD, "--tenant", "harbor")
    told = rows(week, "SELECT subject FROM alerts")
    assert len(told) == 1
    assert told[0][0].startswith("A report waits for approval: ")
    change(week, "UPDATE reports SET as_of = as_of - interval '3 days' WHERE tenant_id = %s", HARBOR)
    for _ in range(2):
        reports(*BUILD, "--tenant", "harbor")
    assert len(rows(week, "SELECT FROM alerts WHERE subject LIKE '%%for 3 day(s)%%'")) == 1
