"""The jobs of the orchestrator: what the commands decide, decided in the UI."""

from __future__ import annotations

from pathlib import Path

from pipelines.definitions import defs
from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    Type,
    frozen_files,
    id_of,
    wait_for_approval,
)
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY


def test_the_jobs_of_the_orchestrator_decide_the_same(week: Warehouse, reports: Type, tmp_path: Path) -> None:
    wait_for_approval(week)

    def run(name: str, **config: object) -> None:
        job = defs.resolve_job_def(f"report_{name}")
        made = job.execute_in_process(run_config={"ops": {name: {"config": config}}}, raise_on_error=True)
        assert made.success

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
