"""earshot reports approve, hold, release and note: a campaign manager decides what becomes of a report."""

from __future__ import annotations

import re

from assets.steps import DAILY_ASSETS
from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    BUILD,
    HARBOR,
    Type,
    change,
    frozen_files,
    id_of,
    refused,
    said,
    wait_for_approval,
)
from tests.pipelines.running import compute, states
from tests.pipelines.small_network import SUNDAY


def test_a_report_that_waits_leaves_as_it_was_seen_once_it_is_approved_and_once_only(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    assert "earshot reports approve" in said(reports(*BUILD, "--tenant", "harbor"))
    seen = frozen_files(week)
    assert states(week)["harbor"] == "waiting"
    assert "nothing was due" in said(earshot("deliver"))

    # The morning's run leaves it as it was seen.
    change(week, "UPDATE sponsors SET name = 'Kettle and Daughters' WHERE tenant_id = %s", HARBOR)
    assert "kept" in said(reports(*BUILD, "--tenant", "harbor"))
    report = id_of(reports)
    assert "1 mail(s) would be queued" in said(reports("approve", report, "--dry-run"))
    assert "1 mail(s) queued" in said(reports("approve", report))
    assert (states(week)["harbor"], frozen_files(week)) == ("frozen", seen)
    assert "1 accepted" in said(earshot("deliver"))
    assert "does not wait for approval: it is frozen" in refused(reports("approve", report))
    trail = said(earshot("audit", "--table", "reports"))
    assert re.search(
        r"ann \(earshot\) reports report_id \S+ state: waiting -> frozen; approved_by: nothing -> ann", trail
    )


def test_a_held_report_stays_whatever_runs_until_somebody_releases_it(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    said(reports("hold", report, "--reason", "the sponsor asked us to wait."))
    assert "ann stopped it: the sponsor asked us to wait." in said(reports("list"))
    assert "was stopped by ann" in refused(reports("approve", report, by="bea"))
    assert "stopped already" in refused(reports("hold", report, "--reason", "again"))
    said(reports("release", report, by="bea"))
    said(reports("approve", report))

    # Its mail waits in the queue, and can still be kept there.
    assert "1 mail(s) wait, 0 have left" in said(reports("hold", report, "--reason", "one more look"))
    assert "nothing was due" in said(earshot("deliver"))
    assert "is released" in said(reports("release", report))
    assert "1 accepted" in said(earshot("deliver"))
    assert "no mail of it waits, 1 have left" in refused(reports("hold", report, "--reason", "too late"))
    assert "Nobody has stopped" in refused(reports("release", report))
    trail = said(earshot("audit", "--table", "reports"))
    assert re.search(r"bea \(earshot\) reports report_id \S+ stopped_by: ann -> nothing", trail)


def test_a_report_that_is_held_before_it_is_made_is_made_when_it_is_released(week: Warehouse, reports: Type) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [HARBOR])
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    said(reports("hold", report, "--reason", "wrong logo"))
    compute(week, SUNDAY, SUNDAY, ["harbor"])
    assert "ann stopped it: wrong logo." in said(reports(*BUILD, "--tenant", "harbor"))
    assert states(week)["harbor"] == "held"
    assert "frozen" in said(reports("release", report))
    assert states(week)["harbor"] == "frozen"


def test_a_period_in_which_nothing_happened_leaves_by_a_persons_word_alone(week: Warehouse, reports: Type) -> None:
    change(week, "UPDATE report_subscriptions SET empty_policy = 'notify' WHERE tenant_id = %s", HARBOR)
    for table in ("ad_exposures", "placement_delivery", "conversions", "attribution_credits"):
        change(week, f"DELETE FROM {table} WHERE tenant_id = %s", HARBOR)
    assert "Nothing was delivered or converted" in said(reports(*BUILD, "--tenant", "harbor"))
    said(reports("release", id_of(reports)))
    assert states(week)["harbor"] == "frozen"


def test_a_note_stands_in_every_form_of_the_report_as_it_was_written(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    report, text = id_of(reports), 'We moved <b>two</b> ads & "added" one. Thank you!'
    assert "waiting" in said(reports("note", report, text))
    files = frozen_files(week)
    assert b'We moved &lt;b&gt;two&lt;/b&gt; ads &amp; "added" one. Thank you!' in files["report.html"]
    assert text in files["report.txt"].decode()
    said(reports("approve", report))
    assert frozen_files(week) == files
    assert "stays as it is" in refused(reports("note", report, "Too late."))
    assert "400" in refused(reports("note", report, "word " * 100))
    assert text in said(earshot("audit", "--table", "reports"))
