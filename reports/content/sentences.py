"""Sentences: the finding, the notices and the paragraphs on lift, each short, plain and true of this report's numbers.

Here: the choice of a sentence by the facts, and its wording.
Not here: fixed terms (labels.py), tables and tiles, markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reports.content.comparisons import Lift
from reports.content.corrections import restated
from reports.content.facts import Pacing, ReportFacts
from reports.content.formats import NOTHING, Formatter, exact
from reports.content.order_values import unknown_values
from reports.content.ratios import is_low_confidence, ratios_allowed, return_on_spend
from reports.content.report import Notice
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS, LARGEST_DETECTABLE_LIFT
from sql.values import Interval

# Deliveries lag bookings by a few per cent all the time; below this share of what was expected the report says so.
PACING_TOLERANCE = Decimal("0.95")

NO_COMPARISON = "Lift needs a comparison group, and none was measured for this period."


def counted(number: str, singular: str, plural: str) -> str:
    """A number with its noun, in the singular for exactly one."""
    return f"{number} {singular if number == '1' else plural}"


def finding(facts: ReportFacts, formatter: Formatter) -> str:
    """What happened in the period, and what the campaigns have returned to date, in one sentence."""
    period, to_date = _what_happened(facts, formatter), _returned(facts, formatter)
    if not to_date:
        return formatter.say("{period}.", period=period)
    return formatter.say("{period}; {to_date}.", period=period, to_date=to_date)


def _what_happened(facts: ReportFacts, formatter: Formatter) -> str:
    """Conversions are told by when they happened, and by whose ads they followed."""
    now, say = facts.now, formatter.say
    ads = formatter.say_counted(now.delivered, "{number} ad", "{number} ads", number=formatter.count(now.delivered))
    shown = formatter.credit(now.conversions)
    one, many = "{number} attributed conversion", "{number} attributed conversions"
    conversions = formatter.say_counted(1 if shown == "1" else 2, one, many, number=shown)
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
    """What was spent and earned since the start: money and conversions of the same ads."""
    to_date = facts.to_date[0] if len(facts.to_date) == 1 else None
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


def notices(facts: ReportFacts, formatter: Formatter) -> tuple[Notice, ...]:
    """What to know before the numbers are read; what needs attention comes first."""
    found = [
        *restated(facts, formatter),
        *_failed_checks(facts, formatter),
        *_behind(facts.pacing, formatter),
        *_open_windows(facts, formatter),
        *_small_sample(facts),
        *_provisional(facts),
        *_unknown_money(facts),
        *unknown_values(facts, formatter),
    ]
    return tuple(sorted(found, key=lambda notice: notice.kind != "warning"))


def _failed_checks(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    for check in facts.failed_checks:
        yield Notice("warning", f"A data check did not pass for {formatter.day(check.day)}: {check.detail}")


def _behind(pacing: Pacing | None, formatter: Formatter) -> Iterator[Notice]:
    if pacing is None or not pacing.booked:
        return
    delivered, booked = formatter.count(pacing.delivered), formatter.count(pacing.booked)
    owed = counted(formatter.count(pacing.make_good), "ad is", "ads are")
    if pacing.make_good:
        ended = f"The flight has ended with {delivered} of {booked} booked ads delivered"
        parts = ended if pacing.ended else "Flights that have ended delivered less than was booked"
        yield Notice("warning", f"{parts}; {owed} owed as a make-good.")
    if not pacing.ended and pacing.expected and pacing.delivered < PACING_TOLERANCE * pacing.expected:
        share = formatter.percent(exact(pacing.delivered) / pacing.expected, 0)
        yield Notice(
            "warning",
            f"Delivery is behind its booking: {delivered} ads so far, {share} of the "
            f"{formatter.count(pacing.expected)} due by now ({booked} booked in all).",
        )


def _open_windows(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    """What ads of the period may still earn counts when it happens: later, and never in this period's numbers."""
    windows = facts.windows
    if windows is None or not windows.open_episodes or windows.mature_share is None:
        return
    parts = {
        "open": formatter.count(windows.open_episodes),
        "days": formatter.either([formatter.plain(days) for days in sorted(set(facts.method.window_days))]),
        "share": formatter.percent(windows.mature_share, 0),
    }
    text = formatter.say_counted(
        windows.open_episodes,
        "Ads in {open} episode are still inside their attribution window of {days} days, counted from the ad: the "
        "window is complete for {share} of this period’s ads. The others can still earn conversions, which will count "
        "when they happen: in later periods and to date, not in this period.",
        "Ads in {open} episodes are still inside their attribution window of {days} days, counted from the ad: the "
        "window is complete for {share} of this period’s ads. The others can still earn conversions, which will count "
        "when they happen: in later periods and to date, not in this period.",
        **parts,
    )
    yield Notice("info", text)


