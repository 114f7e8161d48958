"""Whose report it is: the tenant, the subscription, and the campaigns that belong into a period."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from assets.reporting.figures.periods import week_of
from assets.reporting.figures.subscriptions import (
    ReportCampaign,
    Subject,
    Subscription,
    Tenant,
    Topic,
    read_subjects,
    read_subscriptions,
)
from tests.assets.reporting.campaigns import report_campaign

TENANT, KETTLE, SPRING = (UUID(int=number) for number in (1, 2, 3))
WEEK = week_of(date(2026, 3, 9), "UTC")
AS_OF = datetime(2026, 3, 20, tzinfo=UTC)


def running(name: str, starts_on: date, ends_on: date, window_days: str = "30") -> dict[str, Any]:
    return {
        "sponsor_id": KETTLE.bytes,
        "campaign_id": UUID(int=sum(name.encode())).bytes,
        "name": name,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "goal_kind": "purchase",
        "currency": "USD",
        "version": 1,
        "window_days": Decimal(window_days),
        "half_life_days": Decimal(7),
        "default_model": "linear",
    }


CAMPAIGNS = [
    running("runs", date(2026, 3, 1), date(2026, 3, 31)),
    running("begins on the last day", date(2026, 3, 15), date(2026, 4, 30)),
    running("begins after it", date(2026, 3, 16), date(2026, 4, 30)),
    running("window ends on the first day", date(2026, 1, 1), date(2026, 2, 27), "9.5"),
    running("window ended before it", date(2026, 1, 1), date(2026, 2, 27), "9"),
]


class Rows:
    """A reader of the campaigns above and of one subscription to all of a sponsor's."""

    def __init__(self) -> None:
        self.params: dict[str, object] = {}

    def __call__(self, statement: str, /, **params: object) -> pl.DataFrame:
        self.params = params
        if statement == "read_report_campaigns":
            return pl.DataFrame(CAMPAIGNS)
        who = {"sponsor": "Kettle", "sponsor_id": KETTLE.bytes, "campaign_id": None}
        mails = {
            "recipients": ["dana@example.org"],
            "locale": None,
            "empty_policy": "skip",
            "needs_approval": True,
            "owner": "ann@example.org",
        }
        return pl.DataFrame([{"subscription_id": UUID(int=9).bytes, **who, **mails}])


def test_a_portfolio_has_the_campaigns_that_ran_or_whose_windows_were_open() -> None:
    (subject,) = read_subjects(Rows(), TENANT, [Topic("Kettle", KETTLE, None)], WEEK, AS_OF)

    names = [campaign.name for campaign in subject.campaigns]
    assert names == ["runs", "begins on the last day", "window ends on the first day"]
    assert (subject.is_portfolio, subject.level, subject.scope_id) == (True, "sponsor", KETTLE.bytes)
    assert subject.label == "all campaigns"


def test_a_report_on_one_campaign_has_that_one_or_none() -> None:
    runs = UUID(bytes=CAMPAIGNS[0]["campaign_id"])
    topics = [Topic("Kettle", KETTLE, runs), Topic("Kettle", KETTLE, SPRING), Topic("Pan", UUID(int=8), None)]
    subject, gone, other = read_subjects(Rows(), TENANT, topics, WEEK, AS_OF)

    assert (subject.campaign_ids, subject.level, subject.scope_id) == ([runs], "campaign", runs.bytes)
    assert subject.label == "runs"
    assert not gone.campaigns
    assert not other.campaigns


def subject(*campaigns: ReportCampaign) -> Subject:
    return Subject("Kettle", KETTLE.bytes, campaigns, is_portfolio=True)


@pytest.mark.parametrize(
    ("models", "model"),
    [(["last_touch", "last_touch"], "last_touch"), (["last_touch", "j_shaped"], "linear"), ([], "linear")],
)
def test_campaigns_that_lead_with_different_models_are_led_by_linear(models: list[str], model: str) -> None:
    assert subject(*(report_campaign(b"spring", model=each) for each in models)).model == model


def test_money_in_two_currencies_has_none() -> None:
    dollars = report_campaign(b"spring")
    euros = ReportCampaign(**{name: getattr(dollars, name) for name in ReportCampaign.__slots__} | {"currency": "EUR"})

    assert subject(dollars, dollars).currency == "USD"
    assert subject(dollars, euros).currency is None


def test_rows_become_values() -> None:
    read = Rows()
    [subscription] = read_subscriptions(read, TENANT, "weekly")

    assert read.params == {"cadence": "weekly", "tenants": [TENANT]}
    topic = Topic("Kettle", KETTLE, None)
    assert subscription == Subscription(
        UUID(int=9), topic, ["dana@example.org"], None, "skip", needs_approval=True, owner="ann@example.org"
    )
    brand = {"brand_name": "Quay", "brand_color": "#123456", "reply_to": None, "locale": "en", "timezone": "UTC"}
    brand["subject_template"] = None
    row = {"tenant_id": TENANT.bytes, "slug": "quay", "lateness_hours": 48, "download_window": "calendar_day", **brand}
    tenant = Tenant.of(
        {**row, "k_delivery": 10, "k_demographic": 50, "correction_share": 0.1, "correction_conversions": 5}
    )
    assert (tenant.tenant_id, tenant.slug, tenant.fewest_households) == (TENANT, "quay", 10)
