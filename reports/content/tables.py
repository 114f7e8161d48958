"""Tables: placements, campaigns, attribution models, and delivery figures as rows of finished strings.

Here: order, limits, which cells a row shows and which it withholds.
Not here: raw numbers (records.py), markup.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from reports.content.facts import CampaignRow, PlacementRow, ReportFacts
from reports.content.formats import NOTHING, Formatter, exact, rounded
from reports.content.labels import MODEL_RULES, MODELS, POSITIONS
from reports.content.ratios import cost_per_conversion, per_thousand
from reports.content.report import Pair, Section, Table, TableRow
from reports.thresholds import FEWEST_FOR_RATIOS, LEAST_USABLE_SHARE
from sql.values import Interval

# A mail is read, not searched: longer tables are in the PDF and the CSV.
MOST_MAIL_ROWS = 20


def ranked(facts: ReportFacts) -> list[PlacementRow]:
    """Placements by conversions, then ads delivered, then name, so that the order never depends on the input's.

    What is folded comes last: it is no placement.
    """
    return sorted(
        facts.placements,
        key=lambda row: (
            row.is_folded,
            -row.conversions,
            -row.delivered,
            row.show,
            row.episode,
            row.placement,
            row.campaign,
        ),
    )


def top_placements(facts: ReportFacts, formatter: Formatter) -> Table:
    """The mail's table: at most 20 rows."""
    rows = ranked(facts)
    shown = rows[:MOST_MAIL_ROWS]
    return Table(
        title="Top placements" if len(shown) < len(rows) else "Placements",
        columns=("Episode", "Aired", "Delivered", "Conv.", "CPA"),
        rows=tuple(
            _placement_row(
                row,
                facts,
                formatter.day(row.aired),
                formatter.count(row.delivered),
                formatter.credit(row.conversions),
                _cost(row, formatter),
            )
            for row in shown
        ),
        note=_shown(len(shown), len(rows), formatter) + _folded(facts, formatter),
    )


def all_placements(facts: ReportFacts, formatter: Formatter) -> Table:
    """The PDF's table: every placement, booked against delivered."""
    return Table(
        title="Every placement",
        columns=("Episode", "Aired", "Booked", "Delivered", "Conv.", "Revenue", "CPA"),
        rows=tuple(
            _placement_row(
                row,
                facts,
                formatter.day(row.aired),
                formatter.count(row.booked),
                formatter.count(row.delivered),
                formatter.credit(row.conversions),
                formatter.money(row.revenue_minor, row.currency),
                _cost(row, formatter),
            )
            for row in ranked(facts)
        ),
        note=f"CPA is shown from {FEWEST_FOR_RATIOS} conversions; {NOTHING} also stands for what is not known."
        + _folded(facts, formatter),
    )


