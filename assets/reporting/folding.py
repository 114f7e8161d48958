"""Folding: rows of a report that tell of too few households become one row, so that nobody in them can be told apart.

Here: which rows fold, and their sum. Not here: the rows themselves (gathering.py), words about them (reports/).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.content.facts import PlacementRow

OTHER_SHOW, OTHER_ROWS = "Other", "Other (few households)"


@dataclass(frozen=True, slots=True)
class Counted:
    """A row and how many households its ads reached in the period."""

    row: PlacementRow
    households: int


def fold_small(rows: Iterable[Counted], fewest: int) -> tuple[tuple[PlacementRow, ...], int]:
    """The rows with those of fewer households than that folded into one per campaign, and how many were folded.

    A second row folds where one alone could be told by subtraction, and more until the folded ones reach enough
    households together. Rows that delivered nothing in the period tell of no household's listening and stay. A campaign
    with a single row is its own total, so folding it would hide nothing.
    """
    told: list[PlacementRow] = []
    folded = 0
    campaigns: dict[str, list[Counted]] = {}
    for each in rows:
        campaigns.setdefault(each.row.campaign, []).append(each)
    for own in campaigns.values():
        small = _small(own, fewest)
        told += [each.row for each in own if each not in small]
        if small:
            told.append(_sum([each.row for each in small]))
            folded += len(small)
    return tuple(told), folded


def _small(rows: Sequence[Counted], fewest: int) -> list[Counted]:
    heard = sorted(
        (each for each in rows if each.row.delivered > 0),
        key=lambda each: (each.households, each.row.show, each.row.episode, each.row.placement),
    )
    count = sum(each.households < fewest for each in heard)
    if not count or len(heard) == 1:
        return []
    count = max(count, 2)
    while count < len(heard) and sum(each.households for each in heard[:count]) < fewest:
        count += 1
    return heard[:count]


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
        revenue_minor=_if_all_known([row.revenue_minor for row in rows]),
        spend_minor=_if_all_known([row.spend_minor for row in rows]),
        currency=rows[0].currency,
        is_folded=True,
    )


def _if_all_known(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
