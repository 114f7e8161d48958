"""Shows: what each show has delivered, cost and earned since the campaigns' start, the best first.

Here: the shows of a report with their figures to date, and the table of them, one for each currency.
Not here: single episodes (tables.py), the bars of a period (chart_data.py), what to make of it (next_steps.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from reports.content.ratios import cost_of_each
from reports.content.report import Table, TableRow
from reports.content.tables.grouping import together
from reports.facts.report_facts import ReportFacts
from reports.facts.to_date import Figures
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.formats import Formatter

# A mail is read on a phone: the others are in the PDF's table of placements.
MOST_SHOWS = 12


@dataclass(frozen=True, slots=True)
class Show:
    """A show's figures to date, over the placements of the report. cost: minor units per conversion, where shown."""

    name: str
    currency: str
    figures: Figures

    @property
    def cost(self) -> Decimal | None:
        return cost_of_each(self.figures)


def shows_of(facts: ReportFacts) -> list[Show]:
    """By conversions, then ads, then name. Without placements that are folded or whose figures are not known."""
    parts: dict[tuple[str, str], list[Figures]] = {}
    for row in facts.placements:
        if row.to_date is not None and not row.is_folded and row.show:
            parts.setdefault((row.currency, row.show), []).append(row.to_date)
    found = [Show(name, currency, together(figures)) for (currency, name), figures in parts.items()]
    return sorted(found, key=lambda show: (-show.figures.conversions, -show.figures.delivered, show.name))


def shows(facts: ReportFacts, formatter: Formatter) -> tuple[Table, ...]:
    """One table for each currency: amounts of several are never compared."""
    found = shows_of(facts)
    currencies = sorted({show.currency for show in found})
    return tuple(
        _table([show for show in found if show.currency == each], currencies, formatter) for each in currencies
    )


def _table(own: list[Show], currencies: list[str], formatter: Formatter) -> Table:
    say, currency = formatter.say, own[0].currency
    title = say("Shows, to date") if len(currencies) == 1 else say("Shows, to date, in {currency}", currency=currency)
    note = say(
        "Since the start, of the placements in this report. Cost per conversion is shown from {fewest} conversions.",
        fewest=formatter.count(FEWEST_FOR_RATIOS),
    )
    return Table(
        title,
        (say("Show"), say("Ads"), say("Spend"), say("Conv."), say("Cost per conv.")),
        tuple(
            TableRow(
                show.name,
                "",
                (
                    formatter.count(show.figures.delivered),
                    formatter.money(show.figures.spend_minor, currency),
                    formatter.credit(show.figures.conversions),
                    formatter.money(show.cost, currency),
                ),
            )
            for show in own[:MOST_SHOWS]
        ),
        note,
    )
