"""Tables: placements and delivery figures as rows of finished strings. Each names the span that it covers.

Here: order, limits, which cells a row shows and which it withholds.
Not here: campaigns (campaign_tables.py), shows (shows.py), models (models.py), raw numbers (records.py), markup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from reports.content.ratios import cost_per_conversion, per_thousand
from reports.content.report import Pair, Section, Table, TableRow
from reports.content.tables.grouping import grouped
from reports.facts.report_facts import PlacementRow, ReportFacts, Totals
from reports.thresholds import FEWEST_FOR_RATIOS, LEAST_USABLE_SHARE
from reports.wording.catalogues import counted, message
from reports.wording.formats import NOTHING, Formatter, exact, rounded
from reports.wording.labels import ADDRESSES, POSITIONS
from sql.values import Interval

# A mail is read, not searched: longer tables are in the PDF and the CSV.
MOST_MAIL_ROWS = 20

EPISODES = counted("{number} episode", "{number} episodes")

# Sentences with numbers of their own, which explanations look for.
FREQUENCY = message("{number} ads per address")
BOOKED = message("{delivered} of {booked} booked since the start ({share})")
BOOKED_WITH_PACE = message(
    "{delivered} of {booked} booked since the start ({share}), {pace} of the {expected} due by now"
)
COUNTED = message("{number} counted")
COUNTED_WITH_SHARE = message("{number} counted, with {share} of the ads at addresses of one household")
MODELLED = message("{counted}; {number} if the others respond alike.")
MODELLED_WITH_INTERVAL = message("{counted}; {number} if the others respond alike (95% interval {lower} to {upper}).")
TOO_FEW_ADDRESSES = message("{counted}. There are too few such addresses to model the others.")
TOO_FEW_CONVERSIONS = message("{counted}. There are too few such conversions to model the others.")


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
    rows, say = ranked(facts), formatter.say
    shown, span = rows[:MOST_MAIL_ROWS], formatter.period(facts.period)

    def cells(row: PlacementRow) -> tuple[str, ...]:
        return (formatter.count(row.delivered), formatter.credit(row.conversions), _cost(row, formatter))

    return Table(
        title=formatter.say("Top placements, {period}", period=span)
        if len(shown) < len(rows)
        else formatter.say("Placements, {period}", period=span),
        columns=(say("Placement"), say("Aired"), say("Delivered"), say("Conv."), say("CPA to date")),
        rows=_grouped_rows(facts, formatter, cells, MOST_MAIL_ROWS),
        note=formatter.one_by_one(_shown(len(shown), len(rows), formatter), _folded(facts, formatter)),
    )


def all_placements(facts: ReportFacts, formatter: Formatter) -> Table:
    """The PDF's table: every placement, booked against delivered."""
    say = formatter.say

    def cells(row: PlacementRow) -> tuple[str, ...]:
        return (
            formatter.count(row.booked),
            formatter.count(row.delivered),
            formatter.credit(row.conversions),
            formatter.money(row.revenue_minor, row.currency),
            _cost(row, formatter),
        )

    return Table(
        title=formatter.say("Every placement, {period}", period=formatter.period(facts.period)),
        columns=(
            say("Placement"),
            say("Aired"),
            say("Booked"),
            say("Delivered"),
            say("Conv."),
            say("Revenue"),
            say("CPA to date"),
        ),
        rows=_grouped_rows(facts, formatter, cells),
        note=formatter.one_by_one(
            formatter.say(
                "CPA is since the campaign’s start, shown from {fewest} conversions; {nothing} also stands for what is "
                "not known.",
                fewest=formatter.count(FEWEST_FOR_RATIOS),
                nothing=NOTHING,
            ),
            _folded(facts, formatter),
        ),
    )


def without_dashes(table: Table) -> Table:
    """The table without columns in which nothing is known of any row."""
    columns = list(zip(*(row.cells for row in table.rows), strict=True))
    filled = [number for number, cells in enumerate(columns) if any(cell != NOTHING for cell in cells)]
    rows = tuple(replace(row, cells=tuple(row.cells[number] for number in filled)) for row in table.rows)
    headings = (table.columns[0], *(table.columns[number + 1] for number in filled))
    return replace(table, columns=headings, rows=rows) if rows else table


def delivery(facts: ReportFacts, formatter: Formatter) -> Section:
    """Booked against delivered, reach and frequency of the period, money spent and returned."""
    now, say = facts.now, formatter.say
    frequency = NOTHING
    if now.reach:
        frequency = say(FREQUENCY, number=formatter.frequency(Decimal(now.delivered) / now.reach))
    pairs = [
        Pair(say("Ads delivered"), formatter.count(now.delivered)),
        Pair(say("Reach"), reached(now, formatter)),
        Pair(say("Frequency"), frequency),
        Pair(say("Booked against delivered"), _booked(facts, formatter)),
        Pair(say("Conversions, counted and modelled"), _modelled(facts, formatter)),
    ]
    if facts.currency is not None:
        pairs += [
            Pair(say("Spend"), formatter.money(now.spend_minor, facts.currency)),
            Pair(say("Cost per thousand ads (eCPM)"), per_thousand(facts, formatter)),
            Pair(say("Attributed revenue"), _revenue(facts, facts.currency, formatter)),
        ]
    else:
        for each in facts.to_date:
            currency, figures = each.currency, each.period
            spend, revenue = (formatter.money(one, currency) for one in (figures.spend_minor, figures.revenue_minor))
            pairs.append(Pair(say("Spend in {currency}", currency=currency), spend))
            pairs.append(Pair(say("Attributed revenue in {currency}", currency=currency), revenue))
    title = say("Delivery, reach and frequency, {period}", period=formatter.period(facts.period))
    return Section(title, tuple(pairs))


