"""Campaigns of reports' tests: only what a test is about is given."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from assets.reporting.figures.subscriptions import ReportCampaign


def report_campaign(campaign_id: bytes, *, model: str = "linear") -> ReportCampaign:
    """A campaign named after its id."""
    return ReportCampaign(
        campaign_id=campaign_id,
        name=campaign_id.decode(),
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 12, 31),
        goal_kind="purchase",
        currency="USD",
        version=1,
        window_days=Decimal(30),
        half_life_days=Decimal(7),
        default_model=model,
    )
