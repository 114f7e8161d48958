"""Grouping: the episodes of a placement under the placement, with what they sum to.

Here: which rows belong together, their order and their sum.
Not here: how a row is printed (tables.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reports.facts.report_facts import PlacementRow
from reports.facts.to_date import Figures


@dataclass(frozen=True, slots=True)
class Group:
    """A placement: its sum and its episodes, in the order in which they came. One that stands alone is its own sum."""

    whole: PlacementRow
    episodes: tuple[PlacementRow, ...]

    @property
    def is_single(self) -> bool:
        return len(self.episodes) == 1


def grouped(rows: Sequence[PlacementRow]) -> list[Group]:
    """The rows by placement, by conversions, then ads, then as they came; what is folded stays alone and last."""
    found: dict[tuple[object, ...], list[PlacementRow]] = {}
    for number, row in enumerate(rows):
        own = number if row.is_folded else None
        found.setdefault((row.campaign, row.show, row.placement, row.position, row.currency, own), []).append(row)
    groups = [Group(_sum(each), tuple(each)) for each in found.values()]
    return sorted(groups, key=lambda group: (group.whole.is_folded, -group.whole.conversions, -group.whole.delivered))


def together(figures: Iterable[Figures]) -> Figures:
    """The sum of figures of different ads. A conversion that followed several of them is in the sample of each, so the
    sample is the fewest that there can be: those of the largest part, and one for each whole of the credit."""
    parts = list(figures)
    whole = sum(parts, Figures())
    fewest = max([math.ceil(whole.conversions - 1e-6), *(part.sample for part in parts)], default=0)
    return replace(whole, sample=min(whole.sample, fewest))


def _sum(rows: list[PlacementRow]) -> PlacementRow:
    """The placement as a row: what is not known of one of its episodes is not known of it."""
    if len(rows) == 1:
        return rows[0]
    figures = [row.to_date for row in rows if row.to_date is not None]
    return replace(
        rows[0],
        episode="",
        aired=None,
        episode_url=None,
        booked=_added([row.booked for row in rows]),
        delivered=sum(row.delivered for row in rows),
        conversions=math.fsum(row.conversions for row in rows),
        revenue_minor=_added([row.revenue_minor for row in rows]),
        spend_minor=_added([row.spend_minor for row in rows]),
        by_model=(),
        to_date=together(figures) if len(figures) == len(rows) else None,
    )


def _added(amounts: list[int | None]) -> int | None:
    present = [amount for amount in amounts if amount is not None]
    return sum(present) if len(present) == len(amounts) else None
