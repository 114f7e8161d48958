"""Compose: from the facts of a report to its frozen content, in the recipient's locale.

Here: the one place where a report is put together: header, finding, tiles, notices, figures, tables, method, footer.
Not here: how any of it looks. What is made here is final; renderers add nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

from reports.content.against_targets import against_targets
from reports.content.charts.chart_data import bar_chart, line_chart
from reports.content.charts.delays import delays_line
from reports.content.charts.growth import growth_line
from reports.content.corrections import correction, mark
from reports.content.lift import lift
from reports.content.method import definitions, method_section
from reports.content.next_steps import next_steps
from reports.content.progress import progress, shown_figures
from reports.content.proof import proof
from reports.content.report import Footer, Header, Logo, ReportContent
from reports.content.response import response
from reports.content.sentences import finding, notices
from reports.content.tables.benchmark_position import benchmarks
from reports.content.tables.campaigns import campaigns, top_campaigns
from reports.content.tables.model_totals import model_totals
from reports.content.tables.models import models
from reports.content.tables.placements import all_placements, delivery, top_placements, without_dashes
from reports.content.tables.records import records
from reports.content.tables.shows import shows
from reports.content.tiles import tiles
from reports.drawing.colours import visible_on_white
from reports.drawing.logos import size_of
from reports.facts.report_facts import ReportFacts
from reports.wording.catalogues import message, spoken
from reports.wording.formats import Formatter, shared_digits
from reports.wording.isolation import isolated
from reports.wording.labels import CADENCES, LIMITS, REASONS, REASONS_FOR_ALL
from reports.wording.subjects import filled

SHORTENED = message(
    "This mail is shortened so that mail programs show it whole. The attached PDF and CSV files hold everything."
)


def compose(facts: ReportFacts, locale: str | None = None) -> ReportContent:
    """The report's content. locale: the recipient's, such as de_DE; the tenant's where it is None.

    Words and numbers are English where the locale's language has no catalogue.

    Raises FactsError (contradicting facts) and LocaleError (unknown locale).
    """
    raw, facts = facts, isolated(facts)
    formatter = Formatter(spoken(locale or facts.brand.locale), facts.brand.timezone, _credit_digits(facts))
    facts = _in_words(facts, formatter)
    return ReportContent(
        report_id=facts.report_id,
        revision=facts.revision,
        locale=formatter.locale,
        generated_at=int(facts.method.data_through.timestamp()),
        header=_header(facts, formatter),
        correction=correction(facts, formatter),
        finding=finding(facts, formatter),
        tiles=tiles(facts, formatter),
        to_date=progress(facts, formatter),
        against_targets=against_targets(facts, formatter),
        shows=tuple(map(without_dashes, shows(facts, formatter))),
        next_steps=next_steps(facts, formatter),
        proof=proof(facts, formatter),
        notices=notices(facts, formatter),
        line=line_chart(facts, formatter),
        empty_line=formatter.say("No ads were delivered in this period."),
        bars=bar_chart(facts, formatter),
        empty_bars=formatter.say("No conversions were attributed in this period."),
        top_campaigns=tuple(map(without_dashes, top_campaigns(facts, formatter))),
        campaigns=tuple(map(without_dashes, campaigns(facts, formatter))),
        top_placements=without_dashes(top_placements(facts, formatter)),
        placements=without_dashes(all_placements(facts, formatter)),
        delivery=delivery(facts, formatter),
        response=response(facts, formatter),
        models=models(facts, formatter),
        data_driven=model_totals(facts, formatter),
        benchmarks=benchmarks(facts, formatter),
        lift=lift(facts, formatter),
        method=method_section(facts, formatter),
        limits=tuple(formatter.say(text, brand=facts.brand.name) for text in LIMITS),
        definitions=definitions(facts, formatter),
        footer=_footer(facts, formatter),
        records=records(raw),
        note=facts.note or "",
        logos=tuple(_logos(facts)),
        growth=growth_line(facts, formatter),
        delays=delays_line(facts, formatter),
        shortened=formatter.say(SHORTENED),
    )


def reference(facts: ReportFacts) -> str:
    """How people name a report in a conversation: short, with the revision."""
    return f"{facts.report_id[:8].upper()}.v{facts.revision}"


def _in_words(facts: ReportFacts, formatter: Formatter) -> ReportFacts:
    """The facts with what was folded together called so in the reader's language."""
    say = formatter.say
    placements = tuple(
        replace(row, show=say(row.show), episode=say(row.episode), placement=say(row.placement))
        if row.is_folded
        else row
        for row in facts.placements
    )
    return replace(facts, placements=placements)


def _credit_digits(facts: ReportFacts) -> int:
    """One number of digits for every conversion of the report: 0, or 1 where any credit is a fraction."""
    totals = [total.conversions for total in (facts.now, facts.previous) if total is not None]
    totals += [total.own_conversions or 0.0 for total in (facts.now, facts.previous) if total is not None]
    rows = [row.conversions for row in facts.placements]
    rows += [conversions for row in facts.placements for _, conversions in row.by_model]
    rows += [row.conversions for row in facts.campaigns]
    rows += [row.conversions for row in facts.models]
    rows += [figures.conversions for each in facts.to_date for figures in shown_figures(each)]
    totals += [each.conversions for each in (facts.restates.old, facts.restates.new)] if facts.restates else []
    return shared_digits([*totals, *rows])


def _header(facts: ReportFacts, formatter: Formatter) -> Header:
    compared = ""
    if facts.previous_period:
        compared = formatter.say("compared with {period}", period=formatter.period(facts.previous_period))
    named = {
        "brand": facts.brand.name,
        "kind": formatter.say(CADENCES[facts.cadence]),
        "sponsor": facts.sponsor,
        "title": facts.campaign or formatter.say("All campaigns"),
        "period": formatter.period(facts.period),
    }
    return Header(
        **named,
        accent=visible_on_white(facts.brand.color),
        timezone=facts.brand.timezone,
        compared=compared,
        mark=mark(facts, formatter),
        subject=filled(facts.brand.subject_template, named) if facts.brand.subject_template else "",
    )


def _logos(facts: ReportFacts) -> Iterator[Logo]:
    """The network's logo, then the sponsor's, as far as they have one."""
    if facts.network_logo is not None:
        yield Logo("network", facts.brand.name, b64encode(facts.network_logo).decode(), *size_of(facts.network_logo))
    if facts.sponsor_logo is not None:
        yield Logo("sponsor", facts.sponsor, b64encode(facts.sponsor_logo).decode(), *size_of(facts.sponsor_logo))


def _reason(facts: ReportFacts, formatter: Formatter) -> str:
    """Why this recipient gets the mail."""
    named = {"sponsor": facts.sponsor, "brand": facts.brand.name}
    if facts.campaign is None:
        return formatter.say(REASONS_FOR_ALL[facts.cadence], **named)
    return formatter.say(REASONS[facts.cadence], **named, campaign=facts.campaign)


def _footer(facts: ReportFacts, formatter: Formatter) -> Footer:
    return Footer(
        reason=_reason(facts, formatter),
        unsubscribe=facts.unsubscribe or "",
        view_online=facts.view_online or "",
        reference=reference(facts),
        confidential=formatter.say("Confidential, prepared for {sponsor}", sponsor=facts.sponsor),
        data_through=formatter.local_time(facts.method.data_through),
    )
