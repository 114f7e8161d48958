"""Corrections: what a report said and what is known now, side by side, where a report replaces one that has left.

Here: the value, the table of old and new, and the sentences that mark the report.
Not here: when a report is corrected (assets/reporting/correcting.py), who lets it leave (reports/steering.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.content.report import Notice, Table, TableRow
from reports.facts.to_date import Figures
from reports.wording.catalogues import message
from reports.wording.formats import Formatter

if TYPE_CHECKING:
    from reports.facts.report_facts import ReportFacts

MARK = message("Corrected report, revision {revision}")
TITLE = message("What was corrected")
REPLACES = message(
    "This is revision {revision}, a correction. It replaces revision {old} of this report, made on {day}: what came in "
    "or was taken back since then changed its numbers."
)
AS_REPORTED = message("Revision {old}")
AS_CORRECTED = message("Revision {revision}")
NOTE = message("Both columns are of this period. This report replaces the earlier one as a whole.")


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    old: str
    new: str


def mark(facts: ReportFacts, formatter: Formatter) -> str:
    """What stands before the subject and the title of a correction; nothing on any other report."""
    return formatter.say(MARK, revision=formatter.count(facts.revision)) if facts.restates else ""


def restated(facts: ReportFacts, formatter: Formatter) -> tuple[Notice, ...]:
    """The notice that a report replaces another one."""
    if facts.restates is None:
        return ()
    said = {"revision": formatter.count(facts.revision), "old": formatter.count(facts.restates.revision)}
    day = formatter.day(facts.restates.made_at.astimezone(formatter.zone).date())
    return (Notice("warning", formatter.say(REPLACES, **said, day=day)),)


def correction(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """Old and new side by side; None for a report that corrects nothing."""
    restates = facts.restates
    if restates is None:
        return None
    old, new = restates.old, restates.new
    lines = [
        _Line(formatter.say("Ads delivered"), formatter.count(old.delivered), formatter.count(new.delivered)),
        _Line(formatter.say("Conversions"), formatter.credit(old.conversions), formatter.credit(new.conversions)),
    ]
    if facts.currency is not None:
        lines += _money(old, new, facts.currency, formatter)
    return Table(
        title=formatter.say(TITLE),
        columns=(
            formatter.say("Number"),
            formatter.say(AS_REPORTED, old=formatter.count(restates.revision)),
            formatter.say(AS_CORRECTED, revision=formatter.count(facts.revision)),
        ),
        rows=tuple(TableRow(line.name, "", (line.old, line.new)) for line in lines),
        note=formatter.say(NOTE),
    )


def _money(old: Figures, new: Figures, currency: str, formatter: Formatter) -> list[_Line]:
    def money(minor: object) -> str:
        return formatter.money(minor, currency)  # type: ignore[arg-type]

    return [
        _Line(formatter.say("Attributed revenue"), money(old.revenue_minor), money(new.revenue_minor)),
        _Line(formatter.say("Spend"), money(old.spend_minor), money(new.spend_minor)),
    ]
