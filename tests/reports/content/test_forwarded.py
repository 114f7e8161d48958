"""What a sponsor forwards: shows, targets, proof, tiles by goal, and tables without empty columns."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from reports.compose import compose
from reports.content.report import Link, Pair, ReportContent, Section, Table, TableRow
from reports.content.tables.placements import without_dashes
from reports.facts.report_facts import CodeUse, Pacing, ReportFacts
from reports.facts.to_date import Figures
from reports.rendering.render import html_mail, render, text_twin
from reports.rendering.shortening import Step, shortened
from tests.reports.conftest import shows_of


def terms(pairs: tuple[Pair, ...]) -> dict[str, str]:
    return {pair.term: pair.text for pair in pairs}


def without_money(facts: ReportFacts, **unknown: Any) -> ReportContent:
    """The report of a campaign of which amounts are not known."""
    (to_date,) = facts.to_date
    changed = replace(
        to_date, figures=replace(to_date.figures, **unknown), roas_interval=None, cpa_interval=None,
        revenue_interval=None,
    )  # fmt: skip
    now = replace(
        facts.now, **unknown, roas_interval=None, cpa_interval=None, revenue_interval=None
    )  # fmt: skip
    return compose(replace(facts, to_date=(changed,), now=now))


def test_shows_are_ranked_with_their_figures_to_date(content: ReportContent) -> None:
    (table,) = content.shows
    assert [(row.name, row.cells) for row in table.rows] == [
        ("Build & Ship", ("156,293", "$4,063.61", "179", "$22.70")),
        ("Night Shift", ("86,427", "$2,247.10", "90", "$24.97")),
        ("Hardware Weekly", ("80,692", "$2,098.00", "81", "$25.90")),
    ]


def test_shows_to_date_add_up_to_the_campaign_to_date(facts: ReportFacts) -> None:
    """What no show has a row for stands as one: shows that were not heard in this period, or by few households."""
    (to_date,) = facts.to_date
    whole = to_date.figures + Figures(1_000, 6.5, 9, 5_000, 13_000)
    told = tuple(show for show in facts.shows if show.name != "Hardware Weekly")
    changed = replace(facts, shows=told, to_date=(replace(to_date, figures=whole),))
    (table,) = compose(replace(changed, now=replace(facts.now, conversions=350.0))).shows
    assert table.rows[-1].name == "Other shows"
    assert table.rows[-1].cells == ("81,692", "$2,228.00", "87.5", "$25.46")
    ads, conversions = ([row.cells[place] for row in table.rows] for place in (0, 2))
    assert sum(int(cell.replace(",", "")) for cell in ads) == whole.delivered
    assert sum(map(float, conversions)) == whole.conversions
    assert table.note.startswith("Since the start, over all placements. Shows without ads in this period,")


def test_the_rest_has_no_cost_where_a_price_is_not_known_or_too_few_came(facts: ReportFacts) -> None:
    (to_date,) = facts.to_date
    few = to_date.figures + Figures(10, 4.0, 4, 0, 100)
    (table,) = compose(replace(facts, to_date=(replace(to_date, figures=few),))).shows
    assert table.rows[-1].cells == ("10", "$1.00", "4", "–")


def test_shows_of_several_currencies_have_a_table_each(facts: ReportFacts) -> None:
    rows = (*facts.placements[:-1], replace(facts.placements[-1], currency="EUR"))
    now = replace(facts.now, revenue_minor=None, spend_minor=None)
    titles = [table.title for table in compose(replace(facts, shows=shows_of(rows), currency=None, now=now)).shows]
    assert titles == ["Shows, to date, in EUR", "Shows, to date, in USD"]


def test_without_a_target_cost_and_return_stand_against_the_median(content: ReportContent) -> None:
    assert content.against_targets is not None
    assert terms(content.against_targets.pairs) == {
        "Cost per conversion (CPA)": "$24.02: 25% below the median of 7 campaigns for other sponsors ($32.00).",
        "Return on ad spend (ROAS)": "3.46×: 57% above the median of 7 campaigns for other sponsors (2.20×).",
    }


def test_an_agreed_target_comes_before_the_median(facts: ReportFacts) -> None:
    shown = compose(replace(facts, target_cpa_minor=Decimal(2000), target_roas=Decimal("3.46"))).against_targets
    assert shown is not None
    assert terms(shown.pairs) == {
        "Cost per conversion (CPA)": "$24.02: 20% above the agreed $20.00.",
        "Return on ad spend (ROAS)": "3.46×: as agreed (3.46×).",
    }


def test_without_target_or_median_nothing_is_compared(facts: ReportFacts, portfolio: ReportFacts) -> None:
    assert compose(replace(facts, benchmarks=None)).against_targets is None
    assert compose(replace(portfolio, target_roas=Decimal(3))).against_targets is None


def test_proof_has_air_dates_codes_with_counts_and_what_is_owed(facts: ReportFacts) -> None:
    codes = (
        CodeUse("ship20", "code", "Ship mid", 2, 1, 100),
        CodeUse("acme.example/night", "vanity_url", "Night mid", 4, 31, 100),
    )
    proof = compose(replace(facts, codes=codes, pacing=Pacing(1000, 900, 1000, ended=True, make_good=1))).proof
    assert proof is not None
    shown = terms(proof.pairs)
    assert shown["Aired in Night Shift"].startswith("Aug\u00a05,\u00a02026 · ")
    assert {term: text.replace("\u00a0", " ") for term, text in shown.items()} == {
        "Aired in Build & Ship": "Jul 15, 2026 · Jul 22, 2026 · Aug 26, 2026 · Sep 2, 2026 · Sep 9, 2026",
        "Aired in Hardware Weekly": "Jul 1, 2026 · Jul 8, 2026 · Sep 16, 2026 · Sep 23, 2026",
        "Aired in Night Shift": "Aug 5, 2026 · Aug 12, 2026 · Aug 19, 2026",
        "Vanity URL acme.example/night": "31 uses to date, 4 of them in this period (Night mid)",
        "Promo code ship20": "1 use to date, 2 of them in this period (Ship mid)",
        "Make-goods due": "1 ad",
    }


def test_dates_have_one_mark_between_them_however_many_there_are(facts: ReportFacts) -> None:
    first = facts.placements[0]
    rows = tuple(replace(first, aired=date(2026, 7, day), delivered=1, conversions=0.0) for day in range(1, 9))
    proof = compose(replace(facts, placements=rows)).proof
    assert proof is not None
    dates = terms(proof.pairs)["Aired in Build & Ship"].replace("\u00a0", " ")
    assert dates.startswith("Jul 3, 2026 · Jul 4, 2026 · ")
    assert dates.endswith(" · Jul 8, 2026 and 2 more days")


def test_proof_leads_to_the_episodes_whose_page_is_https_and_nowhere_else(facts: ReportFacts) -> None:
    pages = {2: 'https://ship.example/149?a=1&b="><script>', 3: "http://ship.example/143", 8: "javascript:alert(1)"}
    rows = tuple(replace(row, episode_url=pages.get(place)) for place, row in enumerate(facts.placements))
    content = compose(replace(facts, placements=(*rows, replace(rows[2], delivered=0, conversions=0.0))))
    assert content.proof is not None
    links = [link for pair in content.proof.pairs for link in pair.links]
    address = "https://ship.example/149?a=1&b=%22%3E%3Cscript%3E"
    assert links == [Link("Deep Dive #149: The last sprint", address)]

    files = {file.name: file.body for file in render(content)}
    page, text = files["report.html"].decode(), files["report.txt"].decode()
    found = re.findall(r'<a href="([^"]+)"[^>]*>Deep Dive #149: The last sprint</a>', page)
    assert [unescape(each) for each in found] == [address]
    assert "<script>" not in page
    assert f"  Deep Dive #149: The last sprint: {address}\n" in text
    assert f"/URI({address})".encode() in files["report.pdf"]
    assert "ship.example" not in " ".join(content.strings())


def test_a_shortened_mail_keeps_the_addresses_of_links_whole(content: ReportContent) -> None:
    address = f"https://ship.example/{'1' * 300}"
    section = Section("Proof", (Pair("Aired", "x" * 500, (Link("t" * 500, address),)),))
    cut = shortened(replace(content, proof=section), Step(rows=3, parts=3, signs=60)).proof
    assert cut is not None
    (pair,) = cut.pairs
    assert [(len(link.text), link.address) for link in pair.links] == [(60, address)]


def test_unknown_spend_shows_reach_and_response_instead_of_dashes(facts: ReportFacts) -> None:
    content = without_money(replace(facts, response=facts.response[:1]), spend_minor=None)
    shown = {tile.label: tile for tile in content.tiles}
    assert list(shown) == ["Ads delivered", "Conversions", "Cost per visit (CPV), to date", "Response rate"]
    assert shown["Response rate"].value == "0.29%"
    assert shown["Response rate"].detail == "95% interval 0.26% to 0.32%"


def test_unknown_order_values_leave_the_cost_and_show_the_cost_per_visit(facts: ReportFacts) -> None:
    content = without_money(facts, revenue_minor=None)
    assert [(tile.label, tile.value) for tile in content.tiles[2:]] == [
        ("Cost per visit (CPV), to date", "$5.62"),
        ("Cost per conversion (CPA), to date", "$24.02"),
    ]


def test_reach_stands_where_nothing_else_is_known(facts: ReportFacts) -> None:
    (to_date,) = facts.to_date
    bare = replace(facts, response=(), to_date=(replace(to_date, measures=()),))
    assert [tile.label for tile in without_money(bare, spend_minor=None).tiles[2:]] == [
        "Reach", "Cost per conversion (CPA), to date",
    ]  # fmt: skip


def test_a_goal_without_order_values_has_no_return(facts: ReportFacts) -> None:
    (to_date,) = facts.to_date
    nothing = replace(to_date.figures, revenue_minor=0)
    changed = replace(to_date, figures=nothing, roas_interval=None, revenue_interval=None)
    visits = replace(facts, goal_kind="visit", to_date=(changed,))
    assert compose(visits).tiles[2].label == "Cost per visit (CPV), to date"
    assert compose(replace(visits, goal_kind="purchase")).tiles[2].label == "Return on ad spend (ROAS), to date"


@pytest.mark.parametrize(("cells", "columns"), [(("–", "–"), ("A", "C")), (("–", "2"), ("A", "B", "C"))])
def test_a_column_of_dashes_only_is_left_out(cells: tuple[str, str], columns: tuple[str, ...]) -> None:
    rows = tuple(TableRow("row", "", (cell, "x")) for cell in cells)
    table = without_dashes(Table("", ("A", "B", "C"), rows))
    assert table.columns == columns
    assert {len(row.cells) for row in table.rows} == {len(columns) - 1}


def test_unknown_spend_drops_the_column_of_costs(facts: ReportFacts) -> None:
    rows = tuple(
        replace(row, spend_minor=None, to_date=replace(row.to_date or Figures(), spend_minor=None))
        for row in facts.placements
    )
    content = compose(replace(facts, placements=rows, shows=shows_of(rows)))
    assert content.top_placements.columns == ("Placement", "Aired", "Delivered", "Conv.")
    assert [table.columns for table in content.shows] == [("Show", "Ads", "Conv.")]


def test_the_mail_is_read_in_the_order_in_which_it_decides(facts: ReportFacts) -> None:
    content = compose(replace(facts, pacing=Pacing(316_900, 200_000, 316_900)))
    assert content.against_targets is not None
    assert content.proof is not None
    order = [
        content.finding, content.tiles[0].label, content.to_date[0].title, content.against_targets.title,
        content.shows[0].title, content.next_steps[0], content.proof.title, content.top_placements.title,
    ]  # fmt: skip
    for page in (html_mail(replace(content, line=None, bars=None), {}).partition("<body")[2], text_twin(content)):
        places = [max(page.find(part), page.find(part.upper())) for part in order]
        assert -1 not in places
        assert places[1:] == sorted(places[1:])
