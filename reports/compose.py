"""Compose: from the facts of a report to its frozen content, in the recipient's locale.

Here: the one place where a report is put together: header, finding, tiles, notices, figures, tables, method, footer.
Not here: how any of it looks. What is made here is final; renderers add nothing.
"""

from __future__ import annotations

from reports.content.benchmark_position import benchmarks
from reports.content.chart_data import bar_chart, line_chart
from reports.content.corrections import correction, mark
from reports.content.facts import ReportFacts
from reports.content.formats import Formatter, shared_digits
from reports.content.isolation import isolated
from reports.content.labels import CADENCES, DEFINITIONS, DOWNLOAD_WINDOWS, GOALS, MODELS, SIGNALS, limits
from reports.content.model_totals import model_totals
from reports.content.models import models, rule_of, rules
from reports.content.progress import progress, shown_figures
from reports.content.records import records
from reports.content.report import Footer, Header, Pair, ReportContent, Section
from reports.content.response import response
from reports.content.sentences import counted, finding, lift, notices
from reports.content.tables import all_placements, campaigns, delivery, top_campaigns, top_placements
from reports.content.tiles import tiles
from reports.drawing.colours import visible_on_white

WHEN_COUNTED = (
    "A period’s conversions are those that happened in it: some followed ads of the period, others earlier ads whose "
    "attribution window was still open. An ad that is still inside its window can earn conversions in later periods."
)
SAME_ADS = (
    "Return on ad spend and cost per conversion set money against conversions of the same ads, from the campaign’s "
    "start to the period’s end; beside them stands how they moved in the period."
)


def compose(facts: ReportFacts, locale: str | None = None) -> ReportContent:
    """The report's content. locale: the recipient's, such as de_DE; the tenant's where it is None.

    Raises FactsError (contradicting facts) and LocaleError (unknown locale).
    """
    raw, facts = facts, isolated(facts)
    formatter = Formatter(locale or facts.brand.locale, facts.brand.timezone, _credit_digits(facts))
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
        notices=notices(facts, formatter),
        line=line_chart(facts, formatter),
        empty_line="No ads were delivered in this period.",
        bars=bar_chart(facts, formatter),
        empty_bars="No conversions were attributed in this period.",
        top_campaigns=top_campaigns(facts, formatter),
        campaigns=campaigns(facts, formatter),
        top_placements=top_placements(facts, formatter),
        placements=all_placements(facts, formatter),
        delivery=delivery(facts, formatter),
        response=response(facts, formatter),
        models=models(facts, formatter),
        learnt=model_totals(facts, formatter),
        benchmarks=benchmarks(facts, formatter),
        lift=lift(facts, formatter),
        method=_method(facts, formatter),
        limits=limits(facts.brand.name),
        definitions=_definitions(facts, formatter),
        footer=_footer(facts, formatter),
        records=records(raw),
        note=facts.note or "",
    )


def reference(facts: ReportFacts) -> str:
    """How people name a report in a conversation: short, with the revision."""
    return f"{facts.report_id[:8].upper()}.v{facts.revision}"


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
    compared = f"compared with {formatter.period(facts.previous_period)}" if facts.previous_period else ""
    return Header(
        brand=facts.brand.name,
        accent=visible_on_white(facts.brand.color),
        kind=CADENCES.get(facts.cadence, "Sponsor report for"),
        sponsor=facts.sponsor,
        title=facts.campaign or "All campaigns",
        period=formatter.period(facts.period),
        timezone=facts.brand.timezone,
        compared=compared,
        mark=mark(facts, formatter),
    )


def _method(facts: ReportFacts, formatter: Formatter) -> Section:
    """How it was measured, by the settings of this report."""
    method = facts.method
    days = " or ".join(counted(f"{days.normalize():f}", "day", "days") for days in sorted(set(method.window_days)))
    model = MODELS.get(method.default_model, method.default_model)
    rule = rule_of(method.default_model, method, formatter)
    status = "final" if method.is_final else "provisional"
    pairs = [
        Pair("Downloads", f"Podcast Technical Measurement Guidelines 2.3, {_download_window(facts)}."),
        Pair("Conversions", _goal(facts)),
        Pair("Counted when they happen", formatter.say(WHEN_COUNTED)),
        Pair("Return and cost", formatter.say(SAME_ADS)),
        Pair("Attribution window", f"{days} after an ad; a promo code or vanity URL names its placement by itself."),
        Pair("Attribution model", f"{model}: {rule}." if rule else f"{model}."),
        *_signals(facts, formatter),
        Pair("Periods", _periods(facts)),
        Pair("Data through", f"{formatter.moment(method.data_through)}, {status}."),
        Pair(
            "Versions",
            f"rules {method.rules_version}, settings {method.config_version}, Earshot {method.code_version}"
            + (f", methodology {method.methodology}" if method.methodology else ""),
        ),
    ]
    return Section("How this was measured", tuple(pairs))


def _definitions(facts: ReportFacts, formatter: Formatter) -> Section:
    pairs = [Pair(term, text) for term, text in DEFINITIONS]
    return Section("Definitions", (*pairs, *rules(facts, formatter)))


def _goal(facts: ReportFacts) -> str:
    if facts.is_portfolio:
        return "Each campaign counts conversions of its own goal."
    return f"The campaign’s goal is {GOALS.get(facts.goal_kind, facts.goal_kind)}; nothing else is counted."


def _periods(facts: ReportFacts) -> str:
    """Periods of different age would make every open window look like a decline."""
    compared = "; both periods are counted at the same age" if facts.previous is not None else ""
    return f"Days begin at midnight in {facts.brand.timezone}{compared}."


def _download_window(facts: ReportFacts) -> str:
    return DOWNLOAD_WINDOWS.get(facts.method.download_window, facts.method.download_window)


def _signals(facts: ReportFacts, formatter: Formatter) -> list[Pair]:
    """Each signal's count and the overlap, never their sum."""
    counts = [(SIGNALS.get(signal, signal), count) for signal, count in facts.signals.counts if count]
    if not counts:
        return []
    listed = ", ".join(f"{name} {formatter.count(count)}" for name, count in counts)
    overlap = facts.signals.overlapping
    verb = "was" if overlap == 1 else "were"
    both = f"; {formatter.count(overlap)} {verb} seen through more than one and count once" if overlap else ""
    return [Pair("Signals", f"{listed}{both}.")]


def _footer(facts: ReportFacts, formatter: Formatter) -> Footer:
    return Footer(
        reason=facts.reason,
        unsubscribe=facts.unsubscribe or "",
        view_online=facts.view_online or "",
        reference=reference(facts),
        confidential=f"Confidential, prepared for {facts.sponsor}",
        data_through=formatter.local_time(facts.method.data_through),
    )
