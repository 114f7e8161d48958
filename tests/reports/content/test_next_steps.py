"""What to do next: each rule with its numbers, and nothing where a rule has too little to go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reports.content.next_steps import next_steps
from reports.facts.report_facts import CodeUse, Pacing, Period, PlacementRow, ReportFacts, Totals
from reports.facts.to_date import Figures, ToDate
from reports.wording.formats import Formatter
from tests.reports.conftest import shows_of

FORMATTER = Formatter("en_US", "UTC")


def placed(show: str, conversions: int, spend_minor: int | None, currency: str = "USD", **changes: Any) -> PlacementRow:
    figures = Figures(1000, float(conversions), conversions, 0, spend_minor)
    row = PlacementRow(
        "Spring", show, "Episode", "Mid", "mid", date(2026, 3, 2), None, 0, 0.0, None, None, currency, to_date=figures
    )
    return replace(row, **changes)


def to_date(sample: int, days: int) -> ToDate:
    first = date(2026, 3, 2)
    return ToDate("USD", first, date.fromordinal(first.toordinal() + days - 1), Figures(1, float(sample), sample, 0, 0))


@pytest.fixture
def steps(quiet_facts: ReportFacts) -> Callable[..., tuple[str, ...]]:
    def made(**changes: Any) -> tuple[str, ...]:
        # Only the rule in question has anything to go by.
        bare = replace(quiet_facts, currency=None, now=Totals(0, 0, 0.0, 0, None, None))
        return next_steps(replace(bare, **changes), FORMATTER)

    return made


def test_nothing_to_go_by_says_nothing(steps: Callable[..., tuple[str, ...]]) -> None:
    assert steps() == ()


@pytest.mark.parametrize(("delivered", "is_said"), [(949, True), (950, False), (1200, False)])
def test_behind_pacing_names_what_is_missing(
    steps: Callable[..., tuple[str, ...]], delivered: int, is_said: bool
) -> None:
    said = steps(pacing=Pacing(4000, delivered, 1000))
    assert bool(said) == is_said
    if is_said:
        assert said == (
            "Ask how delivery catches up: 949 of 1,000 ads due by now are delivered, 51 are missing.",
        )  # fmt: skip


def test_once_all_flights_are_over_only_a_make_good_helps(steps: Callable[..., tuple[str, ...]]) -> None:
    said = steps(pacing=Pacing(1000, 900, 1000, ended=True, make_good=100))
    assert said == ("Agree when the make-good of 100 ads airs: flights have ended short of their booking.",)


def test_a_show_that_beats_the_median_is_named_with_both_costs(steps: Callable[..., tuple[str, ...]]) -> None:
    rows = (placed("Ship", 40, 40_000), placed("Night", 30, 60_000), placed("Weekly", 10, 30_000))
    # 10.00, 20.00 and 30.00 a conversion: the first is half of the median.
    assert steps(shows=shows_of(rows)) == (
        "Consider more of Ship: a conversion costs $10.00 there, 50% less than the median of 3 "
        "shows ($20.00), all to date.",
    )


@pytest.mark.parametrize(
    "rows",
    [
        (placed("Ship", 40, 40_000), placed("Night", 30, 60_000)),
        (placed("Ship", 29, 29_000), placed("Night", 30, 60_000), placed("Weekly", 10, 30_000)),
        (placed("Ship", 40, 66_000), placed("Night", 30, 60_000), placed("Weekly", 10, 30_000)),
        (placed("Ship", 40, 40_000), placed("Night", 30, 60_000), placed("Weekly", 10, None)),
        (placed("Ship", 40, 40_000), placed("Night", 30, 60_000), placed("Weekly", 10, 30_000, "EUR")),
        (placed("Ship", 40, 40_000), placed("Night", 30, 60_000), placed("", 10, 30_000, is_folded=True)),
    ],
    ids=["two shows", "a small sample", "less than a fifth", "no spend", "another currency", "a folded row"],
)
def test_a_show_is_not_praised_for_too_little(
    steps: Callable[..., tuple[str, ...]], rows: tuple[PlacementRow, ...]
) -> None:
    assert steps(shows=shows_of(rows)) == ()


def test_a_code_that_nobody_used_is_named_where_ads_were_delivered(steps: Callable[..., tuple[str, ...]]) -> None:
    codes = (
        CodeUse("ship20", "code", "Ship mid", 0, 0, 1500),
        CodeUse("night20", "code", "Night mid", 0, 3, 9000),
        CodeUse("late20", "code", "Late mid", 0, 0, 0),
    )
    (said,) = steps(codes=codes)
    assert said.startswith("Check the code ship20 (Ship mid): nobody has used it so far, after 1,500 ads.")


def test_an_address_that_nobody_came_by_is_no_code_for_a_checkout(steps: Callable[..., tuple[str, ...]]) -> None:
    (said,) = steps(codes=(CodeUse("acme.example/night", "vanity_url", "Night mid", 0, 0, 1500),))
    assert said == (
        "Check the address acme.example/night (Night mid): nobody has come by it so far, after 1,500 ads. Is it read "
        "out, and does it open?"
    )


@pytest.mark.parametrize(
    ("sample", "days", "weeks"),
    # 15 in three weeks are 5 a week: 15 more need 3. 29 in two weeks: 1 more needs a part of one.
    [(15, 21, "3 more weeks"), (29, 14, "1 more week before"), (10, 7, "2 more weeks"), (11, 15, "4 more weeks")],
)
def test_a_small_sample_names_the_weeks_that_it_needs(
    steps: Callable[..., tuple[str, ...]], sample: int, days: int, weeks: str
) -> None:
    (said,) = steps(to_date=(to_date(sample, days),))
    assert weeks in said
    assert f"{sample} of 30 conversions are there" in said
    assert said.endswith(" after 1 week." if days == 7 else f" after {-(-days // 7)} weeks.")


@pytest.mark.parametrize(("sample", "days"), [(0, 21), (30, 21), (1, 28)], ids=["none", "enough", "beyond a year"])
def test_no_weeks_are_named_where_none_help(steps: Callable[..., tuple[str, ...]], sample: int, days: int) -> None:
    assert steps(to_date=(to_date(sample, days),)) == ()


def test_no_weeks_are_named_once_the_flights_are_over(steps: Callable[..., tuple[str, ...]]) -> None:
    over = {"to_date": (to_date(15, 21),), "period": Period(date(2026, 3, 16), date(2026, 3, 22))}
    assert steps(**over, flights=(Period(date(2026, 3, 2), date(2026, 3, 22)),)) == ()
    assert len(steps(**over, flights=(Period(date(2026, 3, 2), date(2026, 3, 23)),))) == 1
