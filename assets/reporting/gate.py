"""The gate: may this report go out?

Here: the pure decision from the clock, the ledger and the checks, with the reasons as sentences when it is no.
Not here: reading those tables (reading.py), holding or freezing a report (building.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from assets.reporting.figures.periods import ReportPeriod
from reports.facts.report_facts import FailedCheck
from sql.values import DAY, Window

# A held report's reason is read in a table.
CAUSES_NAMED = 3

# The nightly run begins at 01:11 UTC and makes yesterday's day final, or leaves a failure, by then.
NIGHT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Decision:
    """Open: the report may be frozen and sent. Else the reasons, each with what heals it.

    ready_at: where nothing but time is missing, the moment from which the days can be final; nobody has to heal
    anything until then.
    """

    reasons: tuple[str, ...]
    ready_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return not self.reasons

    @property
    def text(self) -> str:
        return " ".join(self.reasons)


def decide(
    period: ReportPeriod,
    ledger: pl.DataFrame,
    checks: pl.DataFrame,
    assets: Sequence[str],
    lateness_hours: int,
    clock: datetime,
    failures: pl.DataFrame | None = None,
) -> Decision:
    """Open only if the period is final, every table has every UTC day of it as final, and every check passed.

    The last UTC day of a local period can be final a night after the period is: what lacks such days alone waits for
    them, and is not held.

    ledger: asset, day, status of one tenant. checks: day, check_name, passed, detail of the same tenant.
    failures: stage, subject, day, cause of the same tenant: why a table is missing, where computing it failed.
    """
    days = list(period.window.days())
    final_at = period.final_at(lateness_hours)
    ready_at = final_from(days[-1], lateness_hours)
    if clock < final_at:
        return _wait(ready_at, period.timezone)
    reasons = []
    unfinished: set[date] = set()
    needed = pl.DataFrame({"day": days}).join(pl.DataFrame({"asset": list(assets)}), how="cross")
    missing = needed.join(ledger, on=["asset", "day"], how="anti")
    causes = _causes(missing, failures)
    if not missing.is_empty():
        unfinished.update(missing["day"])
        reasons.append(_backfill("not computed yet", missing["day"].unique().sort().to_list()))
        reasons.extend(causes)
    open_days = ledger.filter(pl.col("day").is_in(days) & pl.col("asset").is_in(list(assets)), status="provisional")
    if not open_days.is_empty():
        unfinished.update(open_days["day"])
        reasons.append(_backfill("still provisional", open_days["day"].unique().sort().to_list()))
    judged = checks.filter(pl.col("day").is_in(days))
    unjudged = sorted(set(days) - set(judged["day"].to_list()) - set(missing["day"].to_list()))
    if unjudged:
        unfinished.update(unjudged)
        reasons.append(_backfill("not checked yet", unjudged))
    failed = judged.filter(~pl.col("passed")).sort("day", "check_name")
    if not failed.is_empty():
        day, name, detail = failed.select("day", "check_name", "detail").row(0)
        reasons.append(f"{failed.height} data check(s) failed, first {name} on {day}: {detail}.")
    is_early = bool(unfinished) and all(clock < final_from(day, lateness_hours) for day in unfinished)
    if is_early and failed.is_empty() and not causes:
        return _wait(ready_at, period.timezone)
    return Decision(tuple(reasons))


def final_from(day: date, lateness_hours: int) -> datetime:
    """From when on a UTC day can be final: after the night in which late rows are no longer waited for."""
    return Window.of_day(day).end + timedelta(hours=lateness_hours) + NIGHT


def _wait(ready_at: datetime, timezone: str) -> Decision:
    local = ready_at.astimezone(ZoneInfo(timezone))
    moment = f"{local:%A, %Y-%m-%d at %H:%M} ({timezone})"
    return Decision((f"It will be ready on {moment}, and goes out on the first morning after that.",), ready_at)


def is_final(
    period: ReportPeriod, ledger: pl.DataFrame, assets: Sequence[str], lateness_hours: int, clock: datetime
) -> bool:
    """Whether every table has every UTC day of the period as final, and late rows are no longer waited for."""
    days = list(period.window.days())
    lines = ledger.filter(pl.col("day").is_in(days) & pl.col("asset").is_in(list(assets)), status="final")
    return clock >= period.final_at(lateness_hours) and lines.height == len(days) * len(set(assets))


def failed_checks(period: ReportPeriod, checks: pl.DataFrame) -> tuple[FailedCheck, ...]:
    """The checks that a day of the period did not pass, by day and name."""
    failed = checks.filter(~pl.col("passed") & pl.col("day").is_in(list(period.window.days()))).sort(
        "day", "check_name"
    )
    return tuple(FailedCheck(*row) for row in failed.select("day", "check_name", "detail").iter_rows())


def _causes(missing: pl.DataFrame, failures: pl.DataFrame | None) -> list[str]:
    """Why the missing tables could not be computed, as far as that was tried: each cause once, with its first day."""
    if failures is None or failures.is_empty():
        return []
    tried = missing.join(failures.filter(stage="computing"), left_on=["asset", "day"], right_on=["subject", "day"])
    causes = tried.group_by("cause").agg(pl.col("day").min(), pl.col("asset").unique().sort()).sort("day", "cause")
    texts = [
        f"Why on {day}: {cause.rstrip('.')} ({', '.join(tables)})."
        for cause, day, tables in causes.head(CAUSES_NAMED).iter_rows()
    ]
    return texts + ([f"And {causes.height - CAUSES_NAMED} other cause(s)."] if causes.height > CAUSES_NAMED else [])


def _backfill(what: str, days: list[date]) -> str:
    return f"{_spans(days)}: {what}; `earshot backfill --from {days[0]} --to {days[-1]}` heals it."


def _spans(days: list[date]) -> str:
    """Days as text, runs of days folded: 2026-10-01 to 2026-10-03 and 2026-10-07."""
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == DAY:
            spans[-1].append(day)
        else:
            spans.append([day])
    texts = [f"{span[0]} to {span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans[:3]]
    return " and ".join(texts) + (" and others" if len(spans) > 3 else "")
