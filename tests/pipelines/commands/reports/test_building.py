"""earshot reports build: which reports a period gives, what each waits for, and whose it is."""

from __future__ import annotations

import re

from assets.steps import DAILY_ASSETS
from pipelines.backfill.computing import run_job
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
from tests.pipelines.history import passing_history
from tests.pipelines.running import rows, states
from tests.pipelines.small_network import MONDAY, SUNDAY, named


def test_build_makes_the_reports_of_a_period_and_says_what_each_waits_for(week: Warehouse, reports: Type) -> None:
    week.forget(DAILY_ASSETS, MONDAY, [named("kreuz")])

    planned = said(reports(*BUILD, "--dry-run"))
    assert states(week) == {}
    assert re.search(r"harbor Kettle & Co Spring frozen 1", planned)

    made = said(reports(*BUILD))
    assert states(week) == {"harbor": "frozen", "kreuz": "held"}
    assert f"{MONDAY}: not computed yet" in made
    assert "kept" in said(reports(*BUILD, "--tenant", "harbor"))
    assert "not over yet" in refused(reports("build", "--period", "2999-01-01"))


def test_naming_a_report_that_waits_makes_it_again_of_the_data_of_now(week: Warehouse, reports: Type) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    change(week, "UPDATE sponsors SET name = 'Kettle and Daughters' WHERE tenant_id = %s", HARBOR)
    said(reports("build", id_of(reports)))
    assert states(week)["harbor"] == "waiting"
    assert b"Kettle and Daughters" in frozen_files(week)["report.html"]


def test_ids_are_taken_by_their_beginnings_and_wrong_ones_say_what_to_do(week: Warehouse, reports: Type) -> None:
    reports(*BUILD)
    report = id_of(reports)
    assert "kept" in said(reports("build", report[:6]))
    assert "earshot reports list" in refused(reports("build", "ffffffffffff"))


def test_the_end_of_a_campaign_is_reported_on_over_its_whole_flight(week: Warehouse) -> None:
    change(week, "UPDATE campaigns SET ends_on = %s, starts_on = %s WHERE tenant_id = %s", SUNDAY, MONDAY, HARBOR)
    change(
        week,
        "UPDATE report_subscriptions SET cadence = 'end_of_campaign' WHERE tenant_id = ANY(%s)",
        [HARBOR, named("kreuz")],
    )
    with passing_history() as history:
        run_job(week, history, "final_reports", partition_key=SUNDAY.isoformat())
    found = rows(week, "SELECT tenant_id, cadence, state, period_start, period_end FROM reports")
    assert found == [(HARBOR, "end_of_campaign", "frozen", MONDAY, SUNDAY)]