def _small_sample(facts: ReportFacts) -> Iterator[Notice]:
    sample = facts.now.sample
    if sample and not ratios_allowed(sample):
        yield Notice(
            "info",
            f"Fewer than {FEWEST_FOR_RATIOS} conversions: counts are shown, ratios are not: they would be noise.",
        )
    elif is_low_confidence(sample):
        yield Notice(
            "info",
            f"Low confidence: fewer than {FEWEST_FOR_CONFIDENCE} conversions, so read changes and ratios with their "
            "intervals.",
        )


def _provisional(facts: ReportFacts) -> Iterator[Notice]:
    if not facts.method.is_final:
        yield Notice(
            "warning",
            f"The period is provisional: its numbers become final {facts.method.lateness_hours} hours after its end.",
        )


def _unknown_money(facts: ReportFacts) -> Iterator[Notice]:
    if facts.currency is None:
        yield Notice(
            "info", "The campaigns use several currencies. Money is shown by campaign and never added up across them."
        )
    elif any(each.figures.spend_minor is None for each in facts.to_date):
        yield Notice("info", "The spend is not known, so return and cost per conversion cannot be shown.")


def lift(facts: ReportFacts, formatter: Formatter) -> tuple[str, ...]:
    """Incremental lift with its interval, or why there is none, one paragraph per campaign that was compared."""
    if not facts.lifts:
        return (f"No lift is reported. {NO_COMPARISON}",)
    results = sorted(facts.lifts, key=lambda result: result.campaign)
    if not facts.is_portfolio:
        return tuple(_lift_of(result, formatter) for result in results)
    others = len(facts.campaigns) - len(results)
    paragraphs = [f"{result.campaign}: {_lift_of(result, formatter)}" for result in results]
    if others > 0:
        whose = counted(formatter.count(others), "other campaign", "other campaigns")
        paragraphs.append(f"For {whose} no comparison group was measured.")
    return tuple(paragraphs)


def _lift_of(result: Lift, formatter: Formatter) -> str:
    """Only a randomised holdout is called causal."""
    if result.relative is None:
        return f"No lift is reported. {_too_coarse(result, formatter)}"
    relative = result.relative
    text = f"{_compared(relative.estimate, result.causal, formatter)} ({_between(relative, formatter)})."
    if _holds_zero(relative):
        text += " The interval includes no difference at all, so chance alone could explain this."
    if not result.causal:
        return f"{text} The groups were matched, not randomised, so this is not proof of cause."
    return f"{text}{_added_return(result.iroas, formatter)}"


def _compared(lift: float, causal: bool, formatter: Formatter) -> str:
    share = formatter.percent(abs(lift))
    is_none = share == formatter.percent(0)
    if not causal:
        often = "as often as" if is_none else f"{share} {'more' if lift > 0 else 'less'} often than"
        return f"Households that got the ads converted {often} comparable listeners who did not"
    if is_none:
        return "As many households that got the ads converted as in a randomised holdout"
    if lift > 0:
        return f"The ads caused {share} more households to convert than in a randomised holdout"
    return f"{share} fewer households that got the ads converted than in a randomised holdout"


def _between(interval: Interval, formatter: Formatter) -> str:
    """The bounds of a lift as text: a minus sign before "more" would be read past."""
    lower, upper = (bound if bound is not None else interval.estimate for bound in (interval.lower, interval.upper))
    least, most = (formatter.percent(abs(bound)) for bound in (lower, upper))
    if lower < 0 < upper:
        return f"95% interval {least} less to {most} more"
    return f"95% interval {least} to {most} {'more' if upper > 0 else 'less'}"


def _holds_zero(interval: Interval) -> bool:
    return interval.lower is not None and interval.upper is not None and interval.lower <= 0 <= interval.upper


def _added_return(iroas: Interval | None, formatter: Formatter) -> str:
    if iroas is None or iroas.lower is None or iroas.upper is None:
        return ""
    shown, lower, upper = (formatter.ratio(value) for value in (iroas.estimate, iroas.lower, iroas.upper))
    return (
        f" The incremental return on ad spend (iROAS) is {shown} (95% interval {lower} to {upper}): revenue per unit "
        "of spend that would not have come without the ads."
    )


def _too_coarse(result: Lift, formatter: Formatter) -> str:
    ours, others = formatter.count(result.households), formatter.count(result.base_households)
    groups = f"{counted(ours, 'household was', 'households were')} compared with {counted(others, 'other', 'others')}"
    if result.smallest is None:
        return f"{groups}, of which none converted."
    found, wanted = formatter.percent(result.smallest, 0), formatter.percent(LARGEST_DETECTABLE_LIFT, 0)
    return f"{groups}; that finds lifts of {found} and more, and has to find {wanted} to be shown."
