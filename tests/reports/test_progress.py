"""The campaign to date, as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reports.compose import compose
from reports.content.report import ReportContent
from reports.facts.report_facts import ReportFacts
from reports.facts.to_date import EarlierChanges, Figures


def pairs(content: ReportContent, number: int = 0) -> dict[str, str]:
    return {pair.term: pair.text for pair in content.to_date[number].pairs}


def test_the_campaign_to_date_has_what_was_booked_spent_and_earned_with_intervals(content: ReportContent) -> None:
    assert content.to_date[0].title == "Campaign to date"
    assert pairs(content) == {
        "Ads delivered": "323,412 of 316,900 booked",
        "Spend": "$8,408.71 of a budget of $10,000.00",
        "Conversions": "350 (95% interval 313.9 to 389.2)",
        "Attributed revenue": "$29,120.00 (95% interval $25,625.60 to $32,905.60)",
        "Return on ad spend (ROAS)": "3.46× (95% interval 3.08× to 3.96×)",
        "Cost per conversion (CPA)": "$24.02 (95% interval $21.61 to $26.79)",
        "Cost per visit (CPV)": "$5.62 (95% interval $5.10 to $6.23)",
        "Cost per lead (CPL)": "too few to tell: shown from 5",
    }


def test_what_is_not_known_is_left_out_of_a_sentence_and_small_samples_have_no_ratio(facts: ReportFacts) -> None:
    (whole,) = facts.to_date
    small = replace(whole, booked=None, budget_minor=None, figures=replace(whole.figures, sample=4))
    shown = pairs(compose(replace(facts, to_date=(small,))))
    assert (shown["Ads delivered"], shown["Spend"]) == ("323,412", "$8,408.71")
    assert {"Return on ad spend (ROAS)", "Cost per conversion (CPA)"}.isdisjoint(shown)


def test_a_portfolio_of_two_currencies_has_a_section_for_each(portfolio: ReportFacts) -> None:
    (dollars,) = portfolio.to_date
    content = compose(replace(portfolio, to_date=(replace(dollars, currency="EUR"), dollars)))
    assert [section.title for section in content.to_date] == ["Campaigns to date, in EUR", "Campaigns to date, in USD"]
    assert pairs(content)["Spend"] == "€8,408.71 of a budget of €10,000.00"


def told_before(facts: ReportFacts, **changes: Any) -> str:
    """The sentences about earlier days where the last report told of 9 conversions, and of what changed since."""
    (whole,) = facts.to_date
    earlier = EarlierChanges(date(2026, 6, 30), Figures(100, 9.0, 9, 450_000, 0))
    return pairs(compose(replace(facts, to_date=(replace(whole, earlier=replace(earlier, **changes)),))))[
        "Earlier days"
    ]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (Figures(0, 40.0, 40, 2_000_000), "40 conversions and $20,000.00 of earlier days came in."),
        (Figures(0, 1.0, 1, 0), "1 conversion of earlier days came in."),
        (Figures(0, 0.0, 0, 50_000), "revenue of $500.00 came in for earlier days."),
        (Figures(0, 0.0, 0, -50_000), "revenue of $500.00 of earlier days was refunded or corrected."),
        (Figures(0, -2.0, -2, -4_000), "2 conversions and $40.00 of earlier days were taken back."),
        (Figures(0, -2.0, -2, None), "2 conversions of earlier days were taken back."),
        (Figures(0, 1e-9, 0, 0), "no conversions or revenue of earlier days have changed."),
    ],
)
def test_what_came_in_after_the_last_report_is_told(facts: ReportFacts, changed: Figures, sentence: str) -> None:
    assert told_before(facts, changed=changed) == f"Since the last report, {sentence}"


def test_orders_that_came_while_refunds_took_more_are_told_apart(facts: ReportFacts) -> None:
    assert told_before(facts, changed=Figures(0, 3.0, 3, -90_000)) == (
        "Since the last report, 3 conversions of earlier days came in. "
        "Since the last report, revenue of $900.00 of earlier days was refunded or corrected."
    )


def test_ads_spend_another_model_and_campaigns_that_ended_are_told(facts: ReportFacts) -> None:
    text = told_before(
        facts, changed=Figures(-1, 0.0, 0, 0, 12_000), model_changed=True, ended=("Spring", "Early summer")
    )
    assert "1 ad of earlier days was taken off the count." in text
    assert "The spend of earlier days is $120.00 higher than the last report said." in text
    assert "another attribution model, which is a part of the difference" in text
    assert text.endswith("No longer in this report, because their time is over: Spring, Early summer.")


def test_days_that_no_report_told_are_named_with_what_they_brought(facts: ReportFacts) -> None:
    (whole,) = facts.to_date
    earlier = EarlierChanges(
        date(2026, 6, 21), Figures(100, 9.0, 9, 450_000, 0), Figures(0, 40.0, 40, 2_000_000),
        Figures(0, 3.0, 3, 9_900), (date(2026, 6, 22), date(2026, 6, 28)),
    )  # fmt: skip
    period = Figures(facts.now.delivered, 350.0, 350, facts.now.revenue_minor, facts.now.spend_minor)
    whole = replace(whole, figures=earlier.reported + earlier.changed + earlier.unreported + period, earlier=earlier)
    shown = pairs(compose(replace(facts, to_date=(whole,))))
    assert "No report told of Jun 22 – 28, 2026: they brought 3 conversions and $99.00." in shown[
        "Earlier days"
    ].replace("\u2009", " ")
    assert shown["Adding up"] == (
        "9 in the last report, 40 of earlier days since then, 3 that no report told and 350 of this period make 402 "
        "conversions."
    )
