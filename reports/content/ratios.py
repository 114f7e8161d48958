"""Ratios: what a period's totals give by division, and from which sample on it may be shown.

Here: return on ad spend, cost per conversion, cost per thousand ads; None where a part is missing or too small.
Not here: how a ratio looks (formats.py), where it stands (tiles.py, tables.py), the totals themselves.
"""

from __future__ import annotations

from decimal import Decimal

from reports.content.facts import ReportFacts, Totals
from reports.content.formats import NOTHING, Formatter, exact
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS


def ratios_allowed(sample: int) -> bool:
    """Whether a sample is large enough for ratios to be shown."""
    return sample >= FEWEST_FOR_RATIOS


def is_low_confidence(sample: int) -> bool:
    """Whether numbers from a sample of this size are marked as of low confidence."""
    return FEWEST_FOR_RATIOS <= sample < FEWEST_FOR_CONFIDENCE


def roas(totals: Totals) -> Decimal | None:
    """Revenue over spend, from totals; None where spend or revenue is not known, or the sample is too small."""
    if totals.revenue_minor is None or not totals.spend_minor or not ratios_allowed(totals.sample):
        return None
    return Decimal(totals.revenue_minor) / Decimal(totals.spend_minor)


def cost_per_conversion(spend_minor: int | None, conversions: float) -> Decimal | None:
    """Minor units per attributed conversion; None without spend or conversions."""
    if spend_minor is None or conversions <= 0:
        return None
    return Decimal(spend_minor) / exact(conversions)


def cpa(totals: Totals) -> Decimal | None:
    """Cost per conversion of a period, or None where the sample is too small."""
    return cost_per_conversion(totals.spend_minor, totals.conversions) if ratios_allowed(totals.sample) else None


def spend_text(facts: ReportFacts, formatter: Formatter) -> str:
    """Spend with its currency, or an empty string where it is not known."""
    if facts.now.spend_minor is None or facts.currency is None:
        return ""
    return formatter.money(facts.now.spend_minor, facts.currency)


def per_thousand(facts: ReportFacts, formatter: Formatter) -> str:
    """eCPM: spend for a thousand delivered ads."""
    now = facts.now
    if now.spend_minor is None or facts.currency is None or not now.delivered:
        return NOTHING
    return formatter.money(Decimal(now.spend_minor) * 1000 / now.delivered, facts.currency)
