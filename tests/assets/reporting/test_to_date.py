"""A report's campaigns to date: from the first period they ran in, each currency by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import polars as pl
import pytest

from assets.reporting.periods import ReportPeriod, month_of, week_of
from assets.reporting.subscriptions import ReportCampaign, Subject
from assets.reporting.to_date import figures_by_campaign, first_day_of, to_date
from reports.content.to_date import Figures
from tests.assets.campaigns.quarter import KETTLE, SPRING, START, Order, World
from tests.assets.reporting.campaigns import report_campaign

WEEK = timedelta(weeks=1)
SECOND = week_of(START.date() + WEEK, "UTC")


def subject(*campaigns: ReportCampaign) -> Subject:
    return Subject("Kettle", KETTLE, campaigns, len(campaigns) > 1)


def spring(**changes: object) -> ReportCampaign:
    return replace(report_campaign(SPRING), starts_on=START.date(), name="Spring", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "starts_on", "first"),
    [
        (week_of(date(2026, 3, 9), "UTC"), date(2026, 1, 7), date(2026, 1, 5)),
        (month_of(date(2026, 3, 1), "UTC"), date(2026, 1, 31), date(2026, 1, 1)),
    ],
)
def test_a_campaign_counts_from_the_first_period_that_it_ran_in(
    period: ReportPeriod, starts_on: date, first: date
) -> None:
    assert first_day_of(subject(replace(spring(), starts_on=starts_on)), period) == first


def test_each_currency_stands_by_itself() -> None:
    orders = [Order(n, START + n * WEEK / 10, START, 2_000) for n in range(20)]
    history = World(orders).history([SECOND.window.end], START + 3 * WEEK)
    euros = bytes([9]) * 16
    other = history.campaigns.with_columns(campaign_id=pl.lit(euros), currency=pl.lit("EUR"))
    both = replace(history, campaigns=pl.concat([history.campaigns, other]))
    autumn = replace(report_campaign(euros), name="Autumn", currency="EUR")

    found = list(to_date(both, subject(spring(), autumn), SECOND))

    assert [(each.currency, each.campaigns, each.figures.revenue_minor) for each in found] == [
        ("EUR", ("Autumn",), 0), ("USD", ("Spring",), 40_000),
    ]  # fmt: skip
    assert [each.budget_minor for each in found] == [0, 13_000_000]
    assert figures_by_campaign(both, SECOND.window.end)[UUID(bytes=SPRING)] == Figures(0, 20.0, 20, 40_000, 0)


def test_figures_of_spans_add_up_and_a_price_that_is_not_known_is_not_nothing() -> None:
    one, other = Figures(10, 1.5, 2, None, 100), Figures(5, 0.5, 1, 700, None)

    assert one + other == Figures(15, 2.0, 3, 700, None)
    assert one - other == Figures(5, 1.0, 1, -700, None)
    assert (one + one).revenue_minor is None
