"""Sentences: the finding and the notices, each short, plain and true of this report's numbers.

Here: the choice of a sentence by the facts, and its wording.
Not here: lift (lift.py), fixed terms (labels.py), tables and tiles, markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reports.content.corrections import restated
from reports.content.order_values import unknown_values
from reports.content.ratios import is_low_confidence, ratios_allowed, return_on_spend
from reports.content.report import Notice
from reports.facts.report_facts import Pacing, ReportFacts
from reports.facts.to_date import ToDate
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS
from reports.wording.catalogues import counted, message
from reports.wording.formats import NOTHING, Formatter, exact

# Deliveries lag bookings by a few per cent all the time; below this share of what was expected the report says so.
PACING_TOLERANCE = Decimal("0.95")

# NOTE: A span, as it stands after "an attribution window of"; several are listed, as in "14 or 30 days".
WINDOW = counted("{days} day", "{days} days")
PROVISIONAL = counted(
    "The period is provisional: its numbers become final {hours} hour after its end.",
    "The period is provisional: its numbers become final {hours} hours after its end.",
)
# For one ad that is owed, and for any other number.
OWED_AT_THE_END = counted(
    "The flight has ended with {delivered} of {booked} booked ads delivered; {owed} ad is owed as a make-good.",
    "The flight has ended with {delivered} of {booked} booked ads delivered; {owed} ads are owed as a make-good.",
)
OWED_BEFORE_THE_END = counted(
    "Flights that have ended delivered less than was booked; {owed} ad is owed as a make-good.",
    "Flights that have ended delivered less than was booked; {owed} ads are owed as a make-good.",
)


def finding(facts: ReportFacts, formatter: Formatter) -> str:
    """What happened in the period, and what the campaigns have returned to date, in one sentence."""
    period, to_date = _what_happened(facts, formatter), _returned(facts, formatter)
    if not to_date:
        return formatter.say("{period}.", period=period)
    return formatter.say("{period}; {to_date}.", period=period, to_date=to_date)


def _what_happened(facts: ReportFacts, formatter: Formatter) -> str:
    """Conversions are split by when they happened, and by whose ads they followed."""
    now, say = facts.now, formatter.say
    ads = formatter.say_counted(now.delivered, "{number} ad", "{number} ads", number=formatter.count(now.delivered))
    one, many = counted("{number} attributed conversion", "{number} attributed conversions")
    conversions = formatter.credits(now.conversions, one, many)
    if not now.conversions:
        if not now.delivered:
            return say("No ads were delivered in this period, and no conversions were attributed")
        return say("This period brought {ads} and no attributed conversions", ads=ads)
    if not now.delivered:
        return say("No ads were delivered in this period; earlier ads brought {conversions}", conversions=conversions)
    if now.own_conversions is None:
        return say("This period brought {ads} and {conversions}", ads=ads, conversions=conversions)
    own, earlier = formatter.credit_parts(now.conversions, now.own_conversions)
    return say(
        "This period brought {ads} and {conversions}, {own} from its own ads and {earlier} from earlier ads",
        ads=ads,
        conversions=conversions,
        own=own,
        earlier=earlier,
    )


def _returned(facts: ReportFacts, formatter: Formatter) -> str:
    """What was spent and earned since the start: money and conversions of the same ads, each currency by itself."""
    if len(facts.to_date) > 1:
        parts = [part for each in facts.to_date if (part := _returned_in(each, formatter))]
        return formatter.say("to date, {parts}", parts=formatter.every(parts)) if parts else ""
    to_date = facts.to_date[0] if facts.to_date else None
    if to_date is None or not to_date.figures.spend_minor:
        return ""
    figures, spend = to_date.figures, formatter.money(to_date.figures.spend_minor, to_date.currency)
    if not ratios_allowed(figures.sample):
        if not figures.conversions:
            return ""
        return formatter.say("too few to say what the {spend} spent to date returned", spend=spend)
    value = formatter.ratio(return_on_spend(figures))
    if value == NOTHING:
        return formatter.say("{spend} was spent to date", spend=spend)
    if is_low_confidence(figures.sample):
        return formatter.say("to date, {spend} of spend returned {roas}, from a small sample", spend=spend, roas=value)
    return formatter.say("to date, {spend} of spend returned {roas}", spend=spend, roas=value)


def _returned_in(to_date: ToDate, formatter: Formatter) -> str:
    """The same of one of several currencies, as a part of a list."""
    figures = to_date.figures
    if not figures.spend_minor:
        return ""
    spend, value = formatter.money(figures.spend_minor, to_date.currency), formatter.ratio(return_on_spend(figures))
    if not ratios_allowed(figures.sample):
        return formatter.say("{spend} of spend brought too few conversions to say what it returned", spend=spend)
    if value == NOTHING:
        return formatter.say("{spend} was spent", spend=spend)
    if is_low_confidence(figures.sample):
        return formatter.say("{spend} of spend returned {roas} (small sample)", spend=spend, roas=value)
    return formatter.say("{spend} of spend returned {roas}", spend=spend, roas=value)


def notices(facts: ReportFacts, formatter: Formatter) -> tuple[Notice, ...]:
    """What to know before the numbers are read; what needs attention comes first."""
    found = [
        *restated(facts, formatter),
        *_failed_checks(facts, formatter),
        *_behind(facts.pacing, formatter),
        *_open_windows(facts, formatter),
        *_small_sample(facts, formatter),
        *_provisional(facts, formatter),
        *_unknown_money(facts, formatter),
        *unknown_values(facts, formatter),
    ]
    return tuple(sorted(found, key=lambda notice: notice.kind != "warning"))


def _failed_checks(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    for check in facts.failed_checks:
        day, sentence = formatter.day(check.day), message("A data check did not pass for {day}: {detail}")
        yield Notice("warning", formatter.say(sentence, day=day, detail=check.detail))


def _behind(pacing: Pacing | None, formatter: Formatter) -> Iterator[Notice]:
    if pacing is None or not pacing.booked:
        return
    parts = {
        "delivered": formatter.count(pacing.delivered),
        "booked": formatter.count(pacing.booked),
        "owed": formatter.count(pacing.make_good),
    }
    if pacing.make_good:
        one, many = OWED_AT_THE_END if pacing.ended else OWED_BEFORE_THE_END
        yield Notice("warning", formatter.say_counted(pacing.make_good, one, many, **parts))
    if not pacing.ended and pacing.expected and pacing.delivered < PACING_TOLERANCE * pacing.expected:
        text = formatter.say(
            "Delivery is behind its booking: {delivered} ads so far, {share} of the {expected} due by now ({booked} "
            "booked in all).",
            **parts,
            share=formatter.percent(exact(pacing.delivered) / pacing.expected, 0),
            expected=formatter.count(pacing.expected),
        )
        yield Notice("warning", text)


def _open_windows(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    """What ads of the period may still earn counts when it happens: later, and never in this period's numbers."""
    windows = facts.windows
    if windows is None or not windows.open_episodes or windows.mature_share is None:
        return
    days = sorted(set(facts.method.window_days))
    shown = [formatter.plain(each) for each in days]
    parts = {
        "open": formatter.count(windows.open_episodes),
        "window": formatter.say_counted(1 if days == [1] else 2, *WINDOW, days=formatter.either(shown)),
        "share": formatter.percent(windows.mature_share, 0),
    }
    text = formatter.say_counted(
        windows.open_episodes,
        "Ads in {open} episode are still inside their attribution window of {window}, counted from the ad: the "
        "window is complete for {share} of this period’s ads. The others can still earn conversions, which will count "
        "when they happen: in later periods and to date, not in this period.",
        "Ads in {open} episodes are still inside their attribution window of {window}, counted from the ad: the "
        "window is complete for {share} of this period’s ads. The others can still earn conversions, which will count "
        "when they happen: in later periods and to date, not in this period.",
        **parts,
    )
    yield Notice("info", text)


def _small_sample(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    sample = facts.now.sample
    if sample and not ratios_allowed(sample):
        text = formatter.say(
            "Fewer than {fewest} conversions: counts are shown, ratios are not: they would be noise.",
            fewest=formatter.count(FEWEST_FOR_RATIOS),
        )
        yield Notice("info", text)
    elif is_low_confidence(sample):
        text = formatter.say(
            "Low confidence: fewer than {confident} conversions, so read changes and ratios with their intervals.",
            confident=formatter.count(FEWEST_FOR_CONFIDENCE),
        )
        yield Notice("info", text)


def _provisional(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    if not facts.method.is_final:
        hours = facts.method.lateness_hours
        text = formatter.say_counted(hours, *PROVISIONAL, hours=formatter.count(hours))
        yield Notice("warning", text)


def _unknown_money(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    if facts.currency is None:
        several = message(
            "The campaigns use several currencies. Money is shown for each of them and never added up across them."
        )
        yield Notice("info", formatter.say(several))
    elif any(each.figures.spend_minor is None for each in facts.to_date):
        unknown = message("The spend is not known, so return and cost per conversion cannot be shown.")
        yield Notice("info", formatter.say(unknown))
