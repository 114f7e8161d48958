"""Folding: rows of a report that stand for too few households become one row, so that nobody can be singled out.

Here: which rows fold, their sum, and which shows are named with all that they did.
Not here: the rows themselves (gathering.py), text about them (reports/).
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

    A second row folds where one alone could be found by subtraction, of the same show where it has one, and more until
    the folded ones reach enough households together. Rows that delivered nothing in the period stand for no household's
    listening and stay. A campaign with a single row is its own total, so folding it would hide nothing.
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
    left = sorted(
        (each for each in rows if each.row.delivered > 0),
        key=lambda each: (each.households, each.row.show, each.row.episode, each.row.placement),
    )
    found: list[Counted] = []
    if len(left) == 1:
        return found
    for show in sorted({each.row.show for each in left if each.households < fewest}):
        own = [each for each in left if each.row.show == show]
        count = sum(each.households < fewest for each in own)
        while count < len(own) and not _is_enough(own[:count], fewest):
            count += 1
        found += own[:count]
    left = [each for each in left if each not in found]
    while found and left and not _is_enough(found, fewest):
        found.append(left.pop(0))
    return found


def _is_enough(rows: Sequence[Counted], fewest: int) -> bool:
    """Whether nobody can be singled out in the sum of these rows."""
    return len(rows) > 1 and sum(each.households for each in rows) >= fewest


def shows_apart(rows: Sequence[Counted], fewest: int) -> set[tuple[str, str]]:
    """The shows, with their currencies, that a report names with all they did: what of it was folded can be subtracted.

    Without those whose folded rows are too few, or all of it; and without more where these could be subtracted.
    """
    campaigns: dict[str, list[Counted]] = {}
    for each in rows:
        campaigns.setdefault(each.row.campaign, []).append(each)
    shows: dict[tuple[str, str], tuple[list[Counted], list[Counted]]] = {}
    for own in campaigns.values():
        small = _small(own, fewest)
        for each in own:
            folded, others = shows.setdefault((each.row.currency, each.row.show), ([], []))
            (folded if each in small else others).append(each)
    apart = {show for show, (folded, others) in shows.items() if others and (not folded or _is_enough(folded, fewest))}
    for currency in {currency for currency, _ in shows}:
        own_shows = [show for show in shows if show[0] == currency]
        candidates = sorted(
            (show for show in own_shows if show in apart),
            key=lambda show: (sum(each.households for part in shows[show] for each in part), show),
        )
        hidden = [each for show in own_shows if show not in apart for each in shows[show][0]]
        while hidden and candidates and not _is_enough(hidden, fewest):
            show = candidates.pop(0)
            apart.discard(show)
            hidden += shows[show][0] or shows[show][1]
    return apart


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
