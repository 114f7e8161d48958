"""Growth: the conversions to date at the end of each local day, put into the facts.

Here: adding up credit by day. Not here: the figures to date themselves (to_date.py), the line (reports/content).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from reports.facts.report_facts import ReportFacts


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
