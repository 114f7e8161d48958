"""The lines on how conversions come in: sums over a campaign, and delays after the last ad; and new customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from assets.reporting.figures.growth import with_growth
from reports.compose import compose
from reports.facts.growing import Customers, Delays
from reports.facts.report_facts import Period, ReportFacts
from reports.rendering.render import render


def credited(*rows: tuple[str, float, bool]) -> pl.DataFrame:
    """converted_at in UTC, credit, is_goal."""
    return pl.DataFrame(
        {
            "converted_at": [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment, _, _ in rows],
            "credit": [credit for _, credit, _ in rows],
            "is_goal": [is_goal for _, _, is_goal in rows],
        },
        schema={"converted_at": pl.Datetime("us", "UTC"), "credit": pl.Float64, "is_goal": pl.Boolean},
    )


def test_credit_adds_up_by_the_local_day(quiet_facts: ReportFacts) -> None:
    # Berlin is two hours ahead: 22:30 UTC is the next day. What came before the first day is in its sum.
    rows = credited(
        ("2026-10-01 12:00", 1.0, True),
        ("2026-10-08 21:30", 0.5, True),
        ("2026-10-08 22:30", 0.25, True),
        ("2026-10-10 10:00", 9.0, False),
        ("2026-10-11 10:00", 2.0, True),
    )
    facts = with_growth(quiet_facts, rows, date(2026, 10, 7))
    assert facts.growth == (1.0, 1.5, 1.75, 1.75, 3.75)


def test_nothing_earned_is_a_line_of_noughts(quiet_facts: ReportFacts) -> None:
    facts = with_growth(quiet_facts, credited(), date(2026, 10, 9))
    assert facts.growth == (0.0, 0.0, 0.0)
    assert compose(facts).growth is None


def test_the_line_stands_in_mail_and_pdf_once_there_is_more_than_the_period(facts: ReportFacts) -> None:
    week = Period(date(2026, 9, 24), date(2026, 9, 30))
    seven = replace(facts.daily, delivered=(*(0,) * 6, facts.now.delivered), conversions=())
    grown = replace(
        facts, period=week, previous_period=None, previous=None, previous_daily=None, daily=seven,
        growth=tuple(float(day) for day in range(1, 22)),
    )  # fmt: skip
    content = compose(grown)
    assert content.growth is not None
    assert (content.growth.current[0], content.growth.current[-1]) == (1, 21)
    assert content.growth.day_ticks[0] == (0, "Sep 10")
    assert content.growth.alt == "Line chart of conversions since the start: 21 by Sep 30, 2026."
    files = {file.name: file for file in render(content)}
    page = files["report.html"].body.decode()
    assert page.count(f"cid:{files['growth.png'].content_id}") == 1
    assert content.growth.alt in page
    assert page.index(content.to_date[0].title) < page.index(content.growth.title) < page.index("Ads delivered per day")


@pytest.mark.parametrize("days", [0, 92])
def test_the_first_period_has_no_line_of_its_own(facts: ReportFacts, days: int) -> None:
    assert compose(replace(facts, growth=tuple(float(day) for day in range(days)))).growth is None


SLOW = Delays(214, (0.0, 0.3, 0.45, 0.52, *(0.6,) * 10, 0.9, *(0.95,) * 15, 1.0))


def test_delays_stand_in_mail_text_and_pdf_with_what_they_mean(facts: ReportFacts) -> None:
    content = compose(replace(facts, delays=SLOW))
    assert content.delays is not None
    assert content.delays.note == (
        "Of 214 conversions after ads whose window is complete, half came within 3 days of the last ad before them and "
        "nine in ten within 14 days. Recent ads can therefore still bring conversions."
    )
    assert (len(content.delays.current), content.delays.current[:4], content.delays.current[-1]) == (
        31,
        (0, 30, 45, 52),
        100,
    )
    assert content.delays.day_ticks == ((0, "0"), (7, "7"), (14, "14"), (21, "21"), (28, "28"))
    assert content.delays.count_ticks == ((0, "0%"), (50, "50%"), (100, "100%"))
    files = {file.name: file for file in render(content)}
    page = files["report.html"].body.decode()
    assert page.count(f"cid:{files['delays.png'].content_id}") == 1
    assert content.delays.note in page
    assert content.delays.note in files["report.txt"].body.decode()


@pytest.mark.parametrize(("within", "said"), [((0.0, 1.0), "within 1 day "), ((0.0, 0.5, 1.0), "within 1 day ")])
def test_half_of_them_came_within_a_day_at_least(facts: ReportFacts, within: tuple[float, ...], said: str) -> None:
    line = compose(replace(facts, delays=Delays(30, within))).delays
    assert line is not None
    assert said in line.note


def test_too_few_delays_have_no_line(facts: ReportFacts) -> None:
    assert compose(facts).delays is None


@pytest.mark.parametrize(
    ("customers", "said"),
    [
        (Customers(41, 34, 15, 12), "34 of 41 conversions where it is known (83%); in this period 12 of 15"),
        (Customers(4, 3, 0, 0), "3 of 4 conversions where it is known; in this period 0 of 0"),
    ],
)
def test_new_customers_stand_in_the_campaign_to_date(facts: ReportFacts, customers: Customers, said: str) -> None:
    (to_date,) = compose(replace(facts, to_date=(replace(facts.to_date[0], customers=customers),))).to_date
    assert {pair.term: pair.text for pair in to_date.pairs}["New customers"] == said
