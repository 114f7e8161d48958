"""Agreed: what was agreed with a sponsor beside the booking, put into the facts: codes, and targets of a campaign.

Here: how the rows become values of the facts.
Not here: the booking itself (gathering.py), what a report says of them (reports/content: proof.py, against_targets.py).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl

from assets.reporting.figures.subscriptions import Subject
from reports.facts.report_facts import CodeUse, ReportFacts


def with_codes(facts: ReportFacts, shows: pl.DataFrame, uses: pl.DataFrame) -> ReportFacts:
    """The facts with the codes of their placements. shows: of period.to_date.shows_until; uses: of read_code_uses."""
    ads = dict(shows.group_by("placement_id").agg(pl.col("impressions").sum()).iter_rows())
    return replace(
        facts,
        codes=tuple(
            CodeUse(
                code=row["code"],
                kind=row["kind"],
                placement=row["placement"],
                used=row["used"],
                used_to_date=row["used_to_date"],
                delivered=ads.get(row["placement_id"], 0),
            )
            for row in uses.iter_rows(named=True)
        ),
    )


def with_targets(facts: ReportFacts, subject: Subject) -> ReportFacts:
    """The facts with what one campaign was to cost and return; a portfolio has no target of its own."""
    if subject.is_portfolio:
        return facts
    campaign = subject.campaigns[0]
    cost = campaign.target_cpa_minor
    return replace(facts, target_cpa_minor=None if cost is None else Decimal(cost), target_roas=campaign.target_roas)
