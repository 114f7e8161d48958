"""The campaign to date, as text."""

from __future__ import annotations

from dataclasses import replace

from reports.compose import compose
from reports.content.facts import ReportFacts
from reports.content.report import ReportContent


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
    assert shown["Return on ad spend (ROAS)"] == shown["Cost per conversion (CPA)"] == "–"


def test_a_portfolio_of_two_currencies_has_a_section_for_each(portfolio: ReportFacts) -> None:
    (dollars,) = portfolio.to_date
    content = compose(replace(portfolio, to_date=(replace(dollars, currency="EUR"), dollars)))
    assert [section.title for section in content.to_date] == ["Campaigns to date, in EUR", "Campaigns to date, in USD"]
    assert pairs(content)["Spend"] == "€8,408.71 of a budget of €10,000.00"
