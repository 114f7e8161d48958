"""Correcting: when a report that has left no longer says what is known, and which revision takes its place.

Here: the rule, the state of a report's revisions, and what is to be made of them.
Not here: making the revision (building.py), when it is looked for (pipelines/schedules.py), who lets it leave
(reports/steering.py): a correction always waits for a person's approval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from assets.reporting.figures.periods import ReportPeriod
from reports.facts.to_date import Correction, Figures
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS
from sql.values import Reader

# A report is made anew of changes in these tables; the others follow from them, or are of no headline number.
TABLES = ("conversions", "conversion_adjustments", "attribution_credits", "ad_exposures", "placement_delivery")

# Later than this after a period's end nobody decides by its report any more; the campaign to date still has it.
LOOKED_AT_FOR = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Rule:
    """A tenant's thresholds: the share by which a headline number has to change, and how many conversions at least."""

    share: float
    conversions: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a report. figures: what it said of its period; None: it was not made, or they were not kept."""

    report_id: UUID
    number: int
    state: str
    made_at: datetime
    figures: Figures | None
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Revisions:
    """All revisions of a report on one period, oldest first; never empty."""

    all: Sequence[Revision]

    @property
    def newest(self) -> Revision:
        return self.all[-1]

    @property
    def sent(self) -> Revision | None:
        """The newest one that has left."""
        return next((each for each in reversed(self.all) if each.state == "frozen"), None)

    @property
    def to_look_at(self) -> bool:
        """Whether what it was made of has changed, or a correction was taken back to be made again."""
        newest = self.newest
        if newest.state == "held":
            return self.sent is not None
        return newest.state in ("frozen", "waiting") and newest.figures is not None and newest.is_changed

    @property
    def next_number(self) -> int:
        """A revision that has left stays; one that has not is made again."""
        return self.newest.number + 1 if self.newest.state == "frozen" else self.newest.number

    def corrected_by(self, now: Figures) -> Correction | None:
        """Old and new of the revision that has left; None where none has."""
        if self.sent is None or self.sent.figures is None:
            return None
        return Correction(self.sent.number, self.sent.made_at, self.sent.figures, now)


def read_revisions(read: Reader, tenant: UUID, period: ReportPeriod) -> dict[UUID, Revisions]:
    """The revisions of each subscription's report on the period."""
    span = {"cadence": period.cadence, "first": period.first, "last": period.last}
    rows = read("read_report_revisions", tenants=[tenant], **span, tables=list(TABLES))
    found: dict[UUID, list[Revision]] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(UUID(bytes=row["subscription_id"]), []).append(_revision(row))
    return {subscription: Revisions(each) for subscription, each in found.items()}


def _revision(row: Mapping[str, Any]) -> Revision:
    figures = None
    if row["delivered"] is not None:
        figures = Figures(row["delivered"], row["conversions"], row["sample"], row["revenue_minor"], row["spend_minor"])
    return Revision(
        UUID(bytes=row["report_id"]), row["revision"], row["state"], row["created_at"], figures, row["is_changed"]
    )


def why_correct(reported: Figures, now: Figures, rule: Rule) -> list[str]:
    """Which headline numbers of a period have changed beyond the rule, for an operator's table; empty: none.

    Conversions, by the share and the least number; revenue, by the share and by what so many conversions were worth on
    average; ads and spend, by the share; and whether there are enough conversions to show ratios, or to trust them.
    Returns and costs follow from these.
    """
    found = []
    moved = now.conversions - reported.conversions
    if _beyond(moved, reported.conversions, rule.share) and abs(moved) >= rule.conversions - 1e-9:
        found.append(f"conversions {reported.conversions:.10g} → {now.conversions:.10g}")
    old_money, new_money = reported.revenue_minor or 0, now.revenue_minor or 0
    counted = max(reported.conversions, now.conversions)
    worth = max(abs(old_money), abs(new_money)) / counted if counted > 0 else 0.0
    if _beyond(new_money - old_money, old_money, rule.share) and abs(new_money - old_money) >= worth * rule.conversions:
        found.append(f"revenue {old_money} → {new_money} minor units")
    if _beyond(now.delivered - reported.delivered, reported.delivered, rule.share):
        found.append(f"ads {reported.delivered} → {now.delivered}")
    both_priced = reported.spend_minor is not None and now.spend_minor is not None
    old_spend, new_spend = reported.spend_minor or 0, now.spend_minor or 0
    if both_priced and _beyond(new_spend - old_spend, old_spend, rule.share):
        found.append(f"spend {old_spend} → {new_spend} minor units")
    if badge_of(reported.sample) != badge_of(now.sample):
        found.append(f"badge {badge_of(reported.sample)} → {badge_of(now.sample)}")
    return found


def badge_of(sample: int) -> str:
    """What is said of numbers that rest on so many conversions."""
    if sample < FEWEST_FOR_RATIOS:
        return "too_few"
    return "low_confidence" if sample < FEWEST_FOR_CONFIDENCE else "ok"


def _beyond(moved: float, before: float, share: float) -> bool:
    """Whether it moved by at least the share; from nothing, any move is beyond."""
    return abs(moved) > 1e-9 and abs(moved) >= share * abs(before) - 1e-9
