"""Growth: how the conversions of a report's campaigns come in, put into the facts: day by day, how long after the last
ad, and from whom.

Here: adding up credit by day, shares by days of delay, counting new customers.
Not here: the figures to date themselves (to_date.py), lines and sentences (reports/content).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import polars as pl

from assets.frames import MICROSECONDS_PER_DAY
from assets.reporting.figures.subscriptions import ReportCampaign
from reports.facts.growing import Customers, Delays
from reports.facts.report_facts import ReportFacts
from reports.thresholds import FEWEST_FOR_CONFIDENCE


def with_growth(facts: ReportFacts, credited: pl.DataFrame, first: date) -> ReportFacts:
    """The facts with the sums from the first day to the period's last, a number for each local day.

    credited: of read_credited, of the report's model and campaigns. What happened before the first day is in its sum.
    """
    last = facts.period.last
    if first > last:
        return facts
    local = pl.col("converted_at").dt.convert_time_zone(facts.brand.timezone).dt.date()
    earned = (
        credited.filter(pl.col("is_goal"))
        .select("credit", day=pl.max_horizontal(local, pl.lit(first)))
        .group_by("day")
        .agg(pl.col("credit").sum())
    )
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    totals = days.join(earned, on="day", how="left").sort("day")["credit"].fill_null(0.0).cum_sum()
    return replace(facts, growth=tuple(totals.to_list()))


def with_last_ads(
    facts: ReportFacts,
    last_ads: pl.DataFrame,
    credited: pl.DataFrame,
    campaigns: Sequence[ReportCampaign],
    start: datetime,
    end: datetime,
) -> ReportFacts:
    """The facts with the delays of conversions, and with new customers by currency, of conversions that earned credit.

    last_ads: of read_last_ads, to the period's end; credited: as in with_growth; start, end: of the period.
    """
    terms = pl.DataFrame(
        [(each.campaign_id, float(each.window_days), each.currency) for each in campaigns],
        schema={"campaign_id": pl.Binary, "window_days": pl.Float64, "currency": pl.String},
        orient="row",
    )
    earning = credited.filter(pl.col("is_goal") & (pl.col("credit") > 0))
    counted = last_ads.join(earning, on="conversion_id", how="semi").join(terms, on="campaign_id", validate="m:1")
    to_date = tuple(
        replace(each, customers=customers_of(counted.filter(currency=each.currency), start)) for each in facts.to_date
    )
    return replace(facts, to_date=to_date, delays=delays_of(counted, end))


def delays_of(counted: pl.DataFrame, end: datetime) -> Delays | None:
    """How long conversions took after the last ad before them; None where too few can be counted.

    counted: converted_at, touched_at, window_days. Only ads whose window is complete by the end count: of the others
    the quick conversions alone are there, which would make all conversions look quick.
    """
    window = pl.duration(microseconds=(pl.col("window_days") * MICROSECONDS_PER_DAY).cast(pl.Int64))
    complete = counted.filter(pl.col("touched_at") + window <= pl.lit(end))
    if complete.height < FEWEST_FOR_CONFIDENCE:
        return None
    delays = (complete["converted_at"] - complete["touched_at"]).dt.total_microseconds() / MICROSECONDS_PER_DAY
    longest = max(math.ceil(complete["window_days"].max()), math.ceil(delays.max()))  # type: ignore[arg-type]
    within = [float((delays <= days).mean()) for days in range(1, longest + 1)]  # type: ignore[arg-type]
    return Delays(complete.height, (0.0, *within))


def customers_of(counted: pl.DataFrame, start: datetime) -> Customers | None:
    """How many conversions were of new customers, to date and since the start of the period; None: nobody says.

    counted: converted_at, is_new_customer (null: not known).
    """
    stated = counted.drop_nulls("is_new_customer")
    now = stated.filter(pl.col("converted_at") >= start)
    if stated.is_empty():
        return None
    return Customers(stated.height, int(stated["is_new_customer"].sum()), now.height, int(now["is_new_customer"].sum()))
