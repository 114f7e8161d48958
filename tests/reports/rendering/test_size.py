"""How large a mail is: small for a large portfolio, and shortened, with a word on it, where it would be cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.compose import compose
from reports.content.report import ReportContent
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import LARGEST_HTML, html_mail, tables_file
from reports.rendering.shortening import STEPS, shortened
from reports.wording.isolation import FIRST_STRONG, POP

SAYS_SO = "This mail is shortened"


def mail_of(content: ReportContent) -> str:
    """The HTML alone: its pictures have no part in its size."""
    return html_mail(replace(content, line=None, bars=None), {})


def test_a_portfolio_of_40_campaigns_and_100_placements_is_small_and_whole(
    large_portfolio: Callable[..., ReportFacts],
) -> None:
    facts = large_portfolio()
    assert (len(facts.campaigns), len(facts.placements)) == (40, 100)
    html = mail_of(compose(facts))
    assert len(html.encode()) < 60_000
    assert SAYS_SO not in html
    assert "20 of 100 placements; the attached PDF and CSV hold all" in html
    assert "20 of 40 campaigns; the attached PDF and CSV hold all" in html


@pytest.mark.parametrize("letters", [200, 600])
def test_a_mail_that_would_be_cut_off_is_shortened_and_says_so(
    large_portfolio: Callable[..., ReportFacts], letters: int
) -> None:
    content = compose(large_portfolio(letters))
    long = replace(content, lift=tuple(paragraph * 4 for paragraph in content.lift))
    html = mail_of(long)
    assert len(html.encode()) < LARGEST_HTML
    assert SAYS_SO in html
    assert content.footer.reason in html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert content.footer.unsubscribe in html
    assert tables_file(long) == tables_file(content)


def test_no_report_is_refused_for_its_size(content: ReportContent) -> None:
    endless = replace(
        content,
        finding="So it goes on. " * 20_000,
        note="word " * 20_000,
        notices=content.notices * 500,
        header=replace(content.header, title="Title " * 20_000, sponsor="Name " * 20_000),
    )
    html = mail_of(endless)
    assert len(html.encode()) < LARGEST_HTML
    assert SAYS_SO in html


def test_cells_carry_no_style_of_their_own(content: ReportContent) -> None:
    html = mail_of(content)
    rows = html.partition('class="rows"')[2].rpartition("Incremental lift")[0]
    assert rows.count("<td") > 40
    assert not re.search(r"<t[dh] [^>]*style=", rows)


def test_a_text_that_is_cut_inside_a_name_closes_its_isolate(content: ReportContent) -> None:
    name = f"{FIRST_STRONG}{'שלום' * 60}{POP}"
    cut = shortened(replace(content, finding=f"{name} and more"), STEPS[-1]).finding
    assert cut == f"{FIRST_STRONG}{('שלום' * 60)[: STEPS[-1].signs - 2]}…{POP}"
