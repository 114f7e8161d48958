"""What a report says: numbers from totals, thresholds, changes, notices and the frozen content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.compose import compose
from reports.content.charts.chart_data import count_ticks
from reports.content.report import Notice, ReportContent
from reports.content.tiles import change, own_figures
from reports.facts.report_facts import Daily, FactsError, FailedCheck, OpenWindows, Pacing, Period, ReportFacts, Totals
from reports.facts.to_date import Correction, Figures
from reports.rendering.render import render
from reports.wording.formats import Formatter
from sql.values import Interval
from tests.reports.conftest import tile

CORRECTED = Correction(1, datetime(2026, 10, 2, tzinfo=UTC), Figures(323_412, 310.0, 310), Figures(323_412, 350.0, 350))
ChangeFacts = Callable[..., ReportFacts]


def texts(notices: tuple[Notice, ...]) -> str:
    return "\n".join(notice.text for notice in notices)


def test_the_finding_tells_conversions_by_whose_ads_they_followed_and_money_to_date(content: ReportContent) -> None:
    assert content.finding == (
        "This period brought 323,412 ads and 350 attributed conversions, 301.5 from its own ads and 48.5 from earlier "
        "ads; to date, $8,408.71 of spend returned 3.46×."
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"own_conversions": 0.0}, "350 attributed conversions, 0 from its own ads and 350 from earlier ads; to"),
        ({"own_conversions": None}, "This period brought 323,412 ads and 350 attributed conversions; to date"),
        (
            {"conversions": 20.0, "own_conversions": 9.15},
            "20 attributed conversions, 9.2 from its own ads and 10.8",
        ),
        (
            {"conversions": 1.0, "own_conversions": 1.0},
            "1 attributed conversion, 1 from its own ads and 0 from",
        ),
        (
            {"conversions": 0.0, "own_conversions": 0.0},
            "brought 323,412 ads and no attributed conversions; to",
        ),
    ],
)
def test_the_parts_of_a_period_s_conversions_add_up_as_they_are_printed(
    facts: ReportFacts, now: dict[str, float | None], said: str
) -> None:
    changed = replace(facts.now, conversions_interval=None, cpa_interval=None, **now)  # type: ignore[arg-type]
    assert said in compose(replace(facts, now=changed, placements=())).finding


def test_without_ads_all_conversions_are_earlier_ads(quiet_facts: ReportFacts) -> None:
    now = replace(quiet_facts.now, conversions=3.0, sample=3, own_conversions=0.0)
    finding = compose(replace(quiet_facts, now=now)).finding
    assert finding == "No ads were delivered in this period; earlier ads brought 3 attributed conversions."


def test_return_and_cost_are_to_date_with_what_the_period_moved(facts: ReportFacts) -> None:
    """Before the period: 2,310,000 earned by 709,930 spent, and 283 conversions."""
    before = Figures(284_690, 283.0, 283, 2_310_000, 709_930)
    longer = replace(
        facts.to_date[0],
        figures=before + own_figures(facts.now),
        roas_interval=Interval(3.37, 3.03, 3.74),
        cpa_interval=Interval(2449.92, 2266.3, 2652.8),
    )
    content = compose(replace(facts, to_date=(longer,)))
    roas, cost = tile(content, "Return"), tile(content, "Cost")
    assert (roas.label, roas.value) == ("Return on ad spend (ROAS), to date", "3.37×")
    assert (roas.change, roas.versus, roas.direction) == ("0.12×", "in this period, from 3.25× before it", "up")
    assert roas.detail == "95% interval 3.03× to 3.74×, to date"
    assert (cost.value, cost.change, cost.versus) == ("$24.50", "$0.59", "in this period, from $25.09 before it")
    assert (cost.direction, cost.mood, roas.mood) == ("down", "neutral", "neutral")
    assert "to date, $15,508.01 of spend returned 3.37×" in content.finding
    # The period's orders over the period's spend would be 3.46×.
    assert "3.46×" not in content.canonical_json()


def test_what_was_too_small_before_the_period_has_not_moved(content: ReportContent) -> None:
    shown = tile(content, "Return")
    assert (shown.value, shown.change, shown.versus) == ("3.46×", "", "not known before this period")


def test_ads_delivered_have_no_mood_and_name_what_was_before_and_who_was_reached(content: ReportContent) -> None:
    ads = tile(content, "Ads")
    assert (ads.change, ads.versus, ads.direction) == ("13.6%", "from 284,690 in the previous period", "up")
    assert ads.mood == "neutral"
    assert (
        ads.detail
        == "reached 121,480 addresses: 118,200 households, 2,100 offices, and 1,180 addresses of unknown kind"
    )


@pytest.mark.parametrize(
    ("before", "mood", "direction"),
    [
        # This period: 350, from 313.9 to 389.2.
        (Interval(283, 251.0, 313.8), "good", "up"),
        (Interval(283, 251.0, 313.9), "neutral", "up"),
        (Interval(283, 251.0, 318.0), "neutral", "up"),
        (Interval(430, 389.3, 480.0), "bad", "down"),
        (Interval(430, 389.2, 480.0), "neutral", "down"),
        (None, "neutral", "up"),
    ],
)
def test_a_change_has_a_mood_only_where_the_intervals_of_both_periods_are_apart(
    facts: ReportFacts, before: Interval | None, mood: str, direction: str
) -> None:
    assert facts.previous is not None
    estimate = before.estimate if before else 283.0
    previous = replace(facts.previous, conversions=estimate, conversions_interval=before, own_conversions=None)
    shown = tile(compose(replace(facts, previous=previous)), "Conversions")
    assert (shown.mood, shown.direction) == (mood, direction)
    assert shown.versus == f"from {estimate:g} in the previous period"


def test_the_interval_of_conversions_is_the_period_s(content: ReportContent) -> None:
    detail = tile(content, "Conversions").detail
    assert detail == ("301.5 from this period’s ads, 48.5 from earlier ads · 95% interval 313.9 to 389.2, this period")


NOW, BEFORE = Period(date(2026, 7, 1), date(2026, 9, 30)), Period(date(2026, 3, 31), date(2026, 6, 30))


@pytest.mark.parametrize(
    ("flights", "has_percentage"),
    [
        ([(BEFORE.first, NOW.last)], True),
        ([(date(2025, 1, 1), date(2027, 1, 1))], True),
        # One day short at either end, or begun and ended between.
        ([(date(2026, 4, 1), NOW.last)], False),
        ([(BEFORE.first, date(2026, 9, 29))], False),
        ([(NOW.first, NOW.last)], False),
        # A campaign of a portfolio that ran in neither changes nothing.
        ([(BEFORE.first, NOW.last), (date(2026, 1, 1), date(2026, 3, 30))], True),
        ([(date(2026, 1, 1), date(2026, 3, 30))], False),
        ([(BEFORE.first, NOW.last), (date(2026, 8, 1), date(2026, 8, 31))], False),
    ],
)
def test_a_percentage_needs_a_flight_on_all_days_of_both_periods(
    facts: ReportFacts, flights: list[tuple[date, date]], has_percentage: bool
) -> None:
    content = compose(replace(facts, flights=tuple(Period(*each) for each in flights)))
    for start, before in (("Ads", "284,690"), ("Conversions", "283")):
        shown = tile(content, start)
        assert (shown.change != "") == has_percentage
        assert before in shown.versus
        assert has_percentage or shown.versus.endswith("the flight did not run on all days")


@pytest.mark.parametrize(("now", "before", "shown"), [(3, 0, "new"), (0, 0, "")])
def test_a_zero_base_has_no_percentage(now: int, before: int, shown: str) -> None:
    moved = change(Decimal(now), Decimal(before), "", Formatter("en_US", "UTC"), is_clear=True)
    assert (moved.text, moved.direction, moved.mood) == (shown, "none", "neutral")


def test_a_change_that_prints_as_zero_has_no_arrow_and_no_mood() -> None:
    moved = change(Decimal(100_001), Decimal(100_000), "", Formatter("en_US", "UTC"), is_clear=True)
    assert (moved.text, moved.direction, moved.mood) == ("0.0%", "flat", "neutral")


def small(facts: ReportFacts, conversions: int) -> ReportFacts:
    """As many conversions, all of the period's, which is all that there was."""
    now = replace(
        facts.now,
        conversions=float(conversions),
        sample=conversions,
        conversions_interval=None,
        cpa_interval=None,
        own_conversions=float(conversions),
    )
    figures = replace(own_figures(now))
    to_date = replace(facts.to_date[0], figures=figures, roas_interval=None, cpa_interval=None)
    return replace(facts, now=now, placements=(), to_date=(to_date,))


