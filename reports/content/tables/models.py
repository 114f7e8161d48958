"""Models: what attribution models do, and where in a report they differ.

Here: the rule of each model with its settings, and the table of the placements to which models give different credit.
Not here: models that learn from all journeys (model_totals.py), credits themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.content.report import Pair, Table, TableRow
from reports.content.tables.placements import placement_name, ranked
from reports.facts.report_facts import Method, PlacementRow, ReportFacts
from reports.wording.formats import NOTHING, Formatter
from reports.wording.labels import MODEL_RULES, MODELS

# Beyond so many rows a comparison is searched and no longer read; the CSV has every row.
MOST_COMPARED = 20


def rule_of(model: str, method: Method, formatter: Formatter) -> str:
    """How the model shares out credit, with the settings that were in force; empty where nothing is known of it."""
    if model != "time_decay":
        return formatter.say(MODEL_RULES[model]) if model in MODEL_RULES else ""
    if not method.half_life_days:
        return formatter.say("later ads get more credit than earlier ones")
    days = sorted(set(method.half_life_days))
    return formatter.say_counted(
        1 if days == [1] else 2,
        "credit halves for every day before the conversion",
        "credit halves for every {days} days before the conversion",
        days=formatter.either([formatter.plain(each) for each in days]),
    )


def rules(facts: ReportFacts, formatter: Formatter) -> list[Pair]:
    """Each model that the report compares, with its rule."""
    names = _in_order(facts) or [facts.method.default_model]
    found = {name: rule_of(name, facts.method, formatter) for name in names}
    return [
        Pair(formatter.say(MODELS.get(name, name)), formatter.say("{rule}.", rule=f"{rule[0].upper()}{rule[1:]}"))
        for name, rule in found.items()
        if rule
    ]


def models(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """The placements to which models give different credit, the report's own model first; None where they agree."""
    names = _in_order(facts)
    rows = [(row, _shares(row, names, formatter)) for row in ranked(facts)]
    differing = [(row, shares) for row, shares in rows if len(set(shares) - {NOTHING}) > 1]
    if not differing:
        return None
    whole = {row.model: formatter.credit(row.conversions) for row in facts.models}
    total = TableRow(formatter.say("All placements"), "", tuple(whole.get(name, NOTHING) for name in names))
    shown = differing[:MOST_COMPARED]
    return Table(
        title=formatter.say(
            "Where attribution models differ: conversions, {period}", period=formatter.period(facts.period)
        ),
        columns=(formatter.say("Placement"), *(_heading(name, facts, formatter) for name in names)),
        rows=(total, *(TableRow(*placement_name(row, facts, formatter), shares) for row, shares in shown)),
        note=_note(len(shown), len(differing), len(rows) - len(differing), formatter),
    )


def _in_order(facts: ReportFacts) -> list[str]:
    """The report's own model, then the others by name."""
    own = facts.method.default_model
    return sorted({row.model for row in facts.models}, key=lambda name: (name != own, name))


def _shares(row: PlacementRow, names: Sequence[str], formatter: Formatter) -> tuple[str, ...]:
    given = dict(row.by_model)
    return tuple(formatter.credit(given[name]) if name in given else NOTHING for name in names)


def _heading(model: str, facts: ReportFacts, formatter: Formatter) -> str:
    name = formatter.say(MODELS.get(model, model))
    return formatter.say("{model} (this report)", model=name) if model == facts.method.default_model else name


def _note(shown: int, differing: int, alike: int, formatter: Formatter) -> str:
    """Every model shares out the same conversions; what is left out of the table is counted."""
    note = [formatter.say("Every model shares out the same conversions; they differ in which ad gets how much.")]
    if shown < differing:
        part = formatter.say(
            "{shown} of {total} placements on which they differ; the CSV holds all.",
            shown=formatter.count(shown),
            total=formatter.count(differing),
        )
        note.append(part)
    if alike:
        others = formatter.say_counted(
            alike,
            "On {number} other placement they agree.",
            "On {number} other placements they agree.",
            number=formatter.count(alike),
        )
        note.append(others)
    return formatter.one_by_one(*note)