def campaigns(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """One row per campaign of a portfolio, largest first; None for the report of one campaign."""
    if not facts.is_portfolio:
        return None
    rows = sorted(facts.campaigns, key=lambda row: (-row.conversions, -row.delivered, row.name))
    return Table(
        title="Campaigns",
        columns=("Campaign", "Delivered", "Conv.", "Spend", "ROAS"),
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
        note=f"ROAS is shown from {FEWEST_FOR_RATIOS} conversions.",
    )


def top_campaigns(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """The mail's table of campaigns: at most 20 rows."""
    table = campaigns(facts, formatter)
    if table is None or len(table.rows) <= MOST_MAIL_ROWS:
        return table
    shown, total = formatter.count(MOST_MAIL_ROWS), formatter.count(len(table.rows))
    note = f"{shown} of {total} campaigns; the attached PDF and CSV hold all. {table.note}"
    return replace(table, title="Top campaigns", rows=table.rows[:MOST_MAIL_ROWS], note=note)


def models(facts: ReportFacts, formatter: Formatter) -> Table:
    """What each attribution model gives to the campaign; the default first, the others by name."""
    default = facts.method.default_model
    rows = sorted(facts.models, key=lambda row: (row.model != default, row.model))
    return Table(
        title="Attribution models compared",
        columns=("Model", "Conv.", "Revenue"),
        rows=tuple(
            TableRow(
                MODELS.get(row.model, row.model) + (" (this report)" if row.model == default else ""),
                MODEL_RULES.get(row.model, ""),
                (
                    formatter.credit(row.conversions),
                    formatter.money(row.revenue_minor, facts.currency) if facts.currency else NOTHING,
                ),
            )
            for row in rows
        ),
        note="Every model shares out the same conversions; they differ in which ad and campaign gets how much.",
    )


def delivery(facts: ReportFacts, formatter: Formatter) -> Section:
    """Booked against delivered, reach and frequency of the period, money spent and returned."""
    now = facts.now
    frequency = Decimal(now.delivered) / now.reach if now.reach else None
    pairs = [
        Pair("Ads delivered", formatter.count(now.delivered)),
        Pair("Reach", f"{formatter.count(now.reach)} households" if now.reach is not None else NOTHING),
        Pair("Frequency", f"{formatter.frequency(frequency)} ads per household" if frequency else NOTHING),
        Pair("Booked against delivered", _booked(facts, formatter)),
        Pair("Conversions, counted and modelled", _modelled(facts, formatter)),
    ]
    if facts.currency is not None:
        pairs += [
            Pair("Spend", formatter.money(now.spend_minor, facts.currency)),
            Pair("Cost per thousand ads (eCPM)", per_thousand(facts, formatter)),
            Pair("Attributed revenue", _revenue(facts, facts.currency, formatter)),
        ]
    return Section("Delivery, reach and frequency", tuple(pairs))


def _revenue(facts: ReportFacts, currency: str, formatter: Formatter) -> str:
    shown = formatter.money(facts.now.revenue_minor, currency)
    interval = facts.now.revenue_interval
    if interval is None or interval.lower is None or interval.upper is None:
        return shown
    lower, upper = formatter.money(interval.lower, currency), formatter.money(interval.upper, currency)
    return f"{shown} (95% interval {lower} to {upper})"


def _modelled(facts: ReportFacts, formatter: Formatter) -> str:
    """The modelled number never stands without the counted one."""
    now = facts.now
    counted = f"{formatter.credit(now.conversions)} counted"
    if now.usable_share is not None:
        counted += f", with {formatter.percent(now.usable_share, 0)} of the ads at addresses of one household"
    if now.modelled is None:
        lacking = "addresses" if (now.usable_share or 0) < LEAST_USABLE_SHARE else "conversions"
        return f"{counted}. There are too few such {lacking} to model the others."
    shown = [formatter.count(int(rounded(each, 0))) for each in _numbers(now.modelled)]
    interval = f" (95% interval {shown[1]} to {shown[2]})" if len(shown) > 1 else ""
    return f"{counted}; {shown[0]} if the others respond alike{interval}."


def _numbers(interval: Interval) -> list[float]:
    bounds = [bound for bound in (interval.lower, interval.upper) if bound is not None]
    return [interval.estimate, *(bounds if len(bounds) > 1 else [])]


def _booked(facts: ReportFacts, formatter: Formatter) -> str:
    pacing = facts.pacing
    if pacing is None or not pacing.booked:
        return NOTHING
    share = formatter.percent(exact(pacing.delivered) / pacing.booked)
    text = f"{formatter.count(pacing.delivered)} of {formatter.count(pacing.booked)} booked since the start ({share})"
    if pacing.expected:
        pace = formatter.percent(exact(pacing.delivered) / pacing.expected, 0)
        text += f", {pace} of the {formatter.count(pacing.expected)} due by now"
    return text


def _placement_row(row: PlacementRow, facts: ReportFacts, *cells: str) -> TableRow:
    """Named by its episode, with the show and position under it."""
    parts = [row.show, POSITIONS.get(row.position, row.position)]
    if facts.is_portfolio:
        parts.append(row.campaign)
    return TableRow(row.episode or row.placement, " · ".join(part for part in parts if part), cells)


def _cost(row: PlacementRow, formatter: Formatter) -> str:
    # Nothing was spent on an older episode in this period: its conversions were paid for before, not for nothing.
    if row.conversions < FEWEST_FOR_RATIOS or not row.spend_minor:
        return NOTHING
    return formatter.money(cost_per_conversion(row.spend_minor, row.conversions), row.currency)


def _campaign_roas(row: CampaignRow) -> Decimal | None:
    if not row.spend_minor or row.revenue_minor is None or row.sample < FEWEST_FOR_RATIOS:
        return None
    return Decimal(row.revenue_minor) / row.spend_minor


def _folded(facts: ReportFacts, formatter: Formatter) -> str:
    if not facts.folded_rows:
        return ""
    fewest, rows = formatter.count(facts.fewest_households), formatter.count(facts.folded_rows)
    return f" {rows} rows, some of fewer than {fewest} households, stand as one to keep listeners private."


def _shown(shown: int, total: int, formatter: Formatter) -> str:
    if not total:
        return ""
    if shown < total:
        return f"{formatter.count(shown)} of {formatter.count(total)} placements; the attached PDF and CSV hold all."
    return "The attached PDF and CSV hold the same placements with more columns."
