"""earshot reports preview: reports as they would leave, before they do."""

from __future__ import annotations

import re
from pathlib import Path

from assets.steps import DAILY_ASSETS
from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    BUILD,
    HARBOR,
    Type,
    frozen_files,
    id_of,
    said,
    wait_for_approval,
    without_mark,
)
from tests.pipelines.running import compute, states
from tests.pipelines.small_network import SUNDAY, named


def test_a_held_reports_draft_has_the_bytes_of_the_mail_that_leaves_later(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [HARBOR])
    reports(*BUILD)
    report = id_of(reports)
    said(reports("preview", tmp_path / "early", report))
    (early,) = (each for each in (tmp_path / "early").iterdir() if each.is_dir())
    assert states(week)["harbor"] == "held"
    assert "DRAFT: not sent." in (early / "report.html").read_text()
    assert "not computed yet" in (early / "report.html").read_text()

    # Its days are final now, and a person keeps it back.
    said(reports("hold", report, "--reason", "one more look"))
    compute(week, SUNDAY, SUNDAY, ["harbor"])
    reports(*BUILD)
    assert states(week)["harbor"] == "held"
    said(reports("preview", tmp_path / "look", report))
    (folder,) = (each for each in (tmp_path / "look").iterdir() if each.is_dir())
    draft = (folder / "report.html").read_text()
    assert "DRAFT: not sent." in draft

    said(reports("release", report))
    assert states(week)["harbor"] == "frozen"
    sent = frozen_files(week)
    assert (folder / "report.draft.pdf").read_bytes() == sent["report.pdf"]
    assert (folder / "report.draft.zip").read_bytes() == sent["report.zip"]
    assert (folder / "report.txt").read_bytes().partition(b"\n\n")[2] == sent["report.txt"]
    said(reports("preview", tmp_path / "later", report))
    (later,) = (each for each in (tmp_path / "later").iterdir() if each.is_dir())
    assert (later / "report.html").read_text() == without_mark(draft)


def test_the_preview_shows_every_report_with_its_state_and_a_draft_of_what_has_not_left(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [named("kreuz")])
    wait_for_approval(week)
    reports(*BUILD)
    page = said(reports("preview", tmp_path)) and (tmp_path / "index.html").read_text()
    assert "1 held" in page
    assert "1 waiting for approval" in page
    opened = re.findall(r'href="([^"]+/report\.html)"', page)
    assert len(set(opened)) == 2
    assert all("DRAFT" in (tmp_path / each).read_text() for each in opened)
    assert "earshot backfill" in page
