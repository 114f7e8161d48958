"""What an import did, in words: one fact a line.

Here: sentences for a person. Not here: the counts (assets/importing/storing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from assets.importing.storing import ImportSummary
from pipelines.first_day import first_day
from pipelines.settings import first_day_setting

# As many as a person reads, of many objects.
MOST_NOTICES = 20


def summary_lines(summary: ImportSummary, tenant: str, dry_run: bool, rejects_path: Path) -> list[str]:
    """What was read, stored and rejected, when its days are computed, and how it is taken back."""
    lines = [*count_lines(summary, tenant, dry_run, rejects_path), *summary.notices]
    if summary.first is not None and summary.last is not None and not dry_run:
        lines += computing_lines(summary.first.date(), summary.last.date(), tenant)
    if summary.number is not None:
        lines.append(f"this was import {summary.number}; earshot imports undo {summary.number} takes it back")
    return lines


def count_lines(summary: ImportSummary, tenant: str, dry_run: bool, rejects_path: Path) -> list[str]:
    """What was read, stored and rejected."""
    lines = [f"{summary.lines:,} lines read for {tenant}"]
    if dry_run:
        lines.append(f"{summary.events:,} requests would be stored, unless they are there already (dry run)")
    else:
        lines.append(f"{summary.stored:,} requests stored, {summary.events - summary.stored:,} already there")
    if summary.rejected:
        lines.append(f"{summary.rejected:,} lines rejected; see {rejects_path}")
    else:
        lines.append("no line rejected")
    if summary.unmapped:
        example = f", such as {summary.example}" if summary.example else ""
        lines.append(
            f"{summary.unmapped:,} requests for files that are not in the catalogue{example}; they count as "
            "unknown_asset until it has them"
        )
    if summary.without_address:
        lines.append(f"{summary.without_address:,} requests without an address; they cannot be counted")
    if summary.first is not None and summary.last is not None:
        lines.append(f"from {summary.first:%Y-%m-%d %H:%M:%S} to {summary.last:%Y-%m-%d %H:%M:%S} UTC")
    return lines


def object_line(name: str, summary: ImportSummary) -> str:
    """One of many objects."""
    present = summary.events - summary.stored
    number = f" (import {summary.number})" if summary.number is not None else ""
    return (
        f"{name}: {summary.lines:,} lines, {summary.stored:,} requests stored, {present:,} already there, "
        f"{summary.rejected:,} rejected{number}"
    )


def total_of(summaries: Sequence[ImportSummary]) -> ImportSummary:
    """Many objects as one; their numbers are their own."""
    total = ImportSummary()
    for each in summaries:
        for name in ("lines", "events", "stored", "rejected", "unmapped", "without_address"):
            setattr(total, name, getattr(total, name) + getattr(each, name))
        total.example = total.example or each.example
        total.first = min((moment for moment in (total.first, each.first) if moment), default=None)
        total.last = max((moment for moment in (total.last, each.last) if moment), default=None)
        total.problems += each.problems
        total.doubts += each.doubts
        total.notices = list(dict.fromkeys([*total.notices, *each.notices]))[:MOST_NOTICES]
    return total


def computing_lines(first: date, last: date, tenant: str, today: date | None = None) -> Iterator[str]:
    """When the days are computed, and by which command at once: one that is not refused."""
    begins, today = first_day(), today or datetime.now(UTC).date()
    if first < begins and first_day_setting() is not None:
        yield (
            f"days before {begins} are stored and not computed: EARSHOT_FIRST_DAY begins there. To have them computed, "
            f"set EARSHOT_FIRST_DAY={first} and start Dagster again"
        )
        first = begins
    if last >= today:
        yield f"{today} is computed once it is over (UTC)"
        last = today - timedelta(days=1)
    if first <= last:
        yield (
            "the days are computed by themselves within minutes while Dagster runs (earshot ui), or at once by: "
            f"earshot backfill --tenant {tenant} --from {first} --to {last}"
        )
