"""Numbers: what each number of a report is, as SQL over its raw rows, and where the report prints it.

Here: the definitions, one a number, written anew in SQL: they share no code with what made the report.
Not here: the rows (sql/queries/explain_*.sql), running anything (explaining.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reports.content.benchmark_position import PERCENTAGES
from reports.content.formats import Formatter, major_units, rounded
from reports.content.labels import KPIS
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_TO_MODEL, LEAST_USABLE_SHARE

Content = Mapping[str, Any]
Printed = Callable[[Content, str], str | None]

DELIVERED = "(SELECT count(*) FROM ads)"
REACH = "(SELECT count(DISTINCT household_key) FROM ads)"
CONVERSIONS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE is_goal)"
SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE is_goal)"
# Nothing converted is worth nothing; conversions of which no value is known are worth nobody knows what.
REVENUE = "(SELECT CASE WHEN count(*) = 0 THEN 0 ELSE sum(revenue_minor) END FROM earned WHERE is_goal)"
SPEND = "(SELECT CASE WHEN count(*) = count(spend_minor) THEN sum(spend_minor) END FROM spend)"
MARGIN = "(SELECT CASE WHEN count(*) = count(margin) AND min(margin) = max(margin) THEN min(margin) END FROM chosen)"
DELIVERED_SO_FAR = """(
    SELECT sum(delivered_before + delivered)
    FROM (SELECT DISTINCT placement_id, delivered_before, delivered FROM spend) AS placements
)"""
BOOKED = """(
    SELECT CASE WHEN count(*) = count(booked_impressions) THEN sum(booked_impressions) END
    FROM (SELECT DISTINCT placement_id, booked_impressions FROM spend) AS placements
)"""
VISITS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE kind = 'visit')"
VISIT_SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE kind = 'visit')"
LEADS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE kind = 'lead')"
LEAD_SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE kind = 'lead')"
RESPONDERS = "(SELECT count(DISTINCT unit) FROM earned WHERE is_goal)"
VISITORS = "(SELECT count(DISTINCT unit) FROM earned WHERE kind = 'visit')"
USABLE_SHARE = "(SELECT count(*) FILTER (WHERE address_class = 'household')::numeric / nullif(count(*), 0) FROM ads)"
# Per placement, as if all its addresses responded like those of one household, where enough of them are.
MODELLED = f"""(
    SELECT CASE WHEN bool_or(can_model)
        THEN sum(credit * CASE WHEN can_model AND is_by_address THEN impressions::float8 / usable ELSE 1 END) END
    FROM (
        SELECT earned.*, heard.impressions, heard.usable,
            coalesce(
                heard.usable > 0
                AND heard.usable >= {LEAST_USABLE_SHARE} * heard.impressions
                AND matched.conversions >= {FEWEST_TO_MODEL},
                false
            ) AS can_model
        FROM earned
        LEFT JOIN (
            SELECT placement_id, count(*) AS impressions, count(*) FILTER (WHERE address_class = 'household') AS usable
            FROM ads GROUP BY placement_id
        ) AS heard ON earned.placement_id = heard.placement_id
        LEFT JOIN (
            SELECT placement_id, count(DISTINCT conversion_id) FILTER (WHERE is_by_address) AS conversions
            FROM earned WHERE is_goal GROUP BY placement_id
        ) AS matched ON earned.placement_id = matched.placement_id
        WHERE earned.is_goal
    ) AS modelled
)"""  # noqa: S608  (the two numbers are constants)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a report.

    value: an SQL expression over the sets of rows that it is made of (ads, earned, spend) and the campaigns (chosen).
    rows: those sets, the one that explains most first. unit: count, credit, minor (minor units), ratio, frequency, or
    the digits of a percentage. column: its column in the report's records, where it stands there; else printed finds
    its text in the content.
    """

    name: str
    words: str
    value: str
    rows: tuple[str, ...]
    unit: str
    column: str | None = None
    printed: Printed = field(default=lambda _content, _name: None)

    def shown(self, value: Decimal | None, formatter: Formatter, currency: str | None) -> str:
        """The value as the report prints it."""
        if value is None:
            return "–"
        match self.unit:
            case "count" if self.column:
                return f"{value:f}"
            case "count":
                return formatter.count(int(rounded(value, 0)))
            case "credit":
                return f"{rounded(value, 9).normalize():f}"
            case "minor" if self.column:
                return f"{major_units(value, currency):f}" if currency else "–"
            case "minor":
                return formatter.money(value, currency) if currency else "–"
            case "ratio":
                return formatter.ratio(value)
            case "frequency":
                return formatter.frequency(value)
            case digits:
                return formatter.percent(value, int(digits))


def _tile(label: str) -> Printed:
    def printed(content: Content, _name: str) -> str | None:
        return next((tile["value"] for tile in content["tiles"] if tile["label"] == label), None)

    return printed


def _pair(section: str, term: str, pattern: str = r"(.*)") -> Printed:
    """What a section says under a term, or the part of it that the pattern takes."""

    def printed(content: Content, _name: str) -> str | None:
        pairs = content[section]["pairs"] if content[section] else []
        text = next((pair["text"] for pair in pairs if pair["term"] == term), None)
        found = re.match(pattern, text) if text else None
        return found[1] if found else None

    return printed


def _response(kpi: str) -> Printed:
    # An interval and a word on its confidence may follow the number.
    return _pair("response", KPIS[kpi], r"(?!too few)(.+?)(?: \(95%.*|, low confidence)?$")


def _over(part: str, whole: str) -> str:
    return f"{part} / nullif({whole}::numeric, 0)"


