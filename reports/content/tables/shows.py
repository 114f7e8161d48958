"""Shows: what each show has delivered, cost and earned since the campaigns' start, the best first.

Here: the order of the shows of a report, and the table of them, one for each currency.
Not here: single episodes (tables.py), the bars of a period (chart_data.py), what to make of it (next_steps.py).
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from reports.content.ratios import cost_of_each
from reports.content.report import Table, TableRow
from reports.facts.report_facts import ReportFacts, ShowRow
from reports.facts.to_date import Figures
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.catalogues import message
from reports.wording.formats import Formatter

ALL = message("Since the start, over all placements. Cost per conversion is shown from {fewest} conversions.")
PART = message(
    "Since the start, over all placements. Shows without ads in this period, and those of few households, stand under "
    "Other shows. Cost per conversion is shown from {fewest} conversions."
)

# A mail is read on a phone: the others are in the PDF's table of placements.
MOST_SHOWS = 12
# Sums of credits in another order differ in their last digits.
CREDIT_DIGITS = 6


def cost_of(show: ShowRow) -> Decimal | None:
    """Minor units per conversion, where there are enough to show it."""
    return cost_of_each(show.figures)


def ranked(facts: ReportFacts) -> list[ShowRow]:
    """By conversions, then ads, then name."""
    return sorted(facts.shows, key=lambda show: (-show.figures.conversions, -show.figures.delivered, show.name))


def shows(facts: ReportFacts, formatter: Formatter) -> tuple[Table, ...]:
    """One table for each currency: amounts of several are never compared."""
    found = ranked(facts)
    currencies = sorted({show.currency for show in found})
    return tuple(
        _table([show for show in found if show.currency == each], currencies, facts, formatter) for each in currencies
    )


def _table(own: list[ShowRow], currencies: list[str], facts: ReportFacts, formatter: Formatter) -> Table:
    say, currency = formatter.say, own[0].currency
    title = say("Shows, to date") if len(currencies) == 1 else say("Shows, to date, in {currency}", currency=currency)
    shown = own[:MOST_SHOWS]
    rest = _rest(shown, facts, currency)
    rows = [_row(show.name, show.figures, currency, formatter) for show in shown]
    if rest is not None:
        rows.append(_row(say("Other shows"), rest, currency, formatter))
    note = say(ALL if rest is None else PART, fewest=formatter.count(FEWEST_FOR_RATIOS))
    return Table(
        title,
        (say("Show"), say("Ads"), say("Spend"), say("Conv."), say("Cost per conv.")),
        tuple(rows),
        note,
    )


def _row(name: str, figures: Figures, currency: str, formatter: Formatter) -> TableRow:
    cells = (
        formatter.count(figures.delivered),
        formatter.money(figures.spend_minor, currency),
        formatter.credit(figures.conversions),
        formatter.money(cost_of_each(figures), currency),
    )
    return TableRow(name, "", cells)


def _rest(shown: list[ShowRow], facts: ReportFacts, currency: str) -> Figures | None:
    """What the campaigns did beside the shows that have a row: shows that were not heard in this period, those of few
    households, shows beyond the most. None where that is nothing, or not known."""
    whole = next((each.figures for each in facts.to_date if each.currency == currency), None)
    if whole is None:
        return None
    rest = whole - sum((show.figures for show in shown), Figures())
    conversions = round(rest.conversions, CREDIT_DIGITS)
    # Of a sum of credit no more is known than that it takes one conversion for each whole of it.
    rest = replace(rest, conversions=conversions, sample=math.ceil(conversions))
    return rest if rest.delivered or rest.conversions or rest.spend_minor else None