def test_a_cost_that_did_not_change_is_not_printed_as_an_amount_of_zero(facts: ReportFacts) -> None:
    (to_date,) = facts.to_date
    # Twice the period: what was before it had the same cost and return.
    whole = replace(to_date, figures=to_date.period + to_date.period)
    cost = tile(compose(replace(facts, to_date=(whole,))), "Cost per conversion")
    assert (cost.change, cost.versus) == ("", "unchanged in this period")


def test_nothing_in_both_periods_is_told_without_a_change(facts: ReportFacts) -> None:
    now, before = small(facts, 0).now, replace(facts.previous or facts.now, conversions=0.0, own_conversions=0.0)
    content = compose(replace(small(facts, 0), now=now, previous=replace(before, sample=0, conversions_interval=None)))
    assert tile(content, "Conversions").versus == "0 in the previous period"


def test_under_five_conversions_show_counts_and_no_ratios(facts: ReportFacts) -> None:
    content = compose(small(facts, 4))
    assert tile(content, "Conversions").value == "4"
    assert tile(content, "Return").value == tile(content, "Cost").value == "–"
    assert (tile(content, "Return").versus, tile(content, "Return").detail) == ("shown from 5 conversions", "")
    assert "too few to say what the $8,408.71 spent to date returned" in content.finding
    assert "×" not in content.finding


