"""Totals: the raw numbers of a period as a whole: its headline, and the rates, costs and returns beyond it.

Here: frozen records, and how they could contradict themselves. Money is integer minor units of a named currency.
Not here: rows of tables (rows.py), figures since the start (to_date.py), sentences and formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sql.values import Interval


@dataclass(frozen=True, slots=True)
class Totals:
    """One period's totals under the default model.

    delivered: ads; reach: distinct addresses that got one; reached: how many are of each kind (labels.ADDRESSES).
    conversions: attributed credit of the goal kind that happened in the period, a fraction where credit is shared with
    other campaigns; own_conversions: the part of it that the period's own ads earned; sample: conversions that earned
    any credit, which decides what may be shown.
    unvalued: how many of the sample have no known value: revenue leaves them out.
    modelled: conversions as if shared addresses responded like those of one household; usable_share: ads at the latter.
    Bounds are 95 % intervals: conversions in counts, revenue and cost per conversion in minor units, ROAS as a ratio.
    """

    delivered: int
    reach: int | None
    conversions: float
    sample: int
    revenue_minor: int | None
    spend_minor: int | None
    conversions_interval: Interval | None = None
    revenue_interval: Interval | None = None
    roas_interval: Interval | None = None
    cpa_interval: Interval | None = None
    modelled: Interval | None = None
    usable_share: float | None = None
    reached: tuple[tuple[str, int], ...] = ()
    own_conversions: float | None = None
    unvalued: int = 0

    def contradictions(self) -> Iterator[str]:
        """Parts are no more than the whole; an interval without its own estimate was computed for something else."""
        if self.reached and sum(count for _, count in self.reached) != self.reach:
            yield f"the kinds of addresses sum to {sum(count for _, count in self.reached)}, the reach is {self.reach}"
        if self.own_conversions is not None and self.own_conversions > self.conversions * (1 + 1e-9) + 1e-6:
            yield f"the period's own ads earned {self.own_conversions:g} of {self.conversions:g} conversions"
        spend, revenue, conversions = self.spend_minor, self.revenue_minor, self.conversions
        for name, value, interval in (
            ("conversions", conversions, self.conversions_interval),
            ("revenue", revenue, self.revenue_interval),
            ("ROAS", revenue / spend if spend and revenue is not None else None, self.roas_interval),
            ("CPA", spend / conversions if spend is not None and conversions > 0 else None, self.cpa_interval),
        ):
            if value is not None and interval is not None and not _holds(interval, value):
                yield f"{name} of {value:g} lie outside their interval, {interval.lower} to {interval.upper}"


def _holds(interval: Interval, value: float) -> bool:
    """Whether the value lies inside, up to the last digits of a float."""
    slack = 1e-6 * max(1.0, abs(value))
    low_enough = interval.upper is None or value <= interval.upper + slack
    return low_enough and (interval.lower is None or value >= interval.lower - slack)


@dataclass(frozen=True, slots=True)
class Measure:
    """A rate, cost or return of the period under the report's model. kpi: a name of campaign_roi.

    interval: its estimate in minor units where it is money; None: not shown, because the sample is too small
    (is_small) or because a price, value or margin is not known.
    counted, reached: of a rate, its numerator and denominator: households reached by the ads of the same span.
    """

    kpi: str
    interval: Interval | None
    is_money: bool
    is_small: bool = False
    is_doubtful: bool = False
    counted: int | None = None
    reached: int | None = None
