"""Ratios: what figures give by division, and from which sample on it may be shown.

Here: return on ad spend and cost per conversion of figures to date, cost per thousand ads of a period; None where a
part is missing or too small.
Not here: how a ratio looks (formats.py), where it stands (tiles.py, tables.py), the figures themselves.
"""

from __future__ import annotations

from decimal import Decimal

from reports.facts.report_facts import ReportFacts
from reports.facts.to_date import Figures
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS
from reports.wording.formats import NOTHING, Formatter, exact


def ratios_allowed(sample: int) -> bool:
    """Whether a sample is large enough for ratios to be shown."""
    return sample >= FEWEST_FOR_RATIOS


def is_low_confidence(sample: int) -> bool:
    """Whether numbers from a sample of this size are marked as of low confidence."""
    return FEWEST_FOR_RATIOS <= sample < FEWEST_FOR_CONFIDENCE


def return_on_spend(figures: Figures) -> Decimal | None:
    """Revenue over spend; None where either is not known or the sample is too small."""
    if figures.revenue_minor is None or not figures.spend_minor or not ratios_allowed(figures.sample):
        return None
    return Decimal(figures.revenue_minor) / figures.spend_minor


def cost_of_each(figures: Figures) -> Decimal | None:
    """Minor units per conversion; None where the spend is not known or the sample is too small."""
    if not ratios_allowed(figures.sample):
        return None
    return cost_per_conversion(figures.spend_minor, figures.conversions)


def cost_per_conversion(spend_minor: int | None, conversions: float) -> Decimal | None:
    """Minor units per attributed conversion; None without spend or conversions."""
    if spend_minor is None or conversions <= 0:
        return None
    return Decimal(spend_minor) / exact(conversions)


def per_thousand(facts: ReportFacts, formatter: Formatter) -> str:
    """eCPM: spend for a thousand delivered ads."""
    now = facts.now
    if now.spend_minor is None or facts.currency is None or not now.delivered:
        return NOTHING
    return formatter.money(Decimal(now.spend_minor) * 1000 / now.delivered, facts.currency)
