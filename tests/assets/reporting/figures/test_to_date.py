"""A report's campaigns to date: from the first period they ran in, each currency by itself."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import polars as pl
import pytest

from assets.campaigns.period.summarising import summarise
from assets.campaigns.period.to_date import CampaignHistory
from assets.reporting.figures.cumulative import Cumulative, accumulate
from assets.reporting.figures.periods import ReportPeriod, month_of, week_of
from assets.reporting.figures.subscriptions import ReportCampaign, Subject
from assets.reporting.figures.to_date import (
    LastReport,
    figures_to_date,
    first_day_of,
    period_figures,
    to_date,
)
from reports.facts.to_date import EarlierChanges, Figures, ToDate
from sql.values import Window
from tests.assets.campaigns.quarter import KETTLE, SPRING, START, WEEKS, Order, World
from tests.assets.reporting.campaigns import report_campaign

WEEK = timedelta(weeks=1)
SECOND = week_of(START.date() + WEEK, "UTC")


def subject(*campaigns: ReportCampaign) -> Subject:
    return Subject("Kettle", KETTLE, campaigns, len(campaigns) > 1)


def so_far(history: CampaignHistory) -> Cumulative:
    (found,) = accumulate(history).values()
    return found


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
    history = World(orders).history([SECOND.window.start, SECOND.window.end], START + 3 * WEEK)
    euros = bytes([9]) * 16
    other = history.campaigns.with_columns(campaign_id=pl.lit(euros), currency=pl.lit("EUR"))
    both = replace(history, campaigns=pl.concat([history.campaigns, other]))
    autumn = replace(report_campaign(euros), name="Autumn", currency="EUR")

    found = list(to_date(so_far(both), subject(spring(), autumn), SECOND))

    assert [(each.currency, each.campaigns, each.figures.revenue_minor) for each in found] == [
        ("EUR", ("Autumn",), 0), ("USD", ("Spring",), 40_000),
    ]  # fmt: skip
    assert [each.budget_minor for each in found] == [0, 13_000_000]
    assert so_far(both).each[SECOND.window.end][UUID(bytes=SPRING)] == Figures(0, 20.0, 20, 40_000, 0)


def quarter() -> World:
    """Thirteen weeks with orders on time, orders up to nine weeks late, credits that are fractions, and refunds."""
    dice = Random(10)
    orders, ads = [], []
    for number in range(400):
        at = START + timedelta(minutes=dice.randrange(WEEKS * 7 * 24 * 60))
        delay = timedelta(days=dice.choice([0, 0, 0, 1, 9, 20, 40, 63]))
        refunds = [(at + timedelta(days=dice.randrange(60)), 700)] if number % 7 == 0 else []
        value = None if number % 11 == 0 else 2_000 + number
        orders.append(Order(number, at, at + delay, value, dice.choice([1.0, 0.5, 1 / 3]), refunds))
    for _ in range(3_000):
        at = START + timedelta(minutes=dice.randrange(WEEKS * 7 * 24 * 60))
        ads.append((at, at + timedelta(days=dice.choice([0, 0, 0, 4]))))
    return World(orders, ads)


def tell(world: World, week: ReportPeriod, known_at: datetime, last: LastReport | None) -> tuple[ToDate, LastReport]:
    """What a report says of the campaign to date, and what of it the next report compares itself with."""
    moments = [*([Window.of_local_days(last.through, last.through, "UTC").end] if last else []), week.window.start]
    found = so_far(world.history(sorted({*moments, week.window.end}), known_at))
    (said,) = to_date(found, subject(spring()), week, last)
    kept = {one.scope_id: one.figures for one in figures_to_date(found, subject(spring()), week)}
    return said, LastReport(week.last, "linear", kept, dict.fromkeys(kept, ("Spring", "USD")))


def assert_same(ours: Figures, theirs: Figures) -> None:
    assert astuple(ours) == pytest.approx(astuple(theirs), abs=1e-6)


def test_over_a_quarter_periods_and_changes_add_up_to_the_campaign_to_date() -> None:
    world, last, grown, late = quarter(), None, Figures(), 0.0
    for number in range(WEEKS):
        week = week_of(START.date() + number * WEEK, "UTC")
        known_at = week.window.end + timedelta(days=2)

        said, this_report = tell(world, week, known_at, last)

        # The period of the campaign to date is the one that the rest of the report is about.
        (period,) = period_figures(summarise(world.period(week.window, known_at)), subject(spring()))
        assert_same(said.period, period.figures)
        earlier = said.earlier or EarlierChanges(week.last, Figures())
        assert_same(said.figures, earlier.reported + earlier.changed + earlier.unreported + said.period)
        assert bool(earlier.unreported_days) == (number == 6), earlier
        if number == 5:
            continue  # This report is held and never leaves: the next one tells of its week.
        grown += earlier.changed + earlier.unreported + said.period
        late += earlier.changed.conversions
        assert_same(grown, said.figures)
        last = this_report
    known = [order for order in world.orders if order.received < known_at]
    assert said.figures.conversions == pytest.approx(sum(order.credit for order in known))
    assert said.figures.revenue_minor == sum(order.worth(known_at) or 0 for order in known)
    assert said.figures.sample == len(known)
    # Refunds of orders of earlier weeks, and many orders, came after the reports on their weeks.
    assert late > 50


def test_forty_orders_of_a_week_that_was_told_are_told_by_the_next_report() -> None:
    on_time = [Order(n, START + timedelta(hours=n), START + timedelta(hours=n), 50_000) for n in range(9)]
    late = [Order(100 + n, START + timedelta(days=2), START + 1.9 * WEEK, 50_000) for n in range(40)]
    world, first = World([*on_time, *late]), week_of(START.date(), "UTC")

    nine, last = tell(world, first, first.window.end + timedelta(days=2), None)
    forty_nine, _ = tell(world, SECOND, SECOND.window.end + timedelta(days=2), last)

    assert (nine.figures.conversions, nine.earlier) == (9.0, None)
    assert forty_nine.figures == Figures(0, 49.0, 49, 2_450_000, 0)
    assert forty_nine.earlier == EarlierChanges(
        first.last, reported=Figures(0, 9.0, 9, 450_000, 0), changed=Figures(0, 40.0, 40, 2_000_000, 0)
    )
    assert forty_nine.period == Figures()


def test_a_campaign_that_joins_or_leaves_a_portfolio_and_another_model_are_told() -> None:
    orders = [Order(n, START + timedelta(hours=n), START, 2_000) for n in range(10)]
    history = World(orders).history([SECOND.window.start, SECOND.window.end], START + 3 * WEEK)
    gone = UUID(int=77)
    last = LastReport(
        SECOND.first - timedelta(days=1), "last_touch", {gone: Figures(5, 3.0, 3, 100, 0)}, {gone: ("Old", "USD")}
    )

    found = so_far(history)
    (said,) = to_date(found, subject(spring()), SECOND, last)
    (again,) = to_date(found, subject(spring()), SECOND, replace(last, figures={UUID(bytes=SPRING): Figures()}))

    assert said.earlier is not None
    assert again.earlier is not None
    assert (said.earlier.ended, said.earlier.reported, said.earlier.unreported.conversions) == (
        ("Old",),
        Figures(),
        10.0,
    )
    assert not said.earlier.model_changed
    assert again.earlier.model_changed
    assert again.earlier.changed.conversions == 10.0


def test_figures_of_spans_add_up_and_a_price_that_is_not_known_is_not_nothing() -> None:
    one, other = Figures(10, 1.5, 2, None, 100), Figures(5, 0.5, 1, 700, None)

    assert one + other == Figures(15, 2.0, 3, 700, None)
    assert one - other == Figures(5, 1.0, 1, -700, None)
    assert (one + one).revenue_minor is None
