"""Campaign tables: the campaigns of a portfolio, a table for each currency, because amounts of several do not compare.

Here: order, limits, which cells a row shows.
Not here: placements (tables.py), the campaigns' raw numbers (rows.py), markup.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from reports.content.ratios import return_on_spend
from reports.content.report import Table, TableRow
from reports.content.tables.placements import MOST_MAIL_ROWS
from reports.facts.report_facts import CampaignRow, ReportFacts
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.catalogues import message
from reports.wording.formats import Formatter

PART = message("{shown} of {total} campaigns; the attached PDF and CSV hold all.")


def campaigns(facts: ReportFacts, formatter: Formatter) -> tuple[Table, ...]:
    """One row per campaign of a portfolio, largest first; nothing for the report of one campaign."""
    if not facts.is_portfolio:
        return ()
    currencies = sorted({row.currency for row in facts.campaigns})
    rows = sorted(facts.campaigns, key=lambda row: (-row.conversions, -row.delivered, row.name))
    return tuple(
        _table([row for row in rows if row.currency == currency], facts, formatter, len(currencies) > 1)
        for currency in currencies
    )


def _table(rows: list[CampaignRow], facts: ReportFacts, formatter: Formatter, is_one_of_many: bool) -> Table:
    say, span = formatter.say, formatter.period(facts.period)
    title = say("Campaigns, {period}", period=span)
    if is_one_of_many:
        title = say("Campaigns in {currency}, {period}", currency=rows[0].currency, period=span)
    return Table(
        title=title,
        columns=(say("Campaign"), say("Delivered"), say("Conv."), say("Spend"), say("ROAS to date")),
        rows=tuple(
            TableRow(
                row.name,
                f"{formatter.day(row.starts_on)} – {formatter.day(row.ends_on)}",
                (
                    formatter.count(row.delivered),
                    formatter.credit(row.conversions),
                    formatter.money(row.spend_minor, row.currency),
                    formatter.ratio(_campaign_roas(row)),
                ),
            )
            for row in rows
        ),
        note=formatter.say(
            "ROAS is since each campaign’s start, shown from {fewest} conversions.",
            fewest=formatter.count(FEWEST_FOR_RATIOS),
        ),
    )


def top_campaigns(facts: ReportFacts, formatter: Formatter) -> tuple[Table, ...]:
    """The mail's tables of campaigns: at most 20 rows each."""
    return tuple(_top(table, formatter) for table in campaigns(facts, formatter))


def _top(table: Table, formatter: Formatter) -> Table:
    if len(table.rows) <= MOST_MAIL_ROWS:
        return table
    shown, total = formatter.count(MOST_MAIL_ROWS), formatter.count(len(table.rows))
    note = formatter.one_by_one(formatter.say(PART, shown=shown, total=total), table.note)
    return replace(table, rows=table.rows[:MOST_MAIL_ROWS], note=note)


def _campaign_roas(row: CampaignRow) -> Decimal | None:
    return None if row.to_date is None else return_on_spend(row.to_date)
