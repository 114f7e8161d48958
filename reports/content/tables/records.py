"""Records: the raw numbers of a report, one row per total, day, campaign, model and placement.

Here: each row with ISO dates, decimals in major units, the bounds of 95 % intervals and a currency column.
Not here: which file a row stands in (data_tables.py), bytes and quoting (csv.py); anything formatted for reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from reports.content.ratios import cost_of_each, return_on_spend
from reports.content.report import Records
from reports.content.tables.placements import ranked
from reports.facts.report_facts import Daily, Measure, Period, PlacementRow, ReportFacts, Totals
from reports.facts.to_date import Figures
from reports.wording.formats import major_units, minor_digits, rounded
from sql.values import Interval

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
    "budget",
    "unvalued",
    "conversions_lower",
    "conversions_upper",
    "revenue_lower",
    "revenue_upper",
    "roas",
    "roas_lower",
    "roas_upper",
    "cpa",
    "cpa_lower",
    "cpa_upper",
    "measure",
    "value",
    "value_lower",
    "value_upper",
    "counted",
    "reached",
    "delivered_to_date",
    "conversions_to_date",
    "revenue_to_date",
    "spend_to_date",
)
TEXT_COLUMNS = ("sponsor", "campaign", "show", "episode", "placement")

# Credits and ratios are sums of floats: what stands after the sixth digit is dust.
DIGITS = 6


def records(facts: ReportFacts) -> Records:
    """The rows of each table of the report's CSV files."""
    rows = [
        *_totals(facts, "total", facts.period, facts.now),
        *_totals(facts, "previous_total", facts.previous_period, facts.previous),
        *_to_date(facts),
        *_shows(facts),
        *_campaigns(facts),
        *_measures(facts, "measure", facts.period.first, facts.response, facts.currency),
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
        "unvalued": str(totals.unvalued),
        **_bounds("conversions", totals.conversions_interval),
        **_money_bounds("revenue", totals.revenue_interval, facts.currency),
    }
    for kind, addresses in totals.reached:
        reached = {"addresses": kind, "reach": str(addresses), "model": ""}
        yield _base(facts, f"{section}_reach", period.first, period.last) | reached


def _to_date(facts: ReportFacts) -> Iterator[dict[str, str]]:
    """Since the campaigns' start, a row for each currency, with what relates money to conversions of the same ads."""
    for each in facts.to_date:
        figures, currency = each.figures, each.currency
        yield _base(facts, "to_date", each.first, each.through) | {
            "currency": currency,
            "booked": _number(each.booked),
            "budget": _money(each.budget_minor, currency),
            "delivered": str(figures.delivered),
            "conversions": _credit(figures.conversions),
            "revenue": _money(figures.revenue_minor, currency),
            "spend": _money(figures.spend_minor, currency),
            "unvalued": str(each.unvalued),
            "roas": _decimal(return_on_spend(figures)),
            "cpa": _decimal(_major(cost_of_each(figures), currency)),
            **_bounds("conversions", each.conversions_interval),
            **_money_bounds("revenue", each.revenue_interval, currency),
            **_bounds("roas", each.roas_interval),
            **_money_bounds("cpa", each.cpa_interval, currency),
        }
        yield from _measures(facts, "to_date_measure", each.first, each.measures, currency)


def _shows(facts: ReportFacts) -> Iterator[dict[str, str]]:
    """Since the campaigns' start, as the mail has them."""
    spans = {each.currency: (each.first, each.through) for each in facts.to_date}
    for show in facts.shows:
        if show.currency in spans:
            figures, currency = show.figures, show.currency
            yield _base(facts, "show", *spans[currency]) | {
                "show": show.name,
                "delivered": str(figures.delivered),
                "conversions": _credit(figures.conversions),
                "revenue": _money(figures.revenue_minor, currency),
                "spend": _money(figures.spend_minor, currency),
                "currency": currency,
            }


def _measures(
    facts: ReportFacts, section: str, first: date, measures: Sequence[Measure], currency: str | None
) -> Iterator[dict[str, str]]:
    """Rates, averages and costs beyond the headline; without those that the sample is too small to show."""
    for measure in measures:
        interval = measure.interval
        if interval is None or (measure.is_money and currency is None):
            continue
        shown = (interval.estimate, interval.lower, interval.upper)
        value, lower, upper = (_decimal(_major(each, currency) if measure.is_money else each) for each in shown)
        yield _base(facts, section, first, facts.period.last) | {
            "measure": measure.kpi,
            "value": value,
            "value_lower": lower,
            "value_upper": upper,
            "counted": _number(measure.counted),
            "reached": _number(measure.reached),
            "currency": (currency or "") if measure.is_money else "",
        }


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
            **_so_far(row.to_date, row.currency),
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
            **_so_far(row.to_date, row.currency),
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


def _so_far(figures: Figures | None, currency: str) -> dict[str, str]:
    if figures is None:
        return {}
    return {
        "delivered_to_date": str(figures.delivered),
        "conversions_to_date": _credit(figures.conversions),
        "revenue_to_date": _money(figures.revenue_minor, currency),
        "spend_to_date": _money(figures.spend_minor, currency),
    }


def _bounds(name: str, interval: Interval | None) -> dict[str, str]:
    """The bounds of a 95 % interval; nothing where there is none."""
    if interval is None:
        return {}
    return {f"{name}_lower": _decimal(interval.lower), f"{name}_upper": _decimal(interval.upper)}


def _money_bounds(name: str, interval: Interval | None, currency: str | None) -> dict[str, str]:
    if interval is None or currency is None:
        return {}
    lower, upper = _major(interval.lower, currency), _major(interval.upper, currency)
    return {f"{name}_lower": _decimal(lower), f"{name}_upper": _decimal(upper)}


def _major(minor: float | Decimal | None, currency: str | None) -> Decimal | None:
    """An estimate in minor units as an amount with the digits that the currency has."""
    if minor is None or currency is None:
        return None
    return rounded(major_units(minor, currency), minor_digits(currency))


def _decimal(value: float | Decimal | None) -> str:
    """54 rather than 54.0, without an exponent and without the last digits of floats."""
    if value is None:
        return ""
    shown = rounded(value, DIGITS).normalize()
    return f"{shown:f}" if shown else "0"


def _credit(value: float) -> str:
    return _decimal(value)


def _money(minor: int | None, currency: str | None) -> str:
    return "" if minor is None or currency is None else f"{major_units(minor, currency):f}"
