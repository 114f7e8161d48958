"""Every KPI of a campaign and every number of its lift has its paragraph in the page for sponsors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assets.campaigns.results.benchmarks import COMPARED
from assets.campaigns.results.kpis import kpi_names
from assets.campaigns.weekly import COUNTS, NUMBERS
from reports.wording.labels import KPIS

PAGE = (Path(__file__).parents[3] / "docs" / "sponsors.md").read_text()
EXPLAINED = {
    name: text
    for names, text in re.findall(r"^- \*\*[^*]+\*\* \(([^)]+)\): (.+?)(?=\n- |\n\n)", PAGE, re.MULTILINE | re.DOTALL)
    for name in re.findall(r"`(\w+)`", names)
}
# The bounds of a number are explained with it.
LIFT = [name for name in (*COUNTS, *NUMBERS) if not name.endswith(("_lower", "_upper"))]


@pytest.mark.parametrize("name", [*kpi_names(), *LIFT])
def test_it_has_a_paragraph_that_is_more_than_its_name(name: str) -> None:
    assert len(EXPLAINED.get(name, "").split()) >= 7


def test_nothing_is_explained_that_does_not_exist() -> None:
    assert set(EXPLAINED) == {*kpi_names(), *LIFT}


def test_what_is_compared_is_a_number_that_reports_can_name() -> None:
    assert set(COMPARED) <= set(kpi_names())
    assert set(KPIS) == set(COMPARED)
