"""Comparisons: raw facts on what a campaign is held against: households without the ad, other models, other campaigns.

Here: frozen records as of a Sunday, since the campaign began. `None` always means "not known".
Not here: a period's own numbers (facts.py), sentences and formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sql.values import Interval


@dataclass(frozen=True, slots=True)
class Lift:
    """How much more often households converted that a campaign reached than households that it did not.

    relative: None where it may not be shown: smallest is then the smallest lift that the comparison finds (None: none
    of the others converted). causal: by lot, the only causal design. iroas: revenue added per unit of spend.
    """

    campaign: str
    relative: Interval | None
    causal: bool
    households: int
    base_households: int
    smallest: float | None = None
    iroas: Interval | None = None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a model gives to a campaign since its start. cpa in minor units; is_fallback: these are linear's numbers."""

    campaign: str
    model: str
    conversions: Interval
    revenue_minor: int | None
    cpa: float | None
    roas: float | None
    currency: str
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """The report's model beside the data-driven ones. through: the last day that counts."""

    through: date
    rows: tuple[ModelResult, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A KPI of the campaign beside the median of campaigns for other sponsors; minor units where it is money."""

    kpi: str
    unit: Literal["minor", "ratio"]
    estimate: float | None
    median: float | None
    campaigns: int
    sponsors: int


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """through: the last day that counts. model: under which all are measured."""

    through: date
    model: str
    rows: tuple[Benchmark, ...]
