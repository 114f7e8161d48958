"""Numbers: every number of a report that its raw rows explain, and where the report prints it.

Here: one row per number: its meaning, its value in SQL, the rows behind it, its unit and its place in the report.
Not here: finding a place in a report (places.py), the SQL (number_values.py), the rows (sql/queries/explain_*.sql),
running anything (explaining.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from assets.reporting.tracing.number_values import (
    BOOKED,
    CONVERSIONS,
    DELIVERED,
    DELIVERED_SO_FAR,
    LEAD_SAMPLE,
    LEADS,
    MARGIN,
    MODELLED,
    REACH,
    RESPONDERS,
    REVENUE,
    SPEND,
    USABLE_SHARE,
    VALUED,
    VISIT_SAMPLE,
    VISITORS,
    VISITS,
    over,
    rate,
    with_sample,
)
from assets.reporting.tracing.places import InRecords as InRecords
from assets.reporting.tracing.places import InSection as InSection
from assets.reporting.tracing.places import InTile as InTile
from assets.reporting.tracing.places import InToDate as InToDate
from reports.content.response import MEASURED, PERCENTAGES
from reports.content.tables import placements as tables
from reports.content.tables.records import DIGITS
from reports.wording.formats import NOTHING, Formatter, major_units, rounded
from reports.wording.labels import KPIS

Unit = Literal["count", "credit", "minor", "ratio", "frequency", "percent"]


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a report.

    value: an SQL expression (number_values.py). rows: the sets of rows that it is made of, the one that explains most
    first. unit: minor is of money in minor units; digits: of a percentage. place: where the report prints it.
    is_to_date: its rows are those since the campaign's start, and not those of the period.
    """

    name: str
    meaning: str
    value: str
    rows: tuple[str, ...]
    unit: Unit
    place: InTile | InSection | InToDate | InRecords
    digits: int = 0
    is_to_date: bool = False

    def shown(self, value: Decimal | None, formatter: Formatter, currency: str | None) -> str:
        """The value as the report prints it."""
        if value is None or (self.unit == "minor" and not currency):
            return NOTHING
        if isinstance(self.place, InRecords):
            return self._recorded(value, str(currency))
        return self._formatted(value, formatter, str(currency))

    def _recorded(self, value: Decimal, currency: str) -> str:
        """As the records have it: exact, in major units."""
        if self.unit == "minor":
            return f"{major_units(value, currency):f}"
        return f"{rounded(value, DIGITS).normalize():f}" if self.unit == "credit" else f"{value:f}"

    def _formatted(self, value: Decimal, formatter: Formatter, currency: str) -> str:
        match self.unit:
            case "minor":
                return formatter.money(value, currency)
            case "ratio":
                return formatter.ratio(value)
            case "frequency":
                return formatter.frequency(value)
            case "percent":
                return formatter.percent(value, self.digits)
            case _:
                return formatter.count(int(rounded(value, 0)))


def _response(name: str, meaning: str, value: str, *rows: str) -> Number:
    """A number of the section on what came back. An interval and a remark on its confidence may follow it."""
    unit: Unit = "percent" if name in PERCENTAGES else "minor"
    place = InSection("response", KPIS[name], "value", MEASURED)
    return Number(name, meaning, value, rows, unit, place, PERCENTAGES.get(name, 0))


def _to_date(name: str, meaning: str, value: str, *rows: str) -> Number:
    """A number of the section on the campaign to date."""
    unit: Unit = "percent" if name in PERCENTAGES else "minor"
    place = InToDate(KPIS[name])
    return Number(name, meaning, value, rows, unit, place, PERCENTAGES.get(name, 0), is_to_date=True)


_BOOKED_TERM = "Booked against delivered"
_BOOKED = (tables.BOOKED_WITH_PACE, tables.BOOKED)
_MODELLED_TERM = "Conversions, counted and modelled"
_ROI = over(f"({REVENUE} * {MARGIN} - {SPEND})", SPEND)

