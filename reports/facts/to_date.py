"""To date: what campaigns did from their start to the end of a period, as known when a report is made.

Here: the cumulative figures with their intervals, what of them earlier reports have said, and what changed since.
Not here: how they are computed (assets/campaigns/period), text about them (progress.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from reports.facts.growing import Customers
from reports.facts.totals import Measure
from sql.values import Interval


@dataclass(frozen=True, slots=True)
class Figures:
    """Ads, conversions and money over a span of time. Figures of spans that follow each other add up.

    conversions: credit under the report's model. sample: how many conversions earned any, which decides what may be
    shown; it does not add up over campaigns. revenue_minor None: some converted, none with a value. spend_minor None: a
    price is not known.
    """

    delivered: int = 0
    conversions: float = 0.0
    sample: int = 0
    revenue_minor: int | None = 0
    spend_minor: int | None = 0

    def __add__(self, other: Figures) -> Figures:
        return self._with(other, 1)

    def __sub__(self, other: Figures) -> Figures:
        return self._with(other, -1)

    def _with(self, other: Figures, sign: int) -> Figures:
        """Revenue is a sum of the values that are known; spend without one of its parts is not known."""
        unvalued = self.revenue_minor is None and other.revenue_minor is None
        unpriced = self.spend_minor is None or other.spend_minor is None
        return Figures(
            self.delivered + sign * other.delivered,
            self.conversions + sign * other.conversions,
            self.sample + sign * other.sample,
            None if unvalued else (self.revenue_minor or 0) + sign * (other.revenue_minor or 0),
            None if unpriced else (self.spend_minor or 0) + sign * (other.spend_minor or 0),
        )


@dataclass(frozen=True, slots=True)
class EarlierChanges:
    """What became known of earlier days since the last report of the subscription that left.

    reported_through: the last day of that report's period. reported: what it said of the campaigns that are in this
    report too, from their start to that day. changed: how the same days differ from it now. unreported: the figures of
    the days between it and this period, which no report that left was about (unreported_days: first and last), and of
    campaigns that were not in it. model_changed: it gave conversions under another attribution model, so a part of the
    difference is of the model. ended: campaigns of that report that this one is no longer about.
    """

    reported_through: date
    reported: Figures
    changed: Figures = Figures()
    unreported: Figures = Figures()
    unreported_days: tuple[date, date] | None = None
    model_changed: bool = False
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToDate:
    """The campaigns of one currency from their start to the period's end, as known when the report was made.

    figures = earlier.reported + earlier.changed + earlier.unreported + period; sample adds up over time too, but not
    over campaigns. first: the day on which the first of them starts; through: the period's last day. booked and
    budget_minor: of all their placements; None: not known of one of them. earlier None: no report left before.
    Bounds are 95 % intervals: conversions in counts, revenue and cost per conversion in minor units, ROAS as a ratio;
    the last two are None where the sample is too small to show them. measures: further costs and returns. unvalued: how
    many of the sample have no known value: revenue leaves them out. customers: None where nobody says who is new.
    """

    currency: str
    first: date
    through: date
    figures: Figures
    booked: int | None = None
    budget_minor: int | None = None
    conversions_interval: Interval | None = None
    revenue_interval: Interval | None = None
    roas_interval: Interval | None = None
    cpa_interval: Interval | None = None
    campaigns: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    period: Figures = Figures()
    earlier: EarlierChanges | None = None
    unvalued: int = 0
    customers: Customers | None = None


@dataclass(frozen=True, slots=True)
class ScopeFigures:
    """What a report says of one campaign, or of all of a portfolio's together, as it is kept with the report.

    span: period or to_date; level: campaign or sponsor; currency None: several.
    """

    span: Literal["period", "to_date"]
    level: str
    scope_id: UUID
    model: str
    currency: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Correction:
    """The report that this one replaces: its revision, when it was made, and the period's figures then and now."""

    revision: int
    made_at: datetime
    old: Figures
    new: Figures
