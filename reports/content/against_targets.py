"""Against targets: what a conversion costs and what spend returns, beside what was agreed or other campaigns reach.

Here: the sentence on each of the two, where both sides are known.
Not here: all measures beside their medians (benchmark_position.py), the figures themselves (progress.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from reports.content.ratios import cost_of_each, return_on_spend
from reports.content.report import Pair, Section
from reports.content.tables.benchmark_position import two_digits
from reports.facts.report_facts import ReportFacts
from reports.facts.to_date import ToDate
from reports.wording.catalogues import message
from reports.wording.formats import Formatter, rounded
from reports.wording.labels import KPIS

BELOW_TARGET = message("{value}: {share} below the agreed {target}.")
ABOVE_TARGET = message("{value}: {share} above the agreed {target}.")
AT_TARGET = message("{value}: as agreed ({target}).")
BELOW_MEDIAN = message("{value}: {share} below the median of {campaigns} campaigns for other sponsors ({target}).")
ABOVE_MEDIAN = message("{value}: {share} above the median of {campaigns} campaigns for other sponsors ({target}).")
AT_MEDIAN = message("{value}: at the median of {campaigns} campaigns for other sponsors ({target}).")


def against_targets(facts: ReportFacts, formatter: Formatter) -> Section | None:
    """Cost and return of one campaign to date, against its target where one was agreed, else the network's median."""
    to_date = facts.to_date[0] if len(facts.to_date) == 1 and not facts.is_portfolio else None
    if to_date is None:
        return None
    pairs = tuple(_pairs(facts, to_date, formatter))
    return Section(formatter.say("Against what was agreed or is usual"), pairs) if pairs else None


def _pairs(facts: ReportFacts, to_date: ToDate, formatter: Formatter) -> Iterator[Pair]:
    def money(minor: Decimal | float) -> str:
        return formatter.money(minor, to_date.currency)

    for kpi, value, agreed, show in (
        ("cpa", cost_of_each(to_date.figures), facts.target_cpa_minor, money),
        ("roas", return_on_spend(to_date.figures), facts.target_roas, formatter.ratio),
    ):
        if value is not None:
            yield from _beside(facts, kpi, value, agreed, show, formatter)


def _beside(
    facts: ReportFacts,
    kpi: str,
    value: Decimal,
    agreed: Decimal | None,
    show: Callable[[Decimal], str],
    formatter: Formatter,
) -> Iterator[Pair]:
    row = next((row for row in facts.benchmarks.rows if row.kpi == kpi), None) if facts.benchmarks else None
    target, texts, campaigns = agreed, (BELOW_TARGET, AT_TARGET, ABOVE_TARGET), ""
    if target is None and row is not None:
        target, texts = two_digits(row.median), (BELOW_MEDIAN, AT_MEDIAN, ABOVE_MEDIAN)
        campaigns = formatter.count(row.campaigns)
    if not target:
        return
    share = value / target - 1
    which = 1 if rounded(share, 2) == 0 else 0 if share < 0 else 2
    parts = {"value": show(value), "target": show(target), "share": formatter.percent(abs(share), 0)}
    yield Pair(formatter.say(KPIS[kpi]), formatter.say(texts[which], campaigns=campaigns, **parts))
