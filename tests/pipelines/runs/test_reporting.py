"""Reporting: the week's reports, frozen once, in each tenant's language, and held where days are missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from assets.steps import DAILY_ASSETS
from pipelines.backfill.computing import run_job
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.running import compute, freeze_reports, rows, states
from tests.pipelines.small_network import (
    MONDAY,
    SUNDAY,
    named,
)

THURSDAY = MONDAY + timedelta(days=3)

pytestmark = pytest.mark.usefixtures("home")


def test_reports_are_frozen_and_mailed_once_whatever_runs_again(week: Warehouse, home: Path) -> None:
    everything = "SELECT content_hash, as_of, run_id FROM reports ORDER BY report_id"
    freeze_reports(week)
    frozen = rows(week, everything)
    compute(week, SUNDAY)
    freeze_reports(week)
    assert rows(week, everything) == frozen
    with passing_history() as history:
        for _ in range(2):
            run_job(week, history, "delivery_worker")
    assert rows(week, "SELECT state, count(*) FROM report_deliveries GROUP BY state") == [("accepted", 2)]
    assert rows(week, "SELECT count(*) FROM delivery_attempts") == [(2,)]


def test_a_report_speaks_its_tenants_language_unless_its_subscription_says_otherwise(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET locale = 'de_DE'")
        connection.execute("UPDATE report_subscriptions SET locale = 'en_US' WHERE tenant_id = %s", (named("harbor"),))
    freeze_reports(week)
    bodies = "SELECT slug, convert_from(body, 'UTF8') FROM report_artefacts INNER JOIN tenants USING (tenant_id)"
    texts = dict(rows(week, f"{bodies} WHERE report_artefacts.name = 'report.txt'"))
    for slug, figures in (("harbor", ("Aired: Mar 1, 2026", "9:00")), ("kreuz", ("Erschienen: 01.03.2026", "10:00"))):
        assert all(figure in texts[slug] for figure in figures)


def test_a_name_that_no_font_can_print_holds_up_no_report(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE sponsors SET name = 'ᚠᚢᚦ' WHERE tenant_id = %s", (named("harbor"),))
    freeze_reports(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}


def test_a_report_without_recipients_is_stored_and_listed_as_such(
    week: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE report_subscriptions SET recipients = '{}' WHERE tenant_id = %s", (named("harbor"),))
    freeze_reports(week)
    assert states(week) == {"harbor": "frozen", "kreuz": "frozen"}
    assert "has no recipients: add some to its subscription" in caplog.text
    assert rows(week, "SELECT count(*) FROM report_deliveries") == [(1,)]


def test_a_week_that_was_not_computed_is_held_and_says_which_days(week: Warehouse) -> None:
    week.forget(DAILY_ASSETS, THURSDAY, [named("harbor")])
    freeze_reports(week)
    assert states(week) == {"harbor": "held", "kreuz": "frozen"}
    ((reason,),) = rows(week, "SELECT held_reason FROM reports WHERE state = 'held'")
    assert f"{THURSDAY}: not computed yet" in reason
