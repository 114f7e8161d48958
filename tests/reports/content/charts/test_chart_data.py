"""Chart data: one group of bars with what each cost, labels that can be told apart, axes without rounded ticks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.compose import compose
from reports.content.charts.chart_data import count_ticks
from reports.content.report import Bar, BarChart, ReportContent
from reports.facts.report_facts import Daily, ReportFacts
from reports.facts.to_date import Figures
from reports.wording.chart_labels import LONGEST, distinct
from reports.wording.formats import Formatter
from tests.reports.conftest import shows_of

ChangeFacts = Callable[..., ReportFacts]


def chart(content: ReportContent) -> BarChart:
    assert content.bars is not None
    return content.bars


def test_shows_stand_in_one_group_with_spend_and_cost_per_conversion(facts: ReportFacts) -> None:
    """Twice the period's to date: of the same ads since their start, and not a period's orders over its spend."""
    doubled = tuple(
        replace(row, to_date=(row.to_date or Figures()) + (row.to_date or Figures())) for row in facts.placements
    )
    bars = chart(compose(replace(facts, placements=doubled, shows=shows_of(doubled)))).bars
    rows = [row for row in doubled if row.show == "Build & Ship"]
    so_far = [row.to_date for row in rows if row.to_date is not None]
    spend, conversions = sum(each.spend_minor or 0 for each in so_far), sum(each.conversions for each in so_far)
    assert [bar.label for bar in bars] == ["Build & Ship", "Night Shift", "Hardware Weekly"]
    assert bars[0].value == 179
    assert (len(so_far), conversions) == (len(rows), 358)
    cost = f"${spend / 100:,.2f} spent, ${spend / 35800:,.2f} per conversion"
    assert bars[0].detail == f"to date: {cost}"


def test_a_cost_counts_the_placements_that_earned_nothing(change_facts: ChangeFacts) -> None:
    facts = change_facts()
    idle = replace(facts.placements[0], conversions=0.0, delivered=0, to_date=Figures(900, 0.0, 0, 0, 100_000))
    placements = (*facts.placements, idle)
    with_idle = chart(compose(replace(facts, placements=placements, shows=shows_of(placements)))).bars[0]
    without = chart(compose(facts)).bars[0]
    assert with_idle.value == without.value
    assert with_idle.detail != without.detail


@pytest.mark.parametrize(
    ("spends", "detail"),
    [((None, 500), ""), ((0, 0), ""), ((100, 200), "to date: $3.00 spent")],
)
def test_an_unknown_cost_is_not_told_and_few_conversions_have_no_cost_each(
    change_facts: ChangeFacts, spends: tuple[int | None, int], detail: str
) -> None:
    facts = change_facts()
    aside = replace(facts.placements[0], show="Aside", delivered=0, conversions=2.0)
    rows = [replace(aside, to_date=Figures(500, 2.0, 2, 900, spend)) for spend in spends]
    placements = (*facts.placements[2:], *rows)
    content = compose(replace(facts, placements=placements, shows=shows_of(placements)))
    assert next(bar.detail for bar in chart(content).bars if bar.label == "Aside") == detail


def test_one_show_is_told_by_its_episodes_and_the_rest_in_one_bar(facts: ReportFacts) -> None:
    rows = tuple(replace(row, show="Build & Ship") for row in facts.placements)
    bars = chart(compose(replace(facts, placements=rows)))
    assert bars.title == "Conversions by episode in this period"
    assert bars.bars[-1] == Bar("6 more episodes", 97.0, "97", folded=True)


def test_conversions_stand_on_the_days_of_the_ads(facts: ReportFacts, change_facts: ChangeFacts) -> None:
    line = compose(facts).line
    assert line is not None
    assert line.conversions == facts.daily.conversions
    assert line.title == "Ads and conversions per day"
    quiet = compose(change_facts(daily=Daily(facts.daily.delivered))).line
    assert quiet is not None
    assert (quiet.conversions, quiet.title) == ((), "Ads delivered per day")


def test_episodes_of_one_title_are_told_apart() -> None:
    assert distinct([("Pilot", "Night Shift"), ("Pilot", "Build & Ship"), ("Finale", "Night Shift")]) == [
        "Pilot · Night Shift",
        "Pilot · Build & Ship",
        "Finale",
    ]
    assert distinct([("Pilot", "A", "Q3"), ("Pilot", "A", "Q4")]) == ["Pilot · Q3", "Pilot · Q4"]
    assert distinct([("Pilot", "A"), ("Pilot", "A")]) == ["Pilot (1)", "Pilot (2)"]


def test_a_long_label_keeps_the_part_that_tells_it_apart() -> None:
    start = "The complete and unabridged history of small computers in the north, as told by those who repaired them, "
    labels = distinct([(f"{start}part {number}: {'and so on, ' * 9}",) for number in range(1, 4)])
    assert [f"part {number}:" in label for number, label in enumerate(labels, start=1)] == [True] * 3
    assert all(label.startswith("The complete and") for label in labels)
    alone = distinct([(f"{start}with its last words",)])[0]
    assert alone.endswith("with its last words")
    assert len(alone) <= LONGEST


@given(st.lists(st.tuples(st.text("ab ", max_size=150), st.text("xy", max_size=3)), max_size=8))
def test_labels_are_never_alike_and_never_long(names: list[tuple[str, ...]]) -> None:
    labels = distinct(names)
    assert len(set(labels)) == len(names)
    assert all(len(label) <= LONGEST + len(" (8)") + 1 for label in labels)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "ja_JP"])
def test_no_tick_of_an_axis_is_rounded(locale: str) -> None:
    formatter = Formatter(locale, "UTC")
    for largest in (9, 480, 2_400, 9_000, 48_000, 9_000_000, 48_000_000):
        labels = [label for _, label in count_ticks(largest, formatter)]
        assert len(set(labels)) == len(labels)
    assert [label for _, label in count_ticks(9_000_000, Formatter("en_US", "UTC"))][:3] == ["0", "2.5M", "5M"]
