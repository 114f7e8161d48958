"""Rows of too few households stand as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reporting.figures.folding import OTHER_ROWS, Counted, fold_small, shows_apart
from reports.facts.report_facts import PlacementRow


def row(name: str, households: int, delivered: int | None = None, campaign: str = "Spring") -> Counted:
    ads = households if delivered is None else delivered
    placed = PlacementRow(campaign, "Tides", name, name, "mid", None, None, ads, 0.5, 100, 1_000, "USD")
    return Counted(placed, households)


def of_show(show: str, name: str, households: int) -> Counted:
    return Counted(replace(row(name, households).row, show=show), households)


def apart(*rows: Counted) -> set[str]:
    return {show for _, show in shows_apart(rows, 10)}


def names(rows: list[Counted], fewest: int = 10) -> list[str]:
    return [each.episode for each in fold_small(rows, fewest)[0]]


def test_rows_of_enough_households_stay() -> None:
    assert names([row("one", 10), row("two", 30)]) == ["one", "two"]


def test_small_rows_become_one_with_their_sums() -> None:
    rows_left, folded = fold_small([row("one", 40), row("two", 6), row("three", 5)], 10)
    assert [each.episode for each in rows_left] == ["one", OTHER_ROWS]
    other = rows_left[1]
    assert (other.delivered, other.conversions, other.revenue_minor, other.spend_minor) == (11, 1.0, 200, 2_000)
    assert folded == 2


def test_a_second_row_folds_where_one_alone_could_be_subtracted() -> None:
    assert names([row("one", 40), row("two", 6), row("three", 15)]) == ["one", OTHER_ROWS]


def test_rows_fold_until_together_they_are_enough() -> None:
    assert names([row("one", 40), row("two", 2), row("three", 3), row("four", 12)]) == ["one", OTHER_ROWS]


def test_campaigns_fold_apart_because_their_totals_differ() -> None:
    rows = [row("one", 40), row("two", 6), row("three", 40, campaign="Summer"), row("four", 40, campaign="Summer")]
    assert names(rows) == [OTHER_ROWS, "three", "four"]


@pytest.mark.parametrize("alone", [row("one", 3), row("one", 0, delivered=0)])
def test_a_row_that_is_the_whole_or_delivered_nothing_stays(alone: Counted) -> None:
    assert names([alone]) == ["one"]


@settings(max_examples=50, deadline=None)
@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_nothing_is_lost_and_no_small_row_can_be_subtracted(counts: list[int]) -> None:
    rows = [row(f"row {number}", households) for number, households in enumerate(counts)]
    rows_left, folded = fold_small(rows, 10)
    assert sum(each.delivered for each in rows_left) == sum(counts)
    with_ads = [count for count in counts if count]
    assert folded != 1
    if folded:
        shown = {each.episode for each in rows_left}
        assert all(each.row.episode in shown for each in rows if each.households == 0)
        assert sum(each.delivered for each in rows_left if each.episode == OTHER_ROWS) >= min(10, sum(with_ads))
    else:
        assert len(with_ads) <= 1 or min(with_ads) >= 10


def test_the_second_row_is_of_the_same_show_so_that_both_shows_can_be_told() -> None:
    rows = [of_show("A", "a1", 40), of_show("A", "a2", 12), of_show("B", "b1", 3), of_show("B", "b2", 50)]
    assert names(rows) == ["a1", "a2", OTHER_ROWS]
    rows.append(of_show("B", "b3", 60))
    assert names(rows) == ["a1", "a2", "b3", OTHER_ROWS]
    assert apart(*rows) == {"A", "B"}


def test_a_show_is_not_told_where_it_would_single_out_a_folded_row() -> None:
    """Of B one row folds, and one of A with it: B's is the whole show, and A's could be subtracted."""
    small = [of_show("A", "a1", 40), of_show("A", "a2", 12), of_show("B", "b1", 3)]
    assert names(small) == ["a1", OTHER_ROWS]
    assert apart(*small) == set()
    assert apart(*small, of_show("C", "c1", 90)) == {"C"}


def test_another_show_stays_with_one_that_could_be_subtracted() -> None:
    """B's only row is of few households and folds with two of A, which could be told but for it."""
    rows = [of_show("A", "a1", 40), of_show("A", "a2", 4), of_show("A", "a3", 8), of_show("B", "b1", 3)]
    assert names([*rows, of_show("C", "c1", 90)]) == ["a1", "c1", OTHER_ROWS]
    assert apart(*rows, of_show("C", "c1", 90)) == {"C"}


def test_shows_without_folded_rows_are_all_told() -> None:
    assert apart(of_show("A", "a1", 40), of_show("B", "b1", 10)) == {"A", "B"}
    assert apart(row("one", 3)) == {"Tides"}
