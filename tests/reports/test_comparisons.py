"""What a report says of lift, of models that learn, of other campaigns, and of addresses that cannot be matched."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from reports.compose import compose
from reports.content.tables.benchmark_position import two_digits
from reports.facts.comparisons import Lift
from reports.facts.report_facts import ReportFacts
from sql.values import Interval
from tests.reports.conftest import BENCHMARKS


def lift_sentence(facts: ReportFacts, relative: Interval | None, **fields: Any) -> str:
    (paragraph,) = compose(replace(facts, lifts=(lifted(relative, **fields),))).lift
    return paragraph


def lifted(relative: Interval | None, **fields: Any) -> Lift:
    return Lift(**{"campaign": "Launch", "causal": False, "households": 12_000, "base_households": 3_000, **fields},
                relative=relative)  # fmt: skip


def test_only_a_randomised_holdout_is_called_causal(facts: ReportFacts) -> None:
    lift = Interval(0.123, 0.02, 0.23)
    assert lift_sentence(facts, lift, causal=True).startswith(
        "The ads caused 12.3% more households to convert than in a randomised holdout "
        "(95% interval 2.0% to 23.0% more)."
    )
    assert lift_sentence(facts, lift) == (
        "Households that got the ads converted 12.3% more often than comparable listeners who did not (95% interval "
        "2.0% to 23.0% more). The groups were matched, not randomised, so this is not proof of cause."
    )
    assert compose(replace(facts, lifts=())).lift == (
        "No lift is reported. Lift needs a comparison group, and none was measured for this period.",
    )


def test_a_lift_below_zero_is_reported_in_text_rather_than_by_a_sign(facts: ReportFacts) -> None:
    fell = lift_sentence(facts, Interval(-0.032, -0.08, 0.02))
    assert "converted 3.2% less often than comparable listeners" in fell
    assert "(95% interval 8.0% less to 2.0% more)" in fell
    assert "no difference at all, so chance alone could explain this" in fell
    negative = lift_sentence(facts, Interval(-0.1, -0.18, -0.02), causal=True)
    assert negative.startswith("10.0% fewer households that got the ads converted than in a randomised holdout")
    assert "(95% interval 18.0% to 2.0% less)." in negative
    assert "as often as comparable listeners" in lift_sentence(facts, Interval(0.0004, -0.05, 0.05))


def test_a_holdout_shows_the_return_that_the_ads_added(facts: ReportFacts) -> None:
    printed = lift_sentence(facts, Interval(0.2, 0.1, 0.3), causal=True, iroas=Interval(0.63, -0.2, 1.46))
    assert "(iROAS) is 0.63× (95% interval -0.20× to 1.46×)" in printed
    assert "iROAS" not in lift_sentence(facts, Interval(0.2, 0.1, 0.3), iroas=Interval(0.63, -0.2, 1.46))


def test_a_coarse_comparison_shows_the_smallest_lift_that_it_finds(facts: ReportFacts) -> None:
    assert lift_sentence(facts, None, smallest=0.814) == (
        "No lift is reported. 12,000 households were compared with 3,000 others; that finds lifts of 81% and more, "
        "and has to find 30% to be shown."
    )
    assert lift_sentence(facts, None).endswith("3,000 others, of which none converted.")
    assert "1 household was compared with 1 other," in lift_sentence(facts, None, households=1, base_households=1)


def test_a_portfolio_shows_the_lift_of_each_campaign(portfolio: ReportFacts) -> None:
    names = [row.name for row in portfolio.campaigns]
    first = lifted(Interval(0.2, 0.1, 0.3), campaign=names[0])
    printed = compose(replace(portfolio, lifts=(first,))).lift
    assert printed[0].startswith(f"{names[0]}: Households that got the ads converted 20.0% more often")
    assert printed[1] == "For 1 other campaign no comparison group was measured."


def test_data_driven_models_stand_beside_the_report_s_own_with_their_intervals(facts: ReportFacts) -> None:
    table = compose(facts).data_driven
    assert table is not None
    assert [row.name for row in table.rows] == ["Linear (this report)", "Markov", "Counterfactual"]
    assert table.rows[1].cells == ("338.2", "297.0 – 384.1", "$28,137.00", "$24.86", "3.35×")
    assert table.title == "Models that learn from all journeys, from the start to Sep 27, 2026"
    assert "300" not in table.note


def test_a_fall_back_to_linear_is_reported(portfolio: ReportFacts) -> None:
    table = compose(portfolio).data_driven
    assert table is not None
    assert table.rows[1].cells == ("344", "338.2*", "351*")
    assert "* Fewer than 300 conversions are too few to learn from" in table.note


def test_medians_of_others_are_shown_in_two_digits_and_only_where_there_are_enough(facts: ReportFacts) -> None:
    table = compose(facts).benchmarks
    assert table is not None
    cells = {row.name: row.cells for row in table.rows}
    assert cells["Cost per conversion (CPA)"] == ("$24.44", "$32.00", "7 campaigns, 4 sponsors")
    assert cells["Return on ad spend (ROAS)"] == ("3.40×", "2.20×", "7 campaigns, 4 sponsors")
    converted = "Households that converted after an ad, of all reached"
    assert cells[converted] == (
        "0.28%",
        "0.21%",
        "7 campaigns, 4 sponsors",
    )
    assert "Return on investment (ROI)" not in cells
    none = replace(BENCHMARKS, rows=tuple(replace(row, median=None) for row in BENCHMARKS.rows))
    assert compose(replace(facts, benchmarks=none)).benchmarks is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3178.2, "3200"), (0.00213, "0.0021"), (9.96, "10"), (2.25, "2.3"), (-0.0449, "-0.045"), (0.0, "0")],
)
def test_two_digits_are_two_significant_ones(value: float, shown: str) -> None:
    assert two_digits(value) == Decimal(shown)


def test_the_modelled_number_stands_beside_the_counted_one(facts: ReportFacts) -> None:
    pairs = {pair.term: pair.text for pair in compose(facts).delivery.pairs}
    assert pairs["Conversions, counted and modelled"] == (
        "350 counted, with 87% of the ads at addresses of one household; 401 if the others respond alike "
        "(95% interval 360 to 446)."
    )
    unknown = compose(replace(facts, now=replace(facts.now, modelled=None)))
    assert "There are too few such conversions to model the others." in " ".join(
        pair.text for pair in unknown.delivery.pairs
    )


def test_what_came_back_is_shown_with_its_range_and_how_far_to_trust_it(facts: ReportFacts) -> None:
    section = compose(facts).response
    assert section is not None
    printed = {pair.term: pair.text for pair in section.pairs}
    assert (
        printed["Households that converted after an ad, of all reached"]
        == "0.29% (350 of 121,480; 95% interval 0.26% to 0.32%)"
    )
    assert printed["Revenue per conversion (AOV)"] == "$83.20 (95% interval $79.11 to $87.29), low confidence"
    # Costs set money against conversions of the same ads: they stand to date.
    assert set(printed) & {"Cost per visit (CPV)", "Cost per lead (CPL)", "Return on investment (ROI)"} == set()
    (to_date,) = compose(facts).to_date
    since_start = {pair.term: pair.text for pair in to_date.pairs}
    assert since_start["Cost per visit (CPV)"] == "$5.62 (95% interval $5.10 to $6.23)"
    assert since_start["Cost per lead (CPL)"] == "too few to tell: shown from 5"
    assert "Return on investment (ROI)" not in since_start


def test_a_period_that_brought_nothing_back_has_no_section_for_it(quiet_facts: ReportFacts) -> None:
    assert compose(quiet_facts).response is None


def test_delivery_stands_beside_what_was_due(facts: ReportFacts) -> None:
    pairs = {pair.term: pair.text for pair in compose(facts).delivery.pairs}
    assert pairs["Booked against delivered"] == (
        "323,412 of 316,900 booked since the start (102.1%), 102% of the 316,900 due by now"
    )


def test_folded_rows_come_last_and_are_no_placement(facts: ReportFacts) -> None:
    few = replace(facts.placements[0], show="Other", episode="Few", placement="Few", is_folded=True)
    content = compose(replace(facts, placements=(few, *facts.placements[1:]), folded_rows=3))
    assert content.placements.rows[-1].name == "Few"
    assert "3 rows, some of fewer than 10 households, stand as one" in content.placements.note
    assert content.bars is not None
    assert content.bars.bars[-1].folded


def test_a_folded_row_that_earned_next_to_nothing_has_no_bar(facts: ReportFacts) -> None:
    few = replace(facts.placements[0], episode="Few", placement="Few", conversions=0.01, is_folded=True)
    content = compose(replace(facts, placements=(few, *facts.placements[1:]), folded_rows=3))
    assert content.bars is not None
    assert "Few" not in [bar.label for bar in content.bars.bars]
