"""Beside: what is read of reports besides their numbers: names, codes, logos, last ads, and results of once a week.

Here: reading it for several reports at once, and which rows are whose.
Not here: how it becomes facts (agreed.py, gathering.py, weekly_results.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.campaigns.results.apart import TENANT, Apart, Member
from assets.frames import UTC_TIME
from assets.reporting.figures.cumulative import parted
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Subject
from assets.reporting.figures.to_date import begin_of
from sql.values import Reader


@dataclass(frozen=True, slots=True)
class Beside:
    """Of one report. names: of read_report_names, others' included; codes: of read_code_uses; logos: by their owners;
    last_ads: of read_last_ads, each conversion once; lift, data_driven, medians: of read_lift_result,
    read_data_driven_results, read_campaign_benchmarks."""

    names: pl.DataFrame
    codes: pl.DataFrame
    logos: Mapping[bytes, bytes]
    last_ads: pl.DataFrame
    lift: pl.DataFrame
    data_driven: pl.DataFrame
    medians: pl.DataFrame


def read_beside(
    read: Reader,
    tenant: UUID,
    period: ReportPeriod,
    subjects: Mapping[UUID, Subject],
    placements: Mapping[UUID, Sequence[UUID]],
    since: Mapping[UUID, datetime],
) -> dict[UUID, Beside]:
    """What stands beside the results of each report. placements, since: of each report (to_date.since_of)."""
    tenants = [tenant]
    owners = [tenant, *sorted({UUID(bytes=subject.sponsor_id) for subject in subjects.values()})]
    logos = dict(read("read_logos", tenants=tenants, owners=owners).iter_rows())
    every = sorted({placement for own in placements.values() for placement in own})
    names = read("read_report_names", tenants=tenants, placements=every)
    codes = _codes(read, tenant, period, subjects, placements)
    last_ads = _last_ads(read, tenant, period, subjects, since)
    campaigns = sorted({campaign for subject in subjects.values() for campaign in subject.campaign_ids})
    weekly = {"first": period.first, "last": period.last, "tenants": tenants, "campaigns": campaigns}
    statements = ("read_lift_result", "read_data_driven_results", "read_campaign_benchmarks")
    results = [_ByCampaign(read(statement, **weekly)) for statement in statements]
    return {
        key: Beside(names, codes[key], logos, last_ads[key], *(each.of(subject.campaign_ids) for each in results))
        for key, subject in subjects.items()
    }


def _codes(
    read: Reader,
    tenant: UUID,
    period: ReportPeriod,
    subjects: Mapping[UUID, Subject],
    placements: Mapping[UUID, Sequence[UUID]],
) -> dict[UUID, pl.DataFrame]:
    """The codes of each report's placements, with their uses since its campaigns began and in the period."""
    begins = {key: begin_of(subject, period) for key, subject in subjects.items()}
    rows = [(key.bytes, each.bytes, begins[key]) for key, own in placements.items() for each in own]
    requested = pl.DataFrame(
        rows, schema=[(TENANT, pl.Binary()), ("placement_id", pl.Binary()), ("since", UTC_TIME)], orient="row"
    )
    pairs = sorted({(UUID(bytes=placement), since) for _, placement, since in rows})
    found = read(
        "read_code_uses",
        tenants=[tenant],
        placements=[placement for placement, _ in pairs],
        since=[since for _, since in pairs],
        start=period.window.start,
        end=period.window.end,
    )
    own = parted(found.join(requested, on=["placement_id", "since"], maintain_order="left"))
    return {key: own.get(key.bytes, found.clear()) for key in subjects}


def _last_ads(
    read: Reader, tenant: UUID, period: ReportPeriod, subjects: Mapping[UUID, Subject], since: Mapping[UUID, datetime]
) -> dict[UUID, pl.DataFrame]:
    """Each conversion of a report, since the report's moment, with the last ad of any of the report's campaigns."""
    apart = Apart([Member(key.bytes, subject.campaign_ids, since[key]) for key, subject in subjects.items()])
    begin, end = min(since.values()), period.window.end
    span = {"since": begin, "before": end, "first": begin.date(), "last": end.date()}
    campaigns = sorted({campaign for subject in subjects.values() for campaign in subject.campaign_ids})
    rows = apart.by_campaign(read("read_last_ads", **span, tenants=[tenant], campaigns=campaigns))
    conversion = [TENANT, "conversion_id"]
    last = (
        rows.join(apart.since, on=TENANT, validate="m:1")
        .filter(pl.col("converted_at") >= pl.col("since"))
        .sort(*conversion, "touched_at", "touch_no", descending=[False, False, True, True])
        .unique(conversion, keep="first", maintain_order=True)
    )
    own = parted(last)
    return {key: own.get(key.bytes, last.clear()) for key in subjects}


class _ByCampaign:
    """Rows of campaigns, to be taken campaign by campaign in the order of their ids."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._nothing = rows.clear()
        parts = rows.partition_by("campaign_id", as_dict=True, maintain_order=True)
        self._parts = {UUID(bytes=campaign): part for (campaign,), part in parts.items()}

    def of(self, campaigns: Sequence[UUID]) -> pl.DataFrame:
        """The rows of these campaigns."""
        found = [self._parts[each] for each in sorted(campaigns) if each in self._parts]
        return pl.concat(found) if len(found) > 1 else next(iter(found), self._nothing)
