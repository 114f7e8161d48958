"""Stages: which steps of a range of days can be computed for its days in any order, and so at the same time.

Here: the order of the steps as stages, derived from what each step reads, and the cutting of a stage into parts.
Not here: the steps and their spans (assets/steps.py), running a part (computing.py), processes (beside.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from assets.spans import DAY, Span
from assets.steps import STEPS, DayStep
from sql.values import DAY as ONE_DAY

Days = tuple[date, date]

# Each part is a run of its own, which takes about as long to start as a few days to compute.
SHORTEST_DAYS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """Steps, in their order, and the days that they are computed for, first and last included."""

    steps: tuple[DayStep, ...]
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def tables(self) -> int:
        """How many assets there are to compute, each day of each counted."""
        return self.days * sum(len(step.names) for step in self.steps)

    def cut(self, parts: int) -> list[Part]:
        """The same days in at most so many parts of about equal length, the earliest first; none is very short."""
        parts = max(min(parts, self.days // SHORTEST_DAYS), 1)
        bounds = [self.first + timedelta(days=self.days * number // parts) for number in range(parts + 1)]
        return [Part(self.steps, first, after - ONE_DAY) for first, after in pairwise(bounds)]


def stages_of(days_of: Mapping[str, Days]) -> list[list[Part]]:
    """The parts of each stage: everything that a part reads was computed in an earlier stage, or is in the part itself.

    days_of: the first and last day of each step that is to be computed, by the step's name.

    A step that reads other days of an asset is in a later stage than that asset. One that reads the same day alone is
    computed with it if both have the same days. A step that reads earlier days of its own is a part by itself
    (is_chained), since its days have an order.
    """
    level_of: dict[str, int] = {}
    stages: list[dict[tuple[Days, str], list[DayStep]]] = []
    for step in STEPS:
        if step.name not in days_of:
            continue
        sources = {source: span for source, span in step.sources.items() if source in level_of}
        waits = [level_of[source] + _is_later(step, source, span, days_of) for source, span in sources.items()]
        level = max(waits, default=0)
        level_of |= dict.fromkeys(step.names, level)
        stages += [{} for _ in range(level + 1 - len(stages))]
        group = (days_of[step.name], step.name if is_chained(step) else "")
        stages[level].setdefault(group, []).append(step)
    return [[Part(tuple(steps), *days) for (days, _), steps in stage.items()] for stage in stages]


def _is_later(step: DayStep, source: str, span: Span, days_of: Mapping[str, Days]) -> bool:
    """Whether a step has to wait for all days of a source, because they are not computed in one part with it."""
    maker = next(each for each in STEPS if source in each.names)
    return span != DAY or is_chained(maker) or is_chained(step) or days_of[maker.name] != days_of[step.name]


def is_chained(step: DayStep) -> bool:
    """Whether a day of the step is made of earlier days of the same step."""
    return any(source in step.names for source, span in step.sources.items() if span != DAY)


def share_out(stage: Sequence[Part], processes: int) -> list[list[Part]]:
    """The parts of a stage for so many processes, with about the same to compute for each; the largest share first.

    Parts whose days have an order stay whole; the days of the others are divided, more finely beside a whole one.
    """
    whole = [part for part in stage if any(map(is_chained, part.steps))]
    pieces = processes * (2 if whole else 1)
    parts = whole + [piece for part in stage if part not in whole for piece in part.cut(pieces)]
    shares: list[list[Part]] = [[] for _ in range(processes)]
    for part in sorted(parts, key=lambda part: -part.tables):
        min(shares, key=lambda share: sum(each.tables for each in share)).append(part)
    shares = [sorted(share, key=lambda part: part.first) for share in shares if share]
    return sorted(shares, key=lambda share: -sum(part.tables for part in share))
