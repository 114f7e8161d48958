"""Records: the raw numbers of a report for spreadsheets, one row per total, day, campaign, model and placement.

Here: which rows and columns the CSV has, with ISO dates, exact decimals in major units and a currency column.
Not here: bytes, quoting and protection from formulas (csv.py); anything formatted for reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from reports.content.facts import Daily, Period, PlacementRow, ReportFacts, Totals
from reports.content.formats import exact, major_units
from reports.content.report import Records
from reports.content.tables import ranked

COLUMNS = (
    "section",
    "first_day",
    "last_day",
    "timezone",
    "sponsor",
    "campaign",
    "show",
    "episode",
    "placement",
    "position",
    "aired",
    "model",
    "addresses",
    "booked",
    "delivered",
    "reach",
    "conversions",
    "own_conversions",
    "revenue",
    "spend",
    "currency",
)
TEXT_COLUMNS = ("sponsor", "campaign", "show", "episode", "placement")


def records(facts: ReportFacts) -> Records:
    """The rows of each table of the report's CSV files."""
    rows = [
        *_totals(facts, "total", facts.period, facts.now),
        *_totals(facts, "previous_total", facts.previous_period, facts.previous),
        *_campaigns(facts),
        *_placements(facts),
        *_models(facts),
        *_models_by_placement(facts),
        *_days(facts, "day", facts.period, facts.daily),
        *_days(facts, "previous_day", facts.previous_period, facts.previous_daily),
    ]
    return Records(COLUMNS, TEXT_COLUMNS, tuple(tuple(row.get(column, "") for column in COLUMNS) for row in rows))


def _base(facts: ReportFacts, section: str, first: date, last: date) -> dict[str, str]:
    return {
        "section": section,
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "timezone": facts.brand.timezone,
        "sponsor": facts.sponsor,
        "campaign": facts.campaign or "",
        "model": facts.method.default_model,
        "currency": facts.currency or "",
    }


def _totals(facts: ReportFacts, section: str, period: Period | None, totals: Totals | None) -> Iterator[dict[str, str]]:
    if period is None or totals is None:
        return
    yield _base(facts, section, period.first, period.last) | {
        "delivered": str(totals.delivered),
        "reach": _number(totals.reach),
        "conversions": _credit(totals.conversions),
        "own_conversions": "" if totals.own_conversions is None else _credit(totals.own_conversions),
        "revenue": _money(totals.revenue_minor, facts.currency),
        "spend": _money(totals.spend_minor, facts.currency),
    }
    for kind, addresses in totals.reached:
        reached = {"addresses": kind, "reach": str(addresses), "model": ""}
        yield _base(facts, f"{section}_reach", period.first, period.last) | reached


def _campaigns(facts: ReportFacts) -> Iterator[dict[str, str]]:
    for row in facts.campaigns:
        yield _base(facts, "campaign", facts.period.first, facts.period.last) | {
            "campaign": row.name,
            "booked": _number(row.booked),
            "delivered": str(row.delivered),
            "reach": _number(row.reach),
            "conversions": _credit(row.conversions),
            "revenue": _money(row.revenue_minor, row.currency),
            "spend": _money(row.spend_minor, row.currency),
            "currency": row.currency,
        }


def _placed(facts: ReportFacts, section: str, row: PlacementRow) -> dict[str, str]:
    return _base(facts, section, facts.period.first, facts.period.last) | {
        "campaign": row.campaign,
        "show": row.show,
        "episode": row.episode,
        "placement": row.placement,
        "position": row.position,
        "aired": row.aired.isoformat() if row.aired else "",
    }


def _placements(facts: ReportFacts) -> Iterator[dict[str, str]]:
    for row in ranked(facts):
        yield _placed(facts, "placement", row) | {
            "booked": _number(row.booked),
            "delivered": str(row.delivered),
            "conversions": _credit(row.conversions),
            "revenue": _money(row.revenue_minor, row.currency),
            "spend": _money(row.spend_minor, row.currency),
            "currency": row.currency,
        }


def _models(facts: ReportFacts) -> Iterator[dict[str, str]]:
    for row in facts.models:
        yield _base(facts, "model", facts.period.first, facts.period.last) | {
            "model": row.model,
            "conversions": _credit(row.conversions),
            "revenue": _money(row.revenue_minor, facts.currency),
        }


def _models_by_placement(facts: ReportFacts) -> Iterator[dict[str, str]]:
    for row in ranked(facts):
        for model, conversions in row.by_model:
            yield _placed(facts, "placement_model", row) | {"model": model, "conversions": _credit(conversions)}


def _days(facts: ReportFacts, section: str, period: Period | None, daily: Daily | None) -> Iterator[dict[str, str]]:
    if period is None or daily is None:
        return
    for offset, delivered in enumerate(daily.delivered):
        day = period.first + timedelta(days=offset)
        credit = _credit(daily.conversions[offset]) if offset < len(daily.conversions) else ""
        yield _base(facts, section, day, day) | {"delivered": str(delivered), "conversions": credit}


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _credit(value: float) -> str:
    """Exact, and 54 rather than 54.0."""
    return f"{exact(value).normalize():f}"


def _money(minor: int | None, currency: str | None) -> str:
    return "" if minor is None or currency is None else f"{major_units(minor, currency):f}"
