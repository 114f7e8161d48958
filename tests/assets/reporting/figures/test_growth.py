"""Growth: how conversions come in: their sum by local day, how long after the last ad, and of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reporting.figures.growth import customers_of, delays_of, with_growth, with_last_ads
from assets.reporting.figures.subscriptions import ReportCampaign
from reports.facts.growing import Customers, Delays
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


END = datetime(2026, 10, 1, tzinfo=UTC)


def ads(*rows: tuple[float, float, bool | None], window_days: float = 10) -> pl.DataFrame:
    """How many days before the end an ad was, how many later its conversion came, and whether the customer was new."""
    touched = [END - timedelta(days=before) for before, _, _ in rows]
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        {
            "conversion_id": [bytes([number]) for number in range(len(rows))],
            "campaign_id": [b"spring"] * len(rows),
            "touched_at": touched,
            "converted_at": [at + timedelta(days=row[1]) for at, row in zip(touched, rows, strict=True)],
            "is_new_customer": [new for _, _, new in rows],
            "window_days": [window_days] * len(rows),
            "currency": ["USD"] * len(rows),
        },
        schema_overrides={"touched_at": moment, "converted_at": moment, "is_new_customer": pl.Boolean},
    )


def test_delays_are_of_ads_whose_window_is_complete() -> None:
    """Of young ads only the quick conversions are there: with them half would seem to come within a day."""
    old = [(20.0, days, None) for days in range(1, 11) for _ in range(3)]
    young = [(1.0, 0.5, None)] * 100
    delays = delays_of(ads(*old, *young), END)
    assert delays == Delays(30, tuple(day / 10 for day in range(11)))


def test_few_conversions_have_no_line_of_delays() -> None:
    assert delays_of(ads(*[(20.0, 1.0, None)] * 29), END) is None
    assert delays_of(ads(), END) is None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 7), min_size=30, max_size=60))
def test_shares_of_delays_rise_from_nothing_to_all_by_the_window_s_end(delays: list[float]) -> None:
    found = delays_of(ads(*((30.0, delay, None) for delay in delays), window_days=7), END)
    assert found is not None
    assert (found.within[0], found.within[-1], len(found.within)) == (0.0, 1.0, 8)
    assert list(found.within) == sorted(found.within)


def test_new_customers_are_counted_among_those_of_whom_it_is_known() -> None:
    frame = ads((9.0, 1.0, True), (9.0, 1.0, False), (9.0, 1.0, None), (2.0, 1.0, True), (2.0, 1.0, None))
    assert customers_of(frame, END - timedelta(days=7)) == Customers(stated=3, new=2, stated_now=1, new_now=1)
    assert customers_of(frame.filter(pl.col("is_new_customer").is_null()), END) is None


def test_conversions_count_that_earned_credit_under_the_report_s_model_once_each() -> None:
    campaign = ReportCampaign(
        b"spring", "Spring", LAST, LAST, "purchase", "USD", 1, Decimal(10), Decimal(7), "linear"
    )  # fmt: skip
    last_ads = ads(*[(20.0, 2.0, True)] * 40).drop("window_days", "currency")
    ids = last_ads["conversion_id"].to_list()
    # Two rows of credit for one conversion; one of another goal; one without any credit; the others have none at all.
    rows = [(ids[0], 0.5, True), (ids[0], 0.5, True), (ids[1], 1.0, False), (ids[2], 0.0, True)]
    rows += [(each, 1.0, True) for each in ids[3:36]]
    earned = pl.DataFrame(
        rows, schema={"conversion_id": pl.Binary, "credit": pl.Float64, "is_goal": pl.Boolean}, orient="row"
    )
    facts = with_last_ads(FACTS, last_ads, earned, [campaign], END - timedelta(days=7), END)
    assert facts.delays is not None
    assert facts.delays.conversions == 34
    assert facts.to_date[0].customers == Customers(34, 34, 0, 0)
    euros = replace(campaign, currency="EUR")
    assert with_last_ads(FACTS, last_ads, earned, [euros], END, END).to_date[0].customers is None
