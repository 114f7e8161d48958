"""Metrics of tenants: days, rows, failures, reports and mails.

Here: one function per group. One tenant's failure takes that tenant's values out of the group, and no others.
Not here: what the names mean (registry.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from assets.steps import DAILY_ASSETS
from pipelines.doctor.work import LOOKED_BACK, count_stale, last_due, read_coverage
from pipelines.metrics.samples import Sample, Scrape


def collect_coverage(scrape: Scrape) -> Iterator[Sample]:
    """Until when each tenant is computed, and which days are late."""
    last = last_due(scrape.now)

    def read(ids: Sequence[UUID]) -> list[Sample]:
        rows = read_coverage(scrape.warehouse(), ids, last)
        samples = [Sample("late_partitions", row["late_days"], (row["slug"],)) for row in rows]
        for row in rows:
            if row["computed_through"] is not None:
                end = datetime.combine(row["computed_through"] + timedelta(days=1), time(), UTC)
                tenant = (row["slug"],)
                samples.append(Sample("computed_until_timestamp_seconds", end.timestamp(), tenant))
                samples.append(Sample("lag_seconds", (scrape.now - end).total_seconds(), tenant))
        return samples

    yield from scrape.by_tenant(read)


def collect_stale(scrape: Scrape) -> Iterator[Sample]:
    """Tables of days that are stale, by the ledger."""
    last = last_due(scrape.now)

    def read(ids: Sequence[UUID]) -> list[Sample]:
        found = count_stale(scrape.warehouse(), {each: scrape.tenants[each] for each in ids}, last)
        reasons = ("older", "missing", "provisional")
        return [
            Sample("stale_lines", found[scrape.tenants[each], reason], (scrape.tenants[each], reason))
            for each in ids
            for reason in reasons
        ]

    yield from scrape.by_tenant(read)


def collect_failures(scrape: Scrape) -> Iterator[Sample]:
    """What waits for a person."""
    counts: Counter[tuple[str, ...]] = Counter()
    for row in scrape.warehouse().rows("read_open_failures"):
        counts[row["tenant"], row["stage"], row["kind"]] += max(row["days"], 1)
    for labels, count in counts.items():
        yield Sample("open_failures", count, labels)


def collect_rows(scrape: Scrape) -> Iterator[Sample]:
    """Raw rows that came in, and rows that were made of them."""
    last = last_due(scrape.now)

    def read(ids: Sequence[UUID]) -> list[Sample]:
        samples = []
        for row in scrape.warehouse().rows("read_newest_rows", first=last - LOOKED_BACK, tenants=list(ids)):
            labels = (scrape.tenants[row["tenant_id"]], row["source"])
            samples.append(Sample("raw_rows", row["rows"], labels))
            if row["received_at"] is not None:
                samples.append(Sample("received_timestamp_seconds", row["received_at"].timestamp(), labels))
        return samples

    yield from scrape.by_tenant(read)
    for row in scrape.warehouse().rows("read_ledger_totals", assets=list(DAILY_ASSETS), day=last):
        yield Sample("rollup_rows", row["rows"], (row["asset"],))


# The metric of each kind of count_mails_and_reports.
_COUNTED = {
    "reports": "reports",
    "deliveries": "deliveries",
    "alerts": "alerts",
    "attempts": "delivery_attempts_total",
    "imported": "imported_lines_total",
}


def collect_mails(scrape: Scrape) -> Iterator[Sample]:
    """Reports, mails and alerts by state, and for how long mails wait."""

    def read(ids: Sequence[UUID]) -> list[Sample]:
        warehouse = scrape.warehouse()
        samples = [
            Sample(_COUNTED[row["kind"]], row["number"], (scrape.tenants[row["tenant_id"]], row["state"]))
            for row in warehouse.rows("count_mails_and_reports", tenants=list(ids))
        ]
        since = {row["tenant_id"]: row["since"] for row in warehouse.rows("read_waiting_mails", tenants=list(ids))}
        for each in ids:
            age = (scrape.now - since.get(each, scrape.now)).total_seconds()
            samples.append(Sample("delivery_queue_age_seconds", max(age, 0.0), (scrape.tenants[each],)))
        return samples

    yield from scrape.by_tenant(read)


def collect_inclusions(scrape: Scrape) -> Iterator[Sample]:
    """Entries of inclusion lists that count no more."""
    from assets.methods.inclusions import lapsing_inclusions

    def read(ids: Sequence[UUID]) -> list[Sample]:
        listed = scrape.warehouse().read("read_ip_inclusions", tenants=list(ids))
        entries = lapsing_inclusions(listed, scrape.now.date())
        lapsed = Counter(
            UUID(bytes=tenant) for tenant, left in entries.select("tenant_id", "days_left").iter_rows() if left < 0
        )
        return [Sample("lapsed_inclusions", lapsed[each], (scrape.tenants[each],)) for each in ids]

    yield from scrape.by_tenant(read)
