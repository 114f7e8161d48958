"""Method: how the numbers of a report were made, by the settings that were in force, and what its terms mean.

Here: the two sections that stand in every report.
Not here: the fixed terms and definitions themselves (labels.py), the rules of attribution models (models.py).
"""

from __future__ import annotations

from reports.content.report import Pair, Section
from reports.content.tables.models import rule_of, rules
from reports.facts.report_facts import ReportFacts
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS
from reports.wording.catalogues import message
from reports.wording.formats import Formatter
from reports.wording.labels import DEFINITIONS, DOWNLOAD_WINDOWS, GOALS, MODELS, SIGNALS

WHEN_COUNTED = message(
    "A period’s conversions are those that happened in it: some followed ads of the period, others earlier ads whose "
    "attribution window was still open. An ad that is still inside its window can earn conversions in later periods."
)
SAME_ADS = message(
    "Return on ad spend and cost per conversion set money against conversions of the same ads, from the campaign’s "
    "start to the period’s end; beside them stands how they moved in the period."
)


def method_section(facts: ReportFacts, formatter: Formatter) -> Section:
    """How it was measured, by the settings of this report."""
    method, say = facts.method, formatter.say
    model = say(MODELS.get(method.default_model, method.default_model))
    rule = rule_of(method.default_model, method, formatter)
    credit = say("{model}: {rule}.", model=model, rule=rule) if rule else say("{model}.", model=model)
    moment, window = formatter.moment(method.data_through), _download_window(facts)
    through = (
        say("{moment}, final.", moment=moment) if method.is_final else say("{moment}, provisional.", moment=moment)
    )
    guidelines = say("Podcast Technical Measurement Guidelines 2.3, {window}.", window=say(window))
    pairs = [
        Pair(say("Downloads"), guidelines),
        Pair(say("Conversions"), _goal(facts, formatter)),
        Pair(say("Counted when they happen"), say(WHEN_COUNTED)),
        Pair(say("Return and cost"), say(SAME_ADS)),
        Pair(say("Attribution window"), _attribution_window(facts, formatter)),
        Pair(say("Attribution model"), credit),
        *_signals(facts, formatter),
        Pair(say("Periods"), _periods(facts, formatter)),
        Pair(say("Data through"), through),
        Pair(say("Versions"), _versions(facts, formatter)),
    ]
    return Section(say("How this was measured"), tuple(pairs))


def _attribution_window(facts: ReportFacts, formatter: Formatter) -> str:
    days = sorted(set(facts.method.window_days))
    return formatter.say_counted(
        1 if days == [1] else 2,
        "{days} day after an ad; a promo code or vanity URL names its placement by itself.",
        "{days} days after an ad; a promo code or vanity URL names its placement by itself.",
        days=formatter.either([formatter.plain(each) for each in days]),
    )


def _versions(facts: ReportFacts, formatter: Formatter) -> str:
    method = facts.method
    named = {"rules": method.rules_version, "settings": method.config_version, "code": method.code_version}
    if not method.methodology:
        return formatter.say("rules {rules}, settings {settings}, Earshot {code}", **named)
    sentence = message("rules {rules}, settings {settings}, Earshot {code}, methodology {methodology}")
    return formatter.say(sentence, **named, methodology=method.methodology)


def definitions(facts: ReportFacts, formatter: Formatter) -> Section:
    """What the report's terms mean, and how the models that it compares share out credit."""
    shown = {
        "confident": formatter.count(FEWEST_FOR_CONFIDENCE),
        "fewest": formatter.count(FEWEST_FOR_RATIOS),
    }
    pairs = [Pair(formatter.say(term), formatter.say(text, **shown)) for term, text in DEFINITIONS]
    return Section(formatter.say("Definitions"), (*pairs, *rules(facts, formatter)))


def _goal(facts: ReportFacts, formatter: Formatter) -> str:
    if facts.is_portfolio:
        return formatter.say("Each campaign counts conversions of its own goal.")
    goal = formatter.say(GOALS.get(facts.goal_kind, facts.goal_kind))
    return formatter.say("The campaign’s goal is {goal}; nothing else is counted.", goal=goal)


def _periods(facts: ReportFacts, formatter: Formatter) -> str:
    """Periods of different age would make every open window look like a decline."""
    zone = facts.brand.timezone
    if facts.previous is None:
        return formatter.say("Days begin at midnight in {zone}.", zone=zone)
    return formatter.say("Days begin at midnight in {zone}; both periods are counted at the same age.", zone=zone)


def _download_window(facts: ReportFacts) -> str:
    return DOWNLOAD_WINDOWS.get(facts.method.download_window, facts.method.download_window)


def _signals(facts: ReportFacts, formatter: Formatter) -> list[Pair]:
    """Each signal's count and the overlap, never their sum."""
    say, counts = formatter.say, [(signal, count) for signal, count in facts.signals.counts if count]
    if not counts:
        return []
    listed = say(", ").join(
        # NOTE: A signal with its count, as in "promo code 96".
        say("{signal} {count}", signal=say(SIGNALS.get(signal, signal)), count=formatter.count(count))
        for signal, count in counts
    )
    overlap = facts.signals.overlapping
    if not overlap:
        return [Pair(say("Signals"), say("{signals}.", signals=listed))]
    both = formatter.say_counted(
        overlap,
        "{signals}; {number} was seen through more than one and count once.",
        "{signals}; {number} were seen through more than one and count once.",
        signals=listed,
        number=formatter.count(overlap),
    )
    return [Pair(say("Signals"), both)]