# fmt: off
_NUMBERS = (
    Number("delivered", "Ads delivered in the period.",
           DELIVERED, ("ads",), "count", InRecords("delivered")),
    Number("reach", "Distinct addresses that got one of the ads.",
           REACH, ("ads",), "count", InRecords("reach")),
    Number("frequency", "Ads delivered over addresses reached.",
           over(DELIVERED, REACH), ("ads",), "frequency",
           InSection("delivery", "Frequency", "number", (tables.FREQUENCY,))),
    Number("delivered_so_far", "Ads delivered from the campaign's start to the period's end.",
           DELIVERED_SO_FAR, ("spend",), "count", InSection("delivery", _BOOKED_TERM, "delivered", _BOOKED)),
    Number("booked", "Ads booked in all.",
           BOOKED, ("spend",), "count", InSection("delivery", _BOOKED_TERM, "booked", _BOOKED)),
    Number("delivery_rate", "Ads delivered since the campaign's start, of those booked.",
           over(DELIVERED_SO_FAR, BOOKED), ("spend",), "percent",
           InSection("delivery", _BOOKED_TERM, "share", _BOOKED), digits=1),
    Number("conversions", "Credit for conversions of the campaign's goal, added up.",
           CONVERSIONS, ("earned",), "credit", InRecords("conversions")),
    Number("usable_share", "Share of the ads at addresses that stand for one household.",
           USABLE_SHARE, ("ads",), "percent",
           InSection("delivery", _MODELLED_TERM, "share", (tables.COUNTED_WITH_SHARE,))),
    Number("modelled_conversions", "Conversions if all addresses respond like those of one household.",
           with_sample(MODELLED), ("earned", "ads"), "count",
           InSection("delivery", _MODELLED_TERM, "number", (tables.MODELLED_WITH_INTERVAL, tables.MODELLED))),
    Number("revenue", "What the conversions were worth after refunds, by the share of their credit.",
           REVENUE, ("earned",), "minor", InRecords("revenue")),
    Number("spend", "What the ads of the period cost.",
           SPEND, ("spend",), "minor", InRecords("spend")),
    Number("ecpm", "Spend for a thousand delivered ads.",
           over(f"{SPEND} * 1000", DELIVERED), ("spend", "ads"), "minor",
           InSection("delivery", "Cost per thousand ads (eCPM)")),
    Number("roas", "Return on ad spend since the campaign's start: revenue over spend.",
           with_sample(over(REVENUE, SPEND)), ("earned", "spend"), "ratio",
           InTile("Return on ad spend (ROAS), to date"), is_to_date=True),
    Number("cpa", "Cost per conversion since the campaign's start: spend over conversions.",
           with_sample(over(SPEND, CONVERSIONS)), ("spend", "earned"), "minor",
           InTile("Cost per conversion (CPA), to date"), is_to_date=True),
    _response("conversion_rate", "Households that converted after an ad of the period, of all that it reached.",
              rate(RESPONDERS), "earned", "ads"),
    _response("visitor_rate", "Households that visited after an ad of the period, of all that it reached.",
              rate(VISITORS), "earned", "ads"),
    _to_date("cpv", "Spend per visit since the campaign's start.",
             with_sample(over(SPEND, VISITS), VISIT_SAMPLE), "spend", "earned"),
    _to_date("cpl", "Spend per lead since the campaign's start.",
             with_sample(over(SPEND, LEADS), LEAD_SAMPLE), "spend", "earned"),
    _response("aov", "Revenue per conversion whose value is known.", with_sample(over(REVENUE, VALUED)), "earned"),
    _to_date("roi", "Revenue times margin, less spend, over spend, since the campaign's start.",
             with_sample(_ROI), "earned", "spend"),
)
# fmt: on

NUMBERS = {number.name: number for number in _NUMBERS}

# What the tables of models, campaigns and placements print of each row.
OF_A_MODEL = ("conversions", "revenue")
OF_A_CAMPAIGN = ("delivered", "reach", "conversions", "revenue", "spend")
OF_A_DAY = ("delivered", "conversions")
OF_A_PLACEMENT = ("delivered", "conversions", "revenue", "spend")
