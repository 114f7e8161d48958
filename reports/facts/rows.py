"""Rows: the raw numbers of the placements, campaigns and models of one report, over its period.

Here: frozen records. Money is integer minor units of a named currency, credits are as exact as attribution made them.
Not here: the period as a whole (totals.py), the tables that are made of them (tables.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reports.facts.to_date import Figures


@dataclass(frozen=True, slots=True)
class PlacementRow:
    """One placement in one episode, over the period. position: pre, mid or post. aired: local day.

    conversions: under the report's model; by_model: under each model that the campaign was measured with.
    to_date: of the same placement and episode since the campaign's start; None: not known.
    is_folded: the sum of several that stand for too few households each. episode_url: the episode's page, if known.
    """

    campaign: str
    show: str
    episode: str
    placement: str
    position: str
    aired: date | None
    booked: int | None
    delivered: int
    conversions: float
    revenue_minor: int | None
    spend_minor: int | None
    currency: str
    is_folded: bool = False
    by_model: tuple[tuple[str, float], ...] = ()
    to_date: Figures | None = None
    episode_url: str | None = None


@dataclass(frozen=True, slots=True)
class ShowRow:
    """What a show has delivered, cost and earned since the campaigns' start, over all of the report's placements."""

    name: str
    currency: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign of a portfolio report, over the period. to_date: since its start; None: not known."""

    name: str
    starts_on: date
    ends_on: date
    booked: int | None
    delivered: int
    reach: int | None
    conversions: float
    sample: int
    revenue_minor: int | None
    spend_minor: int | None
    currency: str
    to_date: Figures | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What one attribution model gives to the campaign over the period. model: a name of attribution_credits."""

    model: str
    conversions: float
    revenue_minor: int | None
