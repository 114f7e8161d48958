"""What a report says of attribution models: their rules by their settings, and where they differ."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from assets.attribution.models import EXTRA_MODELS, J_STRONG, J_WEAK, MODELS, POSITION_ENDS
from reports.compose import compose
from reports.content.report import ReportContent
from reports.facts.report_facts import ModelRow, ReportFacts
from reports.wording.labels import MODEL_RULES


def defined(content: ReportContent) -> dict[str, str]:
    return {pair.term: pair.text for pair in content.definitions.pairs}


@pytest.mark.parametrize(
    ("half_lives", "rule"),
    [
        (("3.5",), "Credit halves for every 3.5 days before the conversion."),
        (("7", "7.0"), "Credit halves for every 7 days before the conversion."),
        (("1",), "Credit halves for every day before the conversion."),
        (("5", "10"), "Credit halves for every 5 or 10 days before the conversion."),
        ((), "Later ads get more credit than earlier ones."),
    ],
)
def test_the_half_life_is_that_of_the_settings(facts: ReportFacts, half_lives: tuple[str, ...], rule: str) -> None:
    method = replace(facts.method, default_model="time_decay", half_life_days=tuple(map(Decimal, half_lives)))
    content = compose(replace(facts, method=method))
    assert defined(content)["Time decay"] == rule
    method_box = {pair.term: pair.text for pair in content.method.pairs}
    assert method_box["Attribution model"] == f"Time decay: {rule[0].lower()}{rule[1:]}"


def test_rules_name_the_shares_that_the_models_give() -> None:
    ends, middle = f"{POSITION_ENDS:.0%}", f"{1 - 2 * POSITION_ENDS:.0%}"
    assert MODEL_RULES["position_based"].startswith(f"{ends} to the first ad, {ends} to the last, {middle} shared")
    assert MODEL_RULES["j_shaped"].startswith(f"{J_WEAK:.0%} to the first ad, {J_STRONG:.0%} to the last")
    assert MODEL_RULES["inverse_j"].startswith(f"{J_STRONG:.0%} to the first ad, {J_WEAK:.0%} to the last")
    assert {*MODELS, *EXTRA_MODELS} - set(MODEL_RULES) == {"time_decay"}


def test_models_are_compared_on_the_placements_on_which_they_differ(content: ReportContent) -> None:
    table = content.models
    assert table is not None
    assert table.title.startswith("Where attribution models differ: conversions, Jul 1")
    assert table.columns[:3] == ("Placement", "Linear (this report)", "First touch")
    assert table.rows[0].name == "All placements"
    assert [row.cells for row in table.rows[1:]] == [
        ("54", "55", "53", "–", "–"),
        ("44", "45", "43", "–", "–"),
        ("43", "42", "44", "–", "–"),
        ("38", "37", "39", "–", "–"),
    ]
    assert table.note.endswith("On 8 other placements they agree.")


def test_five_rows_of_the_same_numbers_are_no_comparison(facts: ReportFacts) -> None:
    same = tuple((model, 7.0) for model in ("first_touch", "last_touch", "linear"))
    rows = tuple(replace(row, by_model=same) for row in facts.placements)
    models = tuple(ModelRow(model, 84.0, 100) for model, _ in same)
    assert compose(replace(facts, placements=rows, models=models)).models is None


def test_a_long_comparison_is_cut_and_reports_it(facts: ReportFacts) -> None:
    row = replace(facts.placements[0], delivered=1, conversions=1.0, by_model=(("linear", 1.0), ("last_touch", 2.0)))
    many = tuple(replace(row, episode=f"Episode {number}") for number in range(23))
    table = compose(replace(facts, placements=many)).models
    assert table is not None
    assert len(table.rows) == 21
    assert "20 of 23 placements on which they differ; the CSV holds all." in table.note
