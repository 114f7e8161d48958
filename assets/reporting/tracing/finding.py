"""Finding: a frozen report by its id, with what is needed to find its rows again.

Here: the report whose id begins so, its content, and the parameters of the statements that give its rows.
Not here: what its numbers are made of (explaining.py), making a report (building.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import polars as pl
from babel.numbers import get_currency_precision

from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Subject, Topic, read_subjects
from assets.reporting.figures.to_date import first_day_of
from reports.wording.formats import Formatter
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """A frozen report, and what is needed to find its rows again: those of its period, and those since the start."""

    row: Row
    content: Mapping[str, Any]
    subject: Subject
    period: ReportPeriod
    parameters: Mapping[str, Any]
    to_date: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> UUID:
        return UUID(bytes=self.row["tenant_id"])

    @property
    def formatter(self) -> Formatter:
        return Formatter(self.content["locale"], self.row["timezone"])

    def records(self, section: str) -> list[Row]:
        """The report's raw numbers of one kind: total, model, campaign, placement."""
        records = self.content["records"]
        rows = [dict(zip(records["columns"], row, strict=True)) for row in records["rows"]]
        return [row for row in rows if row["section"] == section]


def find_report(warehouse: Warehouse, name: str) -> Report:
    """The frozen report whose id begins so; a report's reference (1A2B3C4D.v1) will do.

    Raises PermanentError where there is none, more than one, or none that was frozen.
    """
    row = find_row(warehouse, name)
    if row["state"] != "frozen":
        raise PermanentError(f"Report {UUID(bytes=row['report_id'])} is {row['state']}: {row['held_reason']}")
    return _read_report(warehouse, row)


def find_row(warehouse: Warehouse, name: str) -> Row:
    """The report whose id begins so, in any state, in the columns of find_reports.

    Raises PermanentError where there is none or more than one.
    """
    prefix = name.strip().lower().partition(".")[0].replace("-", "")
    is_id = bool(prefix) and all(letter in "0123456789abcdef" for letter in prefix)
    found = warehouse.read("find_reports", prefix=prefix if is_id else "-")
    if found.is_empty():
        raise PermanentError(f"There is no report {name!r}; `earshot reports list` shows those that there are")
    if found.height > 1:
        ids = ", ".join(str(UUID(bytes=each)) for each in found["report_id"])
        raise PermanentError(f"{found.height} reports begin with {name!r}: {ids}. Give more letters of the id")
    return found.row(0, named=True)


def _read_report(warehouse: Warehouse, row: Row) -> Report:
    tenant = UUID(bytes=row["tenant_id"])
    first, last = row["period_start"], row["period_end"]
    period = ReportPeriod(row["cadence"], first, last, first, last, row["timezone"])
    window = period.window
    days = {"first": window.start.date(), "last": (window.end - timedelta(microseconds=1)).date()}
    with warehouse.as_tenant(tenant) as read:
        (subject,) = read_subjects(read, tenant, [Topic.of(row)], period, row["as_of"])
        starts = read("read_campaigns", tenants=[tenant])
        currencies = read("read_currencies", tenants=[tenant], **days)["currency"].sort().to_list()
    own = subject.campaign_ids
    begun = starts.filter(pl.col("campaign_id").is_in([each.bytes for each in own]))["starts_at"].min()
    unusual = {code: digits for code in currencies if (digits := get_currency_precision(code)) != 2}
    parameters = {
        "start": window.start,
        "end": window.end,
        "since": min(begun, window.start) if begun is not None else window.start,
        "as_of": period.as_of(row["lateness_hours"], row["as_of"]),
        **days,
        "campaigns": own,
        "model": row["model"] or subject.model,
        "currency": subject.currency,
        "currencies": list(unusual),
        "digits": list(unusual.values()),
    }
    start = Window.of_local_days(first_day_of(subject, period), period.last, period.timezone).start
    to_date = {"start": start, "since": start, "first": start.date()}
    return Report(row, json.loads(row["content"]), subject, period, parameters, to_date)
