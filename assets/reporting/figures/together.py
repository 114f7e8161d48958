"""Together: the results of many reports of one tenant and period, computed at once.

Here: what a report's facts are made of, for several reports in one go; which reports go together, and that each has
its own results also where that fails. Frames of one report are so small that nearly all of their time goes into
starting each step: a hundred reports at once take little longer than one.
Not here: how one report's rows are kept apart from another's (campaigns/results/apart.py), facts (gathering.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from uuid import UUID

import polars as pl

from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import PeriodResult, summarise
from assets.campaigns.period.to_date import read_histories
from assets.campaigns.results.apart import Apart, Member
from assets.campaigns.results.credited_conversions import ids_of
from assets.listening.identity.key_versions import NEVER_ROTATED
from assets.reporting.figures.beside import Beside, read_beside
from assets.reporting.figures.cumulative import Cumulative, accumulate, parted
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Subject
from assets.reporting.figures.to_date import LastReport, moments_of, read_last_reports, since_of
from sql.failures import is_isolatable
from sql.values import Reader, Window

# Frames grow with the reports in them: beyond so many, or so many ads, others go by themselves.
MOST_REPORTS, MOST_ADS = 64, 1_000_000

# Fewer are not divided among workers: computing a group takes as long as making some reports.
FEWEST_REPORTS = 4


@dataclass(frozen=True, slots=True)
class Results:
    """What the facts of one report are made of. previous None: there is no period before to compare with."""

    now: PeriodResult
    previous: PeriodResult | None
    so_far: Cumulative
    last: LastReport | None
    beside: Beside


@dataclass(frozen=True, slots=True)
class Measuring:
    """What the reports of a tenant are measured by. previous: the ledger has all of the period before."""

    read: Reader
    tenant: UUID
    period: ReportPeriod
    as_of: datetime
    previous: bool

    def results(self, subjects: Mapping[UUID, Subject]) -> dict[UUID, Results]:
        """The results of the reports on the subjects, by their subscriptions."""
        period, then = self.period, self.period.previous_window.end + (self.as_of - self.period.window.end)
        now = self._summarised(_campaigns(subjects), period.window, self.as_of)
        begun = _campaigns(subjects, period.previous_last) if self.previous else {}
        previous = self._summarised(begun, period.previous_window, then, then) if begun else {}
        last = read_last_reports(self.read, self.tenant, list(subjects), period.first)
        since = {key: since_of(subject, period, last.get(key)) for key, subject in subjects.items()}
        so_far = self._so_far(subjects, last, since)
        placements = {key: ids_of(each.shows, "placement_id") for key, each in now.items()}
        beside = read_beside(self.read, self.tenant, period, subjects, placements, since)
        return {
            each: Results(now[each], previous.get(each), so_far[each], last.get(each), beside[each])
            for each in subjects
        }

    def _summarised(
        self,
        campaigns: Mapping[UUID, Sequence[UUID]],
        window: Window,
        as_of: datetime,
        received_by: datetime | None = None,
    ) -> dict[UUID, PeriodResult]:
        apart = Apart([Member(key.bytes, own) for key, own in campaigns.items()])
        every = sorted({campaign for own in campaigns.values() for campaign in own})
        scope = (self.tenant, every, window, self.period.timezone, as_of)
        whole = summarise(read_period(self.read, *scope, received_by=received_by, apart=apart))
        frames = {each.name: getattr(whole, each.name) for each in fields(whole)}
        frames = {name: frame for name, frame in frames.items() if isinstance(frame, pl.DataFrame)}
        parts = {name: parted(frame) for name, frame in frames.items()}
        nothing = {name: frame.clear() for name, frame in frames.items()}
        return {
            key: replace(whole, **{name: own.get(key.bytes, nothing[name]) for name, own in parts.items()})
            for key in campaigns
        }

    def _so_far(
        self, subjects: Mapping[UUID, Subject], last: Mapping[UUID, LastReport], since: Mapping[UUID, datetime]
    ) -> dict[UUID, Cumulative]:
        found: dict[bytes, Cumulative] = {}
        moments = {key: moments_of(self.period, last.get(key)) for key in subjects}
        for model in sorted({subject.model for subject in subjects.values()}):
            own = {key: subject for key, subject in subjects.items() if subject.model == model}
            members = [Member(key.bytes, subject.campaign_ids, since[key]) for key, subject in own.items()]
            every = sorted({moment for key in own for moment in moments[key]})
            found |= accumulate(read_histories(self.read, self.tenant, members, every, self.as_of, model))
        return {UUID(bytes=key): each for key, each in found.items()}


def _campaigns(subjects: Mapping[UUID, Subject], begun_by: date = date.max) -> dict[UUID, list[UUID]]:
    """The campaigns of each subject that had begun by the day, of those that have any."""
    begun = {
        key: [UUID(bytes=each.campaign_id) for each in subject.campaigns if each.starts_on <= begun_by]
        for key, subject in subjects.items()
    }
    return {key: campaigns for key, campaigns in begun.items() if campaigns}


@dataclass(slots=True)
class Together:
    """The reports of a group, computed at once when one of them is needed. What fails is left to each of them.

    subjects: by their subscriptions; key_version: that the tenant's keys were of before; found: what is left of their
    results; None: not computed yet.
    """

    subjects: Mapping[UUID, Subject]
    key_version: int = NEVER_ROTATED
    found: dict[UUID, Results] | None = None

    def results(self, subscription: UUID, measuring: Callable[[], Measuring]) -> Results | None:
        """The results of one report, once; None where it has to be computed by itself."""
        if self.found is None:
            try:
                self.found = measuring().results(self.subjects)
            except BaseException as error:
                if not is_isolatable(error):
                    raise
                self.found = {}
        return self.found.pop(subscription, None)


def grouped(sizes: Mapping[UUID, int], workers: int = 1) -> Iterator[list[UUID]]:
    """Subscriptions in groups, in their order. sizes: the number of ads of each; workers: who shares the groups."""
    most = min(MOST_REPORTS, max(FEWEST_REPORTS, -(-len(sizes) // workers)))
    group: list[UUID] = []
    ads = 0
    for subscription, size in sizes.items():
        if group and (len(group) == most or ads + size > MOST_ADS):
            yield group
            group, ads = [], 0
        group.append(subscription)
        ads += size
    if group:
        yield group
