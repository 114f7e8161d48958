"""Folding: rows of a report that stand for too few households become one row, so that nobody can be singled out.

Here: which rows fold, and their sum. Not here: the rows themselves (gathering.py), text about them (reports/).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.facts.report_facts import PlacementRow
from reports.facts.to_date import Figures
from reports.wording.labels import OTHER_ROWS as OTHER_ROWS
from reports.wording.labels import OTHER_SHOW as OTHER_SHOW


@dataclass(frozen=True, slots=True)
class Counted:
    """A row with the number of households that its ads reached in the period."""

    row: PlacementRow
    households: int


def fold_small(rows: Iterable[Counted], fewest: int) -> tuple[tuple[PlacementRow, ...], int]:
    """The rows with those of fewer households than that folded into one per campaign, and how many were folded.

    A second row folds where one alone could be found by subtraction, and more until the folded ones reach enough
    households together. Rows that delivered nothing in the period stand for no household's listening and stay. A
    campaign with a single row is its own total, so folding it would hide nothing.
    """
    rows_left: list[PlacementRow] = []
    folded = 0
    campaigns: dict[str, list[Counted]] = {}
    for each in rows:
        campaigns.setdefault(each.row.campaign, []).append(each)
    for own in campaigns.values():
        small = _small(own, fewest)
        rows_left += [each.row for each in own if each not in small]
        if small:
            rows_left.append(_sum([each.row for each in small]))
            folded += len(small)
    return tuple(rows_left), folded


def _small(rows: Sequence[Counted], fewest: int) -> list[Counted]:
    delivered = sorted(
        (each for each in rows if each.row.delivered > 0),
        key=lambda each: (each.households, each.row.show, each.row.episode, each.row.placement),
    )
    count = sum(each.households < fewest for each in delivered)
    if not count or len(delivered) == 1:
        return []
    count = max(count, 2)
    while count < len(delivered) and sum(each.households for each in delivered[:count]) < fewest:
        count += 1
    return delivered[:count]


def _sum(rows: Sequence[PlacementRow]) -> PlacementRow:
    return PlacementRow(
        campaign=rows[0].campaign,
        show=OTHER_SHOW,
        episode=OTHER_ROWS,
        placement=OTHER_ROWS,
        position="",
        aired=None,
        booked=None,
        delivered=sum(row.delivered for row in rows),
        conversions=math.fsum(row.conversions for row in rows),
        revenue_minor=_sum_or_none([row.revenue_minor for row in rows]),
        spend_minor=_sum_or_none([row.spend_minor for row in rows]),
        currency=rows[0].currency,
        is_folded=True,
        by_model=_sum_by_model(rows),
        to_date=_sum_to_date(rows),
    )


def _sum_by_model(rows: Sequence[PlacementRow]) -> tuple[tuple[str, float], ...]:
    parts: dict[str, list[float]] = {}
    for row in rows:
        for model, conversions in row.by_model:
            parts.setdefault(model, []).append(conversions)
    return tuple((model, math.fsum(each)) for model, each in parts.items())


def _sum_to_date(rows: Sequence[PlacementRow]) -> Figures | None:
    figures = [row.to_date for row in rows if row.to_date is not None]
    return sum(figures[1:], figures[0]) if figures and len(figures) == len(rows) else None


def _sum_or_none(amounts: Sequence[int | None]) -> int | None:
    present = [amount for amount in amounts if amount is not None]
    return sum(present) if len(present) == len(amounts) else None
