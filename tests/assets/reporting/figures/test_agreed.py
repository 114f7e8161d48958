"""Agreed: codes with the ads of their placements, and the targets of one campaign."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl

from assets.reporting.figures.agreed import with_codes, with_targets
from assets.reporting.figures.subscriptions import Subject
from reports.facts.report_facts import CodeUse
from tests.assets.reporting.campaigns import report_campaign
from tests.reports.conftest import make_facts

FACTS = make_facts(codes=(), target_cpa_minor=None, target_roas=None)
USES = pl.DataFrame(
    {
        "placement_id": [b"mid", b"new"],
        "placement": ["Mid-roll", "Pre-roll"],
        "code": ["BREAD10", "BREAD20"],
        "kind": ["promo_code", "promo_code"],
        "used": [2, 0],
        "used_to_date": [7, 0],
    }
)
SHOWS = pl.DataFrame({"placement_id": [b"mid", b"mid", b"end"], "impressions": [40, 60, 5]})


def test_a_code_has_the_ads_of_all_episodes_of_its_placement_and_none_before_it_ran() -> None:
    assert with_codes(FACTS, SHOWS, USES).codes == (
        CodeUse("BREAD10", "promo_code", "Mid-roll", used=2, used_to_date=7, delivered=100),
        CodeUse("BREAD20", "promo_code", "Pre-roll", used=0, used_to_date=0, delivered=0),
    )


def test_one_campaign_has_its_targets_and_a_portfolio_none() -> None:
    campaign = replace(report_campaign(b"spring"), target_cpa_minor=1250, target_roas=Decimal("2.5"))
    one = with_targets(FACTS, Subject("Kettle", b"kettle", [campaign], is_portfolio=False))
    assert (one.target_cpa_minor, one.target_roas) == (Decimal(1250), Decimal("2.5"))
    assert with_targets(FACTS, Subject("Kettle", b"kettle", [campaign], is_portfolio=True)) == FACTS
    plain = Subject("Kettle", b"kettle", [report_campaign(b"spring")], is_portfolio=False)
    assert with_targets(FACTS, plain).target_cpa_minor is None
