"""Lift: what the ads added, one paragraph for each campaign that was compared, or why there is none.

Here: the choice of a sentence by the design and the interval, and its wording. Only a randomised holdout is called
causal.
Not here: how lift is measured (assets/campaigns/results/incrementality.py), other sentences (sentences.py).
"""

from __future__ import annotations

from reports.facts.comparisons import Lift
from reports.facts.report_facts import ReportFacts
from reports.thresholds import LARGEST_DETECTABLE_LIFT
from reports.wording.formats import Formatter
from sql.values import Interval


def lift(facts: ReportFacts, formatter: Formatter) -> tuple[str, ...]:
    """Incremental lift with its interval, or why there is none, one paragraph per campaign that was compared."""
    say = formatter.say
    if not facts.lifts:
        return (say("No lift is reported. Lift needs a comparison group, and none was measured for this period."),)
    results = sorted(facts.lifts, key=lambda result: result.campaign)
    if not facts.is_portfolio:
        return tuple(_lift_of(result, formatter) for result in results)
    others = len(facts.campaigns) - len(results)
    paragraphs = [
        # NOTE: A campaign's name, and what there is to say about it.
        say("{campaign}: {sentences}", campaign=result.campaign, sentences=_lift_of(result, formatter))
        for result in results
    ]
    if others > 0:
        unmeasured = formatter.say_counted(
            others,
            "For {number} other campaign no comparison group was measured.",
            "For {number} other campaigns no comparison group was measured.",
            number=formatter.count(others),
        )
        paragraphs.append(unmeasured)
    return tuple(paragraphs)


def _lift_of(result: Lift, formatter: Formatter) -> str:
    say, relative = formatter.say, result.relative
    if relative is None:
        return formatter.one_by_one(say("No lift is reported."), _too_coarse(result, formatter))
    sentences = [
        # NOTE: What was found, and its interval.
        say(
            "{found} ({interval}).",
            found=_compared(relative.estimate, result.causal, formatter),
            interval=_between(relative, formatter),
        )
    ]
    if _holds_zero(relative):
        sentences.append(say("The interval includes no difference at all, so chance alone could explain this."))
    if not result.causal:
        sentences.append(say("The groups were matched, not randomised, so this is not proof of cause."))
    else:
        sentences += _added_return(result.iroas, formatter)
    return formatter.one_by_one(*sentences)


def _compared(lift: float, causal: bool, formatter: Formatter) -> str:
    say, share = formatter.say, formatter.percent(abs(lift))
    is_none = share == formatter.percent(0)
    if not causal:
        if is_none:
            return say("Households that got the ads converted as often as comparable listeners who did not")
        if lift > 0:
            return say(
                "Households that got the ads converted {share} more often than comparable listeners who did not",
                share=share,
            )
        return say(
            "Households that got the ads converted {share} less often than comparable listeners who did not",
            share=share,
        )
    if is_none:
        return say("As many households that got the ads converted as in a randomised holdout")
    if lift > 0:
        return say("The ads caused {share} more households to convert than in a randomised holdout", share=share)
    return say("{share} fewer households that got the ads converted than in a randomised holdout", share=share)


def _between(interval: Interval, formatter: Formatter) -> str:
    """The bounds of a lift as text: a minus sign before "more" would be read past."""
    say = formatter.say
    lower, upper = (bound if bound is not None else interval.estimate for bound in (interval.lower, interval.upper))
    least, most = (formatter.percent(abs(bound)) for bound in (lower, upper))
    if lower < 0 < upper:
        return say("95% interval {lower} less to {upper} more", lower=least, upper=most)
    if upper > 0:
        return say("95% interval {lower} to {upper} more", lower=least, upper=most)
    return say("95% interval {lower} to {upper} less", lower=least, upper=most)


def _holds_zero(interval: Interval) -> bool:
    return interval.lower is not None and interval.upper is not None and interval.lower <= 0 <= interval.upper


def _added_return(iroas: Interval | None, formatter: Formatter) -> list[str]:
    if iroas is None or iroas.lower is None or iroas.upper is None:
        return []
    shown, lower, upper = (formatter.ratio(value) for value in (iroas.estimate, iroas.lower, iroas.upper))
    sentence = formatter.say(
        "The incremental return on ad spend (iROAS) is {value} (95% interval {lower} to {upper}): revenue per unit of "
        "spend that would not have come without the ads.",
        value=shown,
        lower=lower,
        upper=upper,
    )
    return [sentence]


def _too_coarse(result: Lift, formatter: Formatter) -> str:
    say, ours, others = formatter.say, formatter.count(result.households), formatter.count(result.base_households)
    # NOTE: How many households got the ads, and with how many others they were compared.
    groups = say(
        "{ours} compared with {others}",
        ours=formatter.say_counted(
            result.households, "{number} household was", "{number} households were", number=ours
        ),
        others=formatter.say_counted(result.base_households, "{number} other", "{number} others", number=others),
    )
    if result.smallest is None:
        return say("{groups}, of which none converted.", groups=groups)
    return say(
        "{groups}; that finds lifts of {found} and more, and has to find {wanted} to be shown.",
        groups=groups,
        found=formatter.percent(result.smallest, 0),
        wanted=formatter.percent(LARGEST_DETECTABLE_LIFT, 0),
    )
