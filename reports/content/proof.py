"""Proof: what shows that a campaign ran as agreed: when its ads aired and in which episodes, which codes were used,
what is still owed.

Here: the section, from the placements, codes and bookings of the facts.
Not here: every placement with its numbers (tables.py), what to do about it (next_steps.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import quote

from reports.content.report import Link, Pair, Section
from reports.facts.report_facts import CodeUse, PlacementRow, ReportFacts
from reports.wording.catalogues import counted, message
from reports.wording.formats import Formatter

# Of one show: more dates are in the PDF and the CSV files.
MOST_DATES = 6
MOST_SHOWS = 8
MOST_CODES = 10

NO_BREAK = "\u00a0"

# What stands in an address as it is (RFC 3986); all else, such as quotes and angle brackets, is percent-encoded.
IN_ADDRESSES = "%:/?#[]@!$&'()*+,;=-._~"

# For one more, and for any other number.
AND_MORE = counted("{dates} and {number} more day", "{dates} and {number} more days")
USES = counted("{number} use to date", "{number} uses to date")
UNUSED = message("not used so far ({placement})")
OWED = counted("{number} ad", "{number} ads")
NOTHING_OWED = message("None.")


def proof(facts: ReportFacts, formatter: Formatter) -> Section | None:
    """Air dates by show, codes with their counts, make-goods due; None where nothing of it is known."""
    pairs = (*_aired(facts, formatter), *_codes(facts, formatter), *_owed(facts, formatter))
    return Section(formatter.say("Proof of what ran"), pairs) if pairs else None


def _aired(facts: ReportFacts, formatter: Formatter) -> Iterator[Pair]:
    shows: dict[str, dict[date, list[PlacementRow]]] = {}
    for row in facts.placements:
        if row.aired is not None and row.show and row.delivered:
            shows.setdefault(row.show, {}).setdefault(row.aired, []).append(row)
    most_first = sorted(shows.items(), key=lambda item: (-len(item[1]), item[0]))
    for show, rows in most_first[:MOST_SHOWS]:
        term, links = formatter.say("Aired in {show}", show=show), _episodes(rows)
        yield Pair(term, _dates(sorted(rows), formatter), links[-MOST_DATES:])


def _dates(days: list[date], formatter: Formatter) -> str:
    """The last of them, with one mark between them in every language: dates have commas of their own. No date breaks at
    the end of a line."""
    listed = [formatter.day(day).replace(" ", NO_BREAK) for day in days[-MOST_DATES:]]
    shown, more = " · ".join(listed), len(days) - MOST_DATES
    if more <= 0:
        return shown
    return formatter.say_counted(more, *AND_MORE, dates=shown, number=formatter.count(more))


def _episodes(rows: dict[date, list[PlacementRow]]) -> tuple[Link, ...]:
    """The pages of the episodes, each once, by the day on which it aired. Only https: a mail leads nowhere else."""
    pages = (
        Link(row.episode, quote(row.episode_url, safe=IN_ADDRESSES))
        for day in sorted(rows)
        for row in rows[day]
        if row.episode and row.episode_url and row.episode_url.startswith("https://")
    )
    return tuple(dict.fromkeys(pages))


def _codes(facts: ReportFacts, formatter: Formatter) -> Iterator[Pair]:
    most_first = sorted(facts.codes, key=lambda code: (-code.used_to_date, code.code, code.placement))
    for code in most_first[:MOST_CODES]:
        yield Pair(_name(code, formatter), _uses(code, formatter))


def _name(code: CodeUse, formatter: Formatter) -> str:
    if code.kind == "vanity_url":
        return formatter.say("Vanity URL {address}", address=code.code)
    return formatter.say("Promo code {code}", code=code.code)


def _uses(code: CodeUse, formatter: Formatter) -> str:
    if not code.used_to_date and not code.used:
        return formatter.say(UNUSED, placement=code.placement)
    uses = formatter.say_counted(code.used_to_date, *USES, number=formatter.count(code.used_to_date))
    return formatter.say(
        "{uses}, {now} of them in this period ({placement})",
        uses=uses,
        now=formatter.count(code.used),
        placement=code.placement,
    )


def _owed(facts: ReportFacts, formatter: Formatter) -> Iterator[Pair]:
    if facts.pacing is None or not facts.pacing.booked:
        return
    owed = facts.pacing.make_good
    text = formatter.say_counted(owed, *OWED, number=formatter.count(owed)) if owed else formatter.say(NOTHING_OWED)
    yield Pair(formatter.say("Make-goods due"), text)