def test_a_change_between_small_counts_is_shown_as_counts(facts: ReportFacts) -> None:
    assert facts.previous is not None
    before = replace(facts.previous, conversions=2.0, sample=2, conversions_interval=None, own_conversions=None)
    shown = tile(compose(replace(facts, previous=before)), "Conversions")
    assert (shown.change, shown.direction) == ("", "none")
    assert shown.versus == "2 in the previous period"


def test_five_to_twenty_nine_conversions_are_low_confidence(facts: ReportFacts) -> None:
    assert "low confidence" in tile(compose(small(facts, 5)), "Return").detail
    assert "low confidence" in tile(compose(small(facts, 29)), "Cost").detail
    assert "low confidence" not in tile(compose(small(facts, 30)), "Cost").detail
    assert compose(small(facts, 29)).finding.endswith(", from a small sample.")


def test_unknown_spend_gives_no_ratio_and_reports_it(facts: ReportFacts) -> None:
    (to_date,) = facts.to_date
    unknown = replace(
        to_date, figures=replace(to_date.figures, spend_minor=None), roas_interval=None, cpa_interval=None
    )
    content = compose(replace(facts, to_date=(unknown,), now=replace(facts.now, spend_minor=None)))
    assert not [each for each in content.tiles if each.label.startswith(("Return", "Cost per conversion"))]
    assert "The spend is not known" in texts(content.notices)
    assert "$" not in content.finding


def test_conversions_without_a_value_are_told_beside_what_leaves_them_out(facts: ReportFacts) -> None:
    to_date = tuple(replace(each, unvalued=1_200) for each in facts.to_date)
    printed = texts(compose(replace(facts, now=replace(facts.now, unvalued=120), to_date=to_date)).notices)
    assert (
        "120 of the 350 conversions that count in full or in part in this period came without an order value. Its "
        "revenue leaves them out, so it is at least what is shown; revenue per conversion is the average of the others."
    ) in printed
    assert "1,200 of the 350 conversions that count in full or in part to date came without an order value." in printed
    one = texts(compose(replace(facts, now=replace(facts.now, unvalued=1))).notices)
    assert "1 of the 350 conversions that count in full or in part in this period came without an order value." in one
    assert "Its revenue leaves that one out" in one
    assert "without an order value" not in texts(compose(facts).notices)


def test_revenue_without_an_interval_names_the_reason(facts: ReportFacts) -> None:
    reason = "without an interval: it takes 5 households whose orders have a known value"
    revenue = facts.now.revenue_minor or 0
    whole = replace(facts, now=replace(facts.now, revenue_interval=Interval(revenue, 1.0, 1e9)))
    assert "without an interval" not in texts(compose(whole).notices)
    period = replace(whole, now=replace(whole.now, revenue_interval=None))
    assert "Revenue of this period is shown without an interval" in texts(compose(period).notices)
    to_date = tuple(replace(each, revenue_interval=None) for each in whole.to_date)
    assert f"Revenue and return to date are shown {reason}" in texts(compose(replace(whole, to_date=to_date)).notices)