def reached(totals: Totals, formatter: Formatter) -> str:
    """The reach by what its addresses stand for; a dash where it is not known."""
    if totals.reach is None:
        return NOTHING
    kinds = dict(totals.reached)
    parts = [
        formatter.say_counted(kinds[kind], *texts, number=formatter.count(kinds[kind]))
        for kind, texts in ADDRESSES.items()
        if kinds.get(kind)
    ]
    if len(parts) == 1:
        return parts[0]
    number = formatter.count(totals.reach)
    whole = formatter.say_counted(totals.reach, "{number} address", "{number} addresses", number=number)
    return formatter.say("{number}: {kinds}", number=whole, kinds=formatter.every(parts)) if parts else whole


def _revenue(facts: ReportFacts, currency: str, formatter: Formatter) -> str:
    shown = formatter.money(facts.now.revenue_minor, currency)
    interval = facts.now.revenue_interval
    if interval is None or interval.lower is None or interval.upper is None:
        return shown
    lower, upper = formatter.money(interval.lower, currency), formatter.money(interval.upper, currency)
    return formatter.say("{value} (95% interval {lower} to {upper})", value=shown, lower=lower, upper=upper)


def _modelled(facts: ReportFacts, formatter: Formatter) -> str:
    """The modelled number never stands without the counted one."""
    now, say, number = facts.now, formatter.say, formatter.credit(facts.now.conversions)
    counted = say(COUNTED, number=number)
    if now.usable_share is not None:
        counted = say(COUNTED_WITH_SHARE, number=number, share=formatter.percent(now.usable_share, 0))
    if now.modelled is None:
        is_small = (now.usable_share or 0) < LEAST_USABLE_SHARE
        return say(TOO_FEW_ADDRESSES if is_small else TOO_FEW_CONVERSIONS, counted=counted)
    shown = [formatter.count(int(rounded(each, 0))) for each in _numbers(now.modelled)]
    if len(shown) < 3:
        return say(MODELLED, counted=counted, number=shown[0])
    return say(MODELLED_WITH_INTERVAL, counted=counted, number=shown[0], lower=shown[1], upper=shown[2])


def _numbers(interval: Interval) -> list[float]:
    bounds = [bound for bound in (interval.lower, interval.upper) if bound is not None]
    return [interval.estimate, *(bounds if len(bounds) > 1 else [])]


def _booked(facts: ReportFacts, formatter: Formatter) -> str:
    pacing = facts.pacing
    if pacing is None or not pacing.booked:
        return NOTHING
    parts = {
        "delivered": formatter.count(pacing.delivered),
        "booked": formatter.count(pacing.booked),
        "share": formatter.percent(exact(pacing.delivered) / pacing.booked),
    }
    if not pacing.expected:
        return formatter.say(BOOKED, **parts)
    pace = formatter.percent(exact(pacing.delivered) / pacing.expected, 0)
    return formatter.say(BOOKED_WITH_PACE, **parts, pace=pace, expected=formatter.count(pacing.expected))


def _grouped_rows(
    facts: ReportFacts, formatter: Formatter, cells: Callable[[PlacementRow], tuple[str, ...]], most: int | None = None
) -> tuple[TableRow, ...]:
    """Placements with their episodes below them, at most so many episodes; one episode alone stands for both."""
    rows: list[TableRow] = []
    left = most if most is not None else len(facts.placements)
    for group in grouped(ranked(facts)):
        episodes, left = group.episodes[:left], left - len(group.episodes[:left])
        if group.is_single:
            rows += [_placement_row(row, facts, formatter, formatter.day(row.aired), *cells(row)) for row in episodes]
        elif episodes:
            many = len(group.episodes)
            number = formatter.say_counted(many, *EPISODES, number=formatter.count(many))
            rows.append(_placement_row(group.whole, facts, formatter, number, *cells(group.whole)))
            rows += [
                TableRow(row.episode or row.placement, "", (formatter.day(row.aired), *cells(row)), is_part=True)
                for row in episodes
            ]
    return tuple(rows)


def _placement_row(row: PlacementRow, facts: ReportFacts, formatter: Formatter, *cells: str) -> TableRow:
    return TableRow(*placement_name(row, facts, formatter), cells)


def placement_name(row: PlacementRow, facts: ReportFacts, formatter: Formatter) -> tuple[str, str]:
    """A placement by its episode, with the show and position under it."""
    position = POSITIONS.get(row.position, row.position)
    parts = [row.show, formatter.say(position) if position else ""]
    if facts.is_portfolio:
        parts.append(row.campaign)
    return row.episode or row.placement, " · ".join(part for part in parts if part)


def _cost(row: PlacementRow, formatter: Formatter) -> str:
    """What a conversion has cost since the start: a period's orders over a period's spend are of different ads."""
    if row.to_date is None or not row.to_date.spend_minor or row.to_date.sample < FEWEST_FOR_RATIOS:
        return NOTHING
    return formatter.money(cost_per_conversion(row.to_date.spend_minor, row.to_date.conversions), row.currency)


def _folded(facts: ReportFacts, formatter: Formatter) -> str:
    if not facts.folded_rows:
        return ""
    return formatter.say(
        "{rows} rows, some of fewer than {fewest} households, stand as one to keep listeners private.",
        rows=formatter.count(facts.folded_rows),
        fewest=formatter.count(facts.fewest_households),
    )


def _shown(shown: int, total: int, formatter: Formatter) -> str:
    if not total:
        return ""
    if shown < total:
        return formatter.say(
            "{shown} of {total} placements; the attached PDF and CSV hold all.",
            shown=formatter.count(shown),
            total=formatter.count(total),
        )
    return formatter.say("The attached PDF and CSV hold the same placements with more columns.")
