"""Growth: what the conversions of a campaign have added up to at the end of each local day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from assets.reporting.growth import with_growth
from reports.facts.report_facts import Period
from tests.reports.conftest import make_facts

FACTS = make_facts()
LAST = FACTS.period.last


def credited(*rows: tuple[datetime, float, bool]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows),
        schema={"converted_at": pl.Datetime("us", "UTC"), "credit": pl.Float64, "is_goal": pl.Boolean},
        orient="row",
    )


def test_credit_adds_up_by_local_day_and_other_goals_are_left_out() -> None:
    first = date(LAST.year, LAST.month, LAST.day - 2)
    noon = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    rows = credited((noon, 1.0, True), (noon.replace(day=LAST.day), 0.5, True), (noon, 9.0, False))
    assert with_growth(FACTS, rows, first).growth == (1.0, 1.0, 1.5)


def test_what_happened_before_the_first_day_is_in_its_sum() -> None:
    early = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert with_growth(FACTS, credited((early, 2.0, True)), LAST).growth == (2.0,)


def test_a_campaign_that_begins_after_the_period_has_no_line() -> None:
    assert with_growth(FACTS, credited(), date(LAST.year + 1, 1, 1)) == FACTS


def test_an_hour_before_midnight_utc_belongs_to_the_next_day_in_berlin() -> None:
    first = date(LAST.year, LAST.month, LAST.day - 1)
    assert FACTS.brand.timezone == "Europe/Berlin"
    late = datetime(first.year, first.month, first.day, 23, tzinfo=UTC)
    assert with_growth(FACTS, credited((late, 1.0, True)), first).growth == (0.0, 1.0)


def test_the_line_ends_with_the_period() -> None:
    assert len(with_growth(FACTS, credited(), FACTS.period.first).growth) == Period(FACTS.period.first, LAST).length