def test_several_currencies_are_never_summed(portfolio: ReportFacts) -> None:
    euros = replace(portfolio.campaigns[1], currency="EUR")
    with pytest.raises(FactsError, match="currencies are never summed"):
        replace(portfolio, campaigns=(portfolio.campaigns[0], euros))
    now = replace(portfolio.now, revenue_minor=None, spend_minor=None)
    (dollars,) = portfolio.to_date
    half = replace(
        dollars, currency="EUR", figures=Figures(100_000, 20.0, 20, 90_000, 30_000),
        period=Figures(50_000, 10.0, 10, 50_000, 20_000), roas_interval=Interval(3.0, 2.1, 4.2), cpa_interval=None,
    )  # fmt: skip
    content = compose(
        replace(portfolio, currency=None, now=now, campaigns=(portfolio.campaigns[0], euros), previous=None,
                previous_period=None, to_date=(half, dollars))
    )  # fmt: skip
    shown = {each.label: (each.value, each.change, each.versus) for each in content.tiles[2:]}
    assert shown == {
        "ROAS in EUR, to date": ("3.00×", "1.00×", "in this period, from 4.00× before it"),
        "CPA in EUR, to date": ("€15.00", "€5.00", "in this period, from €10.00 before it"),
        "ROAS in USD, to date": ("3.46×", "", "not known before this period"),
        "CPA in USD, to date": ("$24.02", "", "not known before this period"),
    }
    assert tile(content, "ROAS in EUR").detail == "low confidence · 95% interval 2.10× to 4.20×, to date"
    assert content.finding.endswith(
        "; to date, €300.00 of spend returned 3.00× (small sample) and $8,408.71 of spend returned 3.46×."
    )
    assert content.response is not None
    assert "Revenue per conversion (AOV)" not in {pair.term for pair in content.response.pairs}
    delivery = {pair.term: pair.text for pair in content.delivery.pairs}
    assert (delivery["Spend in EUR"], delivery["Attributed revenue in EUR"]) == ("€200.00", "€500.00")
    assert b"%PDF" in next(file.body for file in render(content) if file.name == "report.pdf")
    assert [table.title for table in content.campaigns] == [
        f"Campaigns in {currency}, {content.header.period}" for currency in ("EUR", "USD")
    ]
    assert "€" in "".join(cell for row in content.campaigns[0].rows for cell in row.cells)


def test_delivery_behind_its_booking_is_a_warning(facts: ReportFacts) -> None:
    content = compose(replace(facts, pacing=Pacing(400_000, 300_000, 350_000)))
    assert "Delivery is behind its booking: 300,000 ads so far, 86% of the 350,000 due by now" in texts(content.notices)


def test_an_ended_flight_names_its_make_good(facts: ReportFacts) -> None:
    content = compose(replace(facts, pacing=Pacing(400_000, 399_999, 400_000, ended=True, make_good=1)))
    assert "1 ad is owed as a make-good" in texts(content.notices)


def test_a_flight_that_ended_short_owes_its_ads_while_others_deliver_more(facts: ReportFacts) -> None:
    content = compose(replace(facts, pacing=Pacing(400_000, 420_000, 380_000, make_good=1_200)))
    assert "Flights that have ended delivered less than was booked; 1,200 ads are owed" in texts(content.notices)


def test_open_windows_failed_checks_and_revisions_are_reported(facts: ReportFacts) -> None:
    check = FailedCheck(date(2026, 7, 4), "volume", "downloads fell by 80%.")
    content = compose(
        replace(facts, windows=OpenWindows(12, 1, 0.91), failed_checks=(check,), revision=2, restates=CORRECTED)
    )
    printed = texts(content.notices)
    assert "Ads in 1 episode are still inside their attribution window of 30 days, counted from the ad" in printed
    assert "the window is complete for 91% of this period’s ads" in printed
    assert "in later periods and to date, not in this period." in printed
    assert "A data check did not pass for Jul 4, 2026: downloads fell by 80%." in printed
    assert "This is revision 2" in printed
    assert [notice.kind for notice in content.notices] == ["warning", "warning", "info"]


