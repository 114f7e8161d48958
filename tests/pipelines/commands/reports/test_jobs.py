"""The jobs of the orchestrator: what the commands decide, decided in the UI."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.definitions import defs
from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    HARBOR,
    Type,
    frozen_files,
    id_of,
    wait_for_approval,
)
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY


def run(name: str, **config: object) -> None:
    job = defs.resolve_job_def(f"report_{name}")
    made = job.execute_in_process(run_config={"ops": {name: {"config": config}}}, raise_on_error=True)
    assert made.success


def test_the_jobs_of_the_orchestrator_decide_the_same(week: Warehouse, reports: Type, tmp_path: Path) -> None:
    wait_for_approval(week)

    run("build", by="ann", tenants=["harbor"], period=str(MONDAY))
    report = id_of(reports)
    run("note", by="ann", report=report, text="Thank you!")
    run("preview", folder=str(tmp_path / "look"), reports=[report])
    assert "waiting for approval" in (tmp_path / "look" / "index.html").read_text()
    run("hold", by="ann", reports=[report], reason="one more look")
    run("release", by="bea", reports=[report])
    run("approve", by="ann", reports=[report])
    run("recipients", by="ann", report=report, add=["bo@kettle.example"])
    run("resend", by="ann", report=report)
    run("brand", by="ann", tenant="harbor", brand_color="#0a7d4f")
    assert b"Thank you!" in frozen_files(week)["report.txt"]
    assert rows(week, "SELECT count(*) FROM report_deliveries") == [(2,)]
    people = {person for (person,) in rows(week, "SELECT person FROM config_changes WHERE person IS NOT NULL")}
    assert people == {"ann", "bea"}


@pytest.mark.usefixtures("reports")
def test_subscriptions_logos_and_targets_are_entered_by_job_and_stand_in_the_trail(
    week: Warehouse, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><rect width="9" height="9"/></svg>')
    run("logo", by="cleo", tenant="harbor", file=str(logo))
    campaign = rows(week, "SELECT campaign_id::text FROM campaigns WHERE tenant_id = %s LIMIT 1", HARBOR)[0][0]
    run("target", by="dora", tenant="harbor", campaign=campaign, cpa="12.50")
    to_x = {"recipients": ["x@kettle.example"], "cadence": "monthly"}
    run("subscribe", by="ed", tenant="harbor", sponsor="Kettle & Co", **to_x)
    monthly = "SELECT subscription_id::text, recipients, active FROM report_subscriptions WHERE cadence = 'monthly'"
    ((subscription, recipients, _),) = rows(week, monthly)
    assert recipients == ["x@kettle.example"]
    changes = {"add": ["Y@kettle.example"], "remove": ["x@kettle.example"], "active": False}
    run("change_subscription", by="ed", subscription=subscription[:8], **changes)
    assert rows(week, monthly) == [(subscription, ["y@kettle.example"], False)]
    trail = rows(week, "SELECT table_name, person FROM config_changes WHERE person IN ('cleo', 'dora', 'ed')")
    assert set(trail) == {("logos", "cleo"), ("campaigns", "dora"), ("report_subscriptions", "ed")}