def _from_five(value: str, sample: str = SAMPLE) -> str:
    """Below that many conversions a ratio is noise, and is not shown."""
    return f"CASE WHEN {sample} >= {FEWEST_FOR_RATIOS} THEN {value} END"


def _rate(households: str) -> str:
    """Of those reached; codes can bring in more, and it is at most 1."""
    return _over(f"least({households}, {REACH})", REACH)


def _numbers() -> Iterator[Number]:
    yield Number("delivered", "Ads delivered in the period.", DELIVERED, ("ads",), "count", "delivered")
    yield Number("reach", "Distinct households that heard one of the ads.", REACH, ("ads",), "count", "reach")
    yield Number(
        "frequency",
        "Ads delivered over households reached.",
        _over(DELIVERED, REACH),
        ("ads",),
        "frequency",
        printed=_pair("delivery", "Frequency", r"(.*) ads per household"),
    )
    booked = "Booked against delivered"
    yield Number(
        "delivered_so_far",
        "Ads delivered from the campaign's start to the period's end.",
        DELIVERED_SO_FAR,
        ("spend",),
        "count",
        printed=_pair("delivery", booked, r"(.*?) of "),
    )
    yield Number(
        "booked",
        "Ads booked in all.",
        BOOKED,
        ("spend",),
        "count",
        printed=_pair("delivery", booked, r".*? of (.*?) booked"),
    )
    yield Number(
        "delivery_rate",
        "Ads delivered since the campaign's start, of those booked.",
        _over(DELIVERED_SO_FAR, BOOKED),
        ("spend",),
        "1",
        printed=_pair("delivery", booked, r".*? booked since the start \((.*?)\)"),
    )
    yield Number(
        "conversions",
        "Credit for conversions of the campaign's goal, added up.",
        CONVERSIONS,
        ("earned",),
        "credit",
        "conversions",
    )
    modelled = "Conversions, counted and modelled"
    yield Number(
        "usable_share",
        "Share of the ads at addresses that stand for one household.",
        USABLE_SHARE,
        ("ads",),
        "0",
        printed=_pair("delivery", modelled, r".*?, with (.*?) of the ads"),
    )
    yield Number(
        "modelled_conversions",
        "Conversions if all addresses respond like those of one household.",
        _from_five(MODELLED),
        ("earned", "ads"),
        "count",
        printed=_pair("delivery", modelled, r".*; (.*?) if the others"),
    )
    yield Number(
        "revenue",
        "What the conversions were worth after refunds, by the share of their credit.",
        REVENUE,
        ("earned",),
        "minor",
        "revenue",
    )
    yield Number("spend", "What the ads of the period cost.", SPEND, ("spend",), "minor", "spend")
    yield Number(
        "ecpm",
        "Spend for a thousand delivered ads.",
        _over(f"{SPEND} * 1000", DELIVERED),
        ("spend", "ads"),
        "minor",
        printed=_pair("delivery", "Cost per thousand ads (eCPM)"),
    )
    yield Number(
        "roas",
        "Return on ad spend: revenue over spend.",
        _from_five(_over(REVENUE, SPEND)),
        ("earned", "spend"),
        "ratio",
        printed=_tile("Return on ad spend (ROAS)"),
    )
    yield Number(
        "cpa",
        "Cost per conversion: spend over conversions.",
        _from_five(_over(SPEND, CONVERSIONS)),
        ("spend", "earned"),
        "minor",
        printed=_tile("Cost per conversion (CPA)"),
    )
    yield from _response_numbers()


def _response_numbers() -> Iterator[Number]:
    aov, roi = _over(REVENUE, CONVERSIONS), _over(f"({REVENUE} * {MARGIN} - {SPEND})", SPEND)
    for name, words, value, rows in (
        (
            "conversion_rate",
            "Households that converted, of those reached.",
            _from_five(_rate(RESPONDERS)),
            "earned ads",
        ),
        (
            "visitor_rate",
            "Households that visited, of those reached.",
            _from_five(_rate(VISITORS), VISIT_SAMPLE),
            "earned ads",
        ),
        ("cpv", "Spend per visit.", _from_five(_over(SPEND, VISITS), VISIT_SAMPLE), "spend earned"),
        ("cpl", "Spend per lead.", _from_five(_over(SPEND, LEADS), LEAD_SAMPLE), "spend earned"),
        ("aov", "Revenue per conversion.", _from_five(aov), "earned"),
        ("roi", "Revenue times margin, less spend, over spend.", _from_five(roi), "earned spend"),
    ):
        unit = str(PERCENTAGES[name]) if name in PERCENTAGES else "minor"
        yield Number(name, words, value, tuple(rows.split()), unit, printed=_response(name))


NUMBERS = {number.name: number for number in _numbers()}

# Of one placement: what it did not earn is nothing where the campaign earned money, and what it did not cost is nothing
# where its price is known.
OF_ONE_PLACEMENT = {
    "revenue": "(SELECT CASE WHEN (SELECT count(*) = 0 OR count(revenue_minor) > 0 FROM earned_by_all WHERE is_goal) "
    "THEN coalesce(sum(revenue_minor), 0) END FROM earned WHERE is_goal)",
    "spend": "(SELECT CASE WHEN count(*) = count(spend_minor) THEN coalesce(sum(spend_minor), 0) END FROM spend)",
}

# What the tables of models, campaigns and placements print of each row.
OF_A_MODEL = ("conversions", "revenue")
OF_A_CAMPAIGN = ("delivered", "reach", "conversions", "revenue", "spend")
OF_A_DAY = ("delivered", "conversions")
OF_A_PLACEMENT = ("delivered", "conversions", "revenue", "spend")
