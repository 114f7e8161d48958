"""Next steps: what a sponsor may do about the campaign, each step by a rule and with the numbers that it follows from.

Here: the rules, in the order of their urgency. A rule that has too little to go by says nothing.
Not here: what happened (sentences.py), what is owed and proved (proof.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from statistics import median

from reports.content.sentences import PACING_TOLERANCE
from reports.content.tables.shows import cost_of, ranked
from reports.facts.report_facts import ReportFacts, ShowRow
from reports.thresholds import FEWEST_FOR_CONFIDENCE
from reports.wording.catalogues import counted, message
from reports.wording.formats import Formatter, exact

# A show stands out if a conversion costs a fifth less there than in the middle one of at least three.
CHEAPER = Decimal("0.8")
FEWEST_SHOWS = 3
MOST_SHOWS = 2
MOST_CODES = 3
# Beyond a year nobody plans with a rate.
MOST_WEEKS = 52

# For one, and for any other number.
MAKE_GOOD = counted(
    "Agree when the make-good of {number} ad airs: flights have ended short of their booking.",
    "Agree when the make-good of {number} ads airs: flights have ended short of their booking.",
)
BEHIND = counted(
    "Ask how delivery catches up: {delivered} of {expected} ads due by now are delivered, {missing} is missing.",
    "Ask how delivery catches up: {delivered} of {expected} ads due by now are delivered, {missing} are missing.",
)
BETTER_SHOW = message(
    "Consider more of {show}: a conversion costs {cost} there, {share} less than the median of {shows} shows "
    "({median}), all to date."
)
UNUSED_CODE = message(
    "Check the code {code} ({placement}): nobody has used it so far, after {ads}. Is it read out, and "
    "does it work at checkout?"
)
UNUSED_ADDRESS = message(
    "Check the address {address} ({placement}): nobody has come by it so far, after {ads}. Is it read "
    "out, and does it open?"
)
# NOTE: A span, as it stands after "after".
PASSED = counted("{number} week", "{number} weeks")
MORE_WEEKS = counted(
    "Wait about {weeks} more week before judging the results: {sample} of {fewest} conversions are there after "
    "{passed}.",
    "Wait about {weeks} more weeks before judging the results: {sample} of {fewest} conversions are there after "
    "{passed}.",
)


def next_steps(facts: ReportFacts, formatter: Formatter) -> tuple[str, ...]:
    """The steps, as whole sentences; none where no rule finds anything."""
    rules = (_make_good, _behind, _unused_codes, _better_shows, _more_weeks)
    return tuple(step for rule in rules for step in rule(facts, formatter))


def _make_good(facts: ReportFacts, formatter: Formatter) -> Iterator[str]:
    owed = facts.pacing.make_good if facts.pacing else 0
    if owed:
        yield formatter.say_counted(owed, *MAKE_GOOD, number=formatter.count(owed))


def _behind(facts: ReportFacts, formatter: Formatter) -> Iterator[str]:
    """As the notice on pacing does: not once all flights are over, when only a make-good helps."""
    pacing = facts.pacing
    if pacing is None or pacing.ended or not pacing.expected:
        return
    if pacing.delivered < PACING_TOLERANCE * pacing.expected:
        missing = pacing.expected - pacing.delivered
        yield formatter.say_counted(
            missing,
            *BEHIND,
            delivered=formatter.count(pacing.delivered),
            expected=formatter.count(pacing.expected),
            missing=formatter.count(missing),
        )


def _unused_codes(facts: ReportFacts, formatter: Formatter) -> Iterator[str]:
    """Codes of placements that delivered ads, largest first: the more ads, the odder."""
    unused = [code for code in facts.codes if not code.used_to_date and code.delivered]
    for code in sorted(unused, key=lambda code: (-code.delivered, code.code))[:MOST_CODES]:
        count = formatter.count(code.delivered)
        ads = formatter.say_counted(code.delivered, "{number} ad", "{number} ads", number=count)
        parts = {"placement": code.placement, "ads": ads}
        if code.kind == "vanity_url":
            yield formatter.say(UNUSED_ADDRESS, address=code.code, **parts)
        else:
            yield formatter.say(UNUSED_CODE, code=code.code, **parts)


def _better_shows(facts: ReportFacts, formatter: Formatter) -> Iterator[str]:
    """Shows with enough conversions to be told from chance, against the middle one of the same currency."""
    found = ranked(facts)
    for currency in sorted({show.currency for show in found}):
        priced = [(cost, show) for show in found if show.currency == currency and (cost := cost_of(show)) is not None]
        if len(priced) < FEWEST_SHOWS:
            continue
        middle = median(cost for cost, _ in priced)
        for cost, show in _cheapest(priced, middle):
            yield formatter.say(
                BETTER_SHOW,
                show=show.name,
                cost=formatter.money(cost, currency),
                share=formatter.percent(1 - cost / middle, 0),
                shows=formatter.count(len(priced)),
                median=formatter.money(middle, currency),
            )


def _cheapest(priced: list[tuple[Decimal, ShowRow]], middle: Decimal) -> list[tuple[Decimal, ShowRow]]:
    better = [
        (cost, show)
        for cost, show in priced
        if show.figures.sample >= FEWEST_FOR_CONFIDENCE and cost <= CHEAPER * middle
    ]
    return sorted(better, key=lambda each: (each[0], each[1].name))[:MOST_SHOWS]


def _more_weeks(facts: ReportFacts, formatter: Formatter) -> Iterator[str]:
    """How long it takes to the sample from which numbers are firm, if conversions keep coming as they have."""
    to_date = facts.to_date[0] if len(facts.to_date) == 1 else None
    if to_date is None or not 0 < to_date.figures.sample < FEWEST_FOR_CONFIDENCE or _is_over(facts):
        return
    days, sample = (to_date.through - to_date.first).days + 1, to_date.figures.sample
    passed = math.ceil(days / 7)
    weeks = math.ceil(exact(days) / 7 * (FEWEST_FOR_CONFIDENCE - sample) / sample)
    if weeks <= MOST_WEEKS:
        yield formatter.say_counted(
            weeks,
            *MORE_WEEKS,
            weeks=formatter.count(weeks),
            sample=formatter.count(sample),
            fewest=formatter.count(FEWEST_FOR_CONFIDENCE),
            passed=formatter.say_counted(passed, *PASSED, number=formatter.count(passed)),
        )


def _is_over(facts: ReportFacts) -> bool:
    return bool(facts.flights) and all(flight.last <= facts.period.last for flight in facts.flights)