def test_a_period_without_ads_reports_it_and_draws_nothing(quiet_facts: ReportFacts) -> None:
    content = compose(quiet_facts)
    assert content.finding == "No ads were delivered in this period, and no conversions were attributed."
    assert content.line is None
    assert content.bars is None
    assert [shown.change for shown in content.tiles] == [""] * 4


def test_bars_are_largest_first_and_sum_to_the_total(content: ReportContent) -> None:
    assert content.bars is not None
    values = [bar.value for bar in content.bars.bars if not bar.folded]
    assert values == sorted(values, reverse=True)
    assert sum(bar.value for bar in content.bars.bars) == pytest.approx(350)


def test_the_mail_shows_twenty_placements_and_the_pdf_all(facts: ReportFacts) -> None:
    row = replace(facts.placements[0], delivered=100, conversions=2.0)
    many = tuple(replace(row, episode=f"Episode {number}") for number in range(25))
    content = compose(replace(facts, placements=many))
    assert len([row for row in content.top_placements.rows if row.is_part]) == 20
    assert content.top_placements.note.startswith("20 of 25 placements")
    assert len([row for row in content.placements.rows if row.is_part]) == 25


def test_the_mail_shows_twenty_campaigns_and_the_pdf_all(portfolio: ReportFacts) -> None:
    row = replace(portfolio.campaigns[0], delivered=100, conversions=2.0)
    many = tuple(replace(row, name=f"Campaign {number}") for number in range(23))
    content = compose(replace(portfolio, campaigns=many))
    ((top,), (whole,)) = content.top_campaigns, content.campaigns
    assert (len(top.rows), len(whole.rows)) == (20, 23)
    assert top.note.startswith("20 of 23 campaigns")


def test_the_order_of_rows_does_not_change_the_content(facts: ReportFacts) -> None:
    shuffled = replace(facts, placements=facts.placements[::-1], models=facts.models[::-1])
    assert compose(shuffled).as_json() | {"records": 0} == compose(facts).as_json() | {"records": 0}


def test_content_is_canonical_json_with_a_hash(content: ReportContent, facts: ReportFacts) -> None:
    assert json.loads(content.canonical_json())["finding"] == content.finding
    assert content.content_hash == compose(facts).content_hash
    assert content.content_hash != compose(replace(facts, sponsor="Other")).content_hash


@given(st.integers(min_value=0, max_value=10**9))
def test_the_axis_covers_the_largest_day_in_few_even_steps(largest: int) -> None:
    ticks = [position for position, _ in count_ticks(largest, Formatter("en_US", "UTC"))]
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert 2 <= len(ticks) <= 6
    assert len({after - before for before, after in pairwise(ticks)}) == 1


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.booleans())
def test_an_arrow_points_where_the_number_went(now: int, before: int, is_clear: bool) -> None:
    moved = change(Decimal(now), Decimal(before), "", Formatter("en_US", "UTC"), is_clear=is_clear)
    if moved.direction == "up":
        assert now > before > 0
        assert moved.mood == ("good" if is_clear else "neutral")
    if moved.direction == "down":
        assert now < before
        assert moved.mood == ("bad" if is_clear else "neutral")


def test_no_previous_period_compares_with_nothing(facts: ReportFacts) -> None:
    content = compose(replace(facts, previous=None, previous_period=None, previous_daily=None))
    assert content.header.compared == ""
    assert {tile(content, start).change for start in ("Ads", "Conversions")} == {""}
    assert content.line is not None
    assert content.line.previous_label == ""


def test_totals_of_one_ad_read_as_english(change_facts: ChangeFacts) -> None:
    days = Daily((*([0] * 91), 1))
    content = compose(change_facts(now=Totals(1, 1, 0.0, 0, 0, 10), daily=days, placements=(), to_date=()))
    assert content.finding == "This period brought 1 ad and no attributed conversions."


def test_a_report_names_the_methodology_that_was_in_force(facts: ReportFacts) -> None:
    named = compose(replace(facts, method=replace(facts.method, methodology="387481272c68")))

    versions = [pair.text for pair in named.method.pairs if pair.term == "Versions"]
    assert versions[0].endswith(", methodology 387481272c68")
