"""Episodes under their placements: what belongs together, what it sums to, and how small the sample of a sum can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reports.compose import compose
from reports.content.tables.grouping import grouped, together
from reports.facts.report_facts import PlacementRow, ReportFacts
from reports.facts.to_date import Figures


def placed(episode: str, placement: str, conversions: float, *, delivered: int = 100) -> PlacementRow:
    return PlacementRow(
        "Spring", "Ship", episode, placement, "mid", date(2026, 3, 2), 50, delivered, conversions, 1_000, 500, "USD",
        to_date=Figures(delivered, conversions, int(conversions), 1_000, 500),
    )  # fmt: skip


def test_a_placement_stands_before_its_episodes_and_sums_them_up() -> None:
    rows = [placed("One", "Mid", 3.5), placed("Alone", "Pre", 5.0), placed("Two", "Mid", 2.25, delivered=40)]
    mid, pre = grouped(rows)
    assert [row.episode for row in mid.episodes] == ["One", "Two"]
    whole = mid.whole
    assert (whole.placement, whole.episode, whole.aired) == ("Mid", "", None)
    assert (whole.booked, whole.delivered, whole.conversions) == (100, 140, 5.75)
    assert (whole.revenue_minor, whole.spend_minor) == (2_000, 1_000)
    assert (pre.whole, pre.is_single) == (rows[1], True)


def test_what_is_not_known_of_an_episode_is_not_known_of_its_placement() -> None:
    rows = [placed("One", "Mid", 1.0), replace(placed("Two", "Mid", 1.0), booked=None, spend_minor=None, to_date=None)]
    ((whole, _),) = [(group.whole, group.episodes) for group in grouped(rows)]
    assert (whole.booked, whole.spend_minor, whole.to_date, whole.revenue_minor) == (None, None, None, 2_000)


def test_folded_rows_stay_alone_and_come_last() -> None:
    folded = replace(placed("", "", 90.0), is_folded=True)
    groups = grouped([folded, placed("One", "Mid", 1.0), replace(folded, conversions=95.0)])
    assert [group.whole.is_folded for group in groups] == [False, True, True]


@pytest.mark.parametrize(
    ("parts", "sample"),
    [
        # Three orders that followed both ads, half of each to either: six in the samples, three in fact.
        (((1.5, 3), (1.5, 3)), 3),
        # No shared order: credit of seven needs seven.
        (((3.0, 3), (4.0, 4)), 7),
        # One had ten orders with small parts of each.
        (((1.0, 10), (1.0, 1)), 10),
        ((), 0),
    ],
)
def test_the_sample_of_a_sum_is_the_fewest_that_there_can_be(parts: tuple[tuple[float, int], ...], sample: int) -> None:
    assert together(Figures(1, credit, size, 0, 0) for credit, size in parts).sample == sample


def test_the_mail_lists_episodes_under_their_placement(facts: ReportFacts) -> None:
    rows = compose(facts).top_placements.rows
    first = rows[0]
    assert (first.name, first.cells[:3]) == ("Build & Ship mid-roll", ("4 episodes", "138,891", "160"))
    assert [row.is_part for row in rows[:8]] == [False, True, True, True, True, False, True, True]
    episodes = [row for row in rows if row.is_part or "episode" not in row.cells[0]]
    assert len(episodes) == len(facts.placements)
