"""Subscriptions: whose report it is: the tenant, what it subscribed a sponsor to, and the campaigns that it is about.

Here: typed values for the rows of their statements, and which campaigns belong into a period.
Not here: what the campaigns did (reading.py), who gets the mails (reports/delivery).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl

from assets.reporting.figures.periods import ReportPeriod
from sql.values import Reader

# Where the campaigns of a portfolio lead with different models, the portfolio leads with the industry's.
PORTFOLIO_MODEL = "linear"


@dataclass(frozen=True, slots=True)
class Tenant:
    """What reports need of a tenant. fewest_households: a row of fewer is folded together with others.

    correction_share, correction_conversions: from which change on a report is corrected (correcting.Rule).
    """

    tenant_id: UUID
    slug: str
    timezone: str
    locale: str
    brand_name: str
    brand_color: str
    reply_to: str | None
    lateness_hours: int
    download_window: str
    fewest_households: int
    correction_share: float = 0.1
    correction_conversions: int = 5
    subject_template: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Tenant:
        """row: of read_tenants."""
        return cls(
            tenant_id=UUID(bytes=row["tenant_id"]),
            slug=row["slug"],
            timezone=row["timezone"],
            locale=row["locale"],
            brand_name=row["brand_name"],
            brand_color=row["brand_color"],
            reply_to=row["reply_to"],
            lateness_hours=row["lateness_hours"],
            download_window=row["download_window"],
            fewest_households=row["k_delivery"],
            correction_share=row["correction_share"],
            correction_conversions=row["correction_conversions"],
            subject_template=row["subject_template"],
        )


@dataclass(frozen=True, slots=True)
class Topic:
    """What a report is about. campaign_id None: all campaigns of the sponsor."""

    sponsor: str
    sponsor_id: UUID
    campaign_id: UUID | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Topic:
        """row: of read_report_subscriptions or find_reports."""
        campaign = row["campaign_id"]
        return cls(row["sponsor"], UUID(bytes=row["sponsor_id"]), UUID(bytes=campaign) if campaign else None)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets which report. locale None: the tenant's. empty_policy: send, skip or notify if nothing happened.

    needs_approval: a person has to approve each report. owner: whom reminders about its reports go to, if anybody.
    """

    subscription_id: UUID
    topic: Topic
    recipients: Sequence[str]
    locale: str | None
    empty_policy: str
    needs_approval: bool = False
    owner: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Subscription:
        """row: of read_report_subscriptions."""
        return cls(
            UUID(bytes=row["subscription_id"]),
            Topic.of(row),
            row["recipients"],
            row["locale"],
            row["empty_policy"],
            row["needs_approval"],
            row["owner"],
        )


@dataclass(frozen=True, slots=True)
class ReportCampaign:
    """A campaign with the settings in force, in the columns of read_report_campaigns. version: of its settings."""

    campaign_id: bytes
    name: str
    starts_on: date
    ends_on: date
    goal_kind: str
    currency: str
    version: int
    window_days: Decimal
    half_life_days: Decimal
    default_model: str
    target_cpa_minor: int | None = None
    target_roas: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What one report is about: its campaigns. is_portfolio: all of the sponsor's that ran, else the one."""

    sponsor: str
    sponsor_id: bytes
    campaigns: Sequence[ReportCampaign]
    is_portfolio: bool

    @property
    def level(self) -> str:
        return "sponsor" if self.is_portfolio else "campaign"

    @property
    def scope_id(self) -> bytes:
        return self.sponsor_id if self.is_portfolio else self.campaigns[0].campaign_id

    @property
    def model(self) -> str:
        models = {campaign.default_model for campaign in self.campaigns}
        return models.pop() if len(models) == 1 else PORTFOLIO_MODEL

    @property
    def currency(self) -> str | None:
        currencies = {campaign.currency for campaign in self.campaigns}
        return currencies.pop() if len(currencies) == 1 else None

    @property
    def campaign_ids(self) -> list[UUID]:
        return [UUID(bytes=campaign.campaign_id) for campaign in self.campaigns]

    @property
    def label(self) -> str:
        """The subject in an operator's table."""
        return "all campaigns" if self.is_portfolio else ", ".join(campaign.name for campaign in self.campaigns)


def read_subscriptions(read: Reader, tenant_id: UUID, cadence: str) -> list[Subscription]:
    """The tenant's active subscriptions of a cadence, in the order of their ids."""
    rows = read("read_report_subscriptions", cadence=cadence, tenants=[tenant_id])
    return [Subscription.of(row) for row in rows.iter_rows(named=True)]


def read_subjects(
    read: Reader, tenant_id: UUID, topics: Sequence[Topic], period: ReportPeriod, as_of: datetime
) -> list[Subject]:
    """Of each topic, the campaigns that ran in the period, or whose attribution windows were open in it."""
    sponsors = sorted({topic.sponsor_id for topic in topics})
    campaigns = read("read_report_campaigns", tenants=[tenant_id], sponsors=sponsors, as_of=as_of)
    last_window_day = pl.col("ends_on") + pl.duration(days=pl.col("window_days").ceil().cast(pl.Int64))
    running = campaigns.filter((pl.col("starts_on") <= period.last) & (last_window_day >= period.first))
    of_sponsor: dict[bytes, list[ReportCampaign]] = {}
    for row in running.to_dicts():
        of_sponsor.setdefault(row.pop("sponsor_id"), []).append(ReportCampaign(**row))
    return [_subject(topic, of_sponsor.get(topic.sponsor_id.bytes, [])) for topic in topics]


def _subject(topic: Topic, campaigns: Sequence[ReportCampaign]) -> Subject:
    if topic.campaign_id is not None:
        campaigns = [each for each in campaigns if each.campaign_id == topic.campaign_id.bytes]
    return Subject(topic.sponsor, topic.sponsor_id.bytes, campaigns, topic.campaign_id is None)
