"""Failed runs: those after which nothing has ended well for the same days and tenants.

Here: Dagster's own tables, without Dagster, and when a failure is made good.
Not here: work that failed for one tenant while the run went on (`earshot status`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg

from reports.delivery.alerts import Problem
from sql.connections.connecting import looking
from sql.connections.limits import Limits, libpq_url

# For so long after it a failure becomes an alert, and for so long it is looked at: then it is forgotten.
ALERT_WITHIN = timedelta(days=7)
LOOKED_BACK = timedelta(days=60)

_RUNS = """
WITH failed AS (
    SELECT pipeline_name, min(end_time) AS since
    FROM runs
    WHERE status = 'FAILURE' AND end_time >= %s
    GROUP BY pipeline_name
)
SELECT runs.pipeline_name, runs.run_id, runs.status, runs.end_time, coalesce(tags.tags, '{}')
FROM runs
INNER JOIN failed ON runs.pipeline_name = failed.pipeline_name AND runs.end_time >= failed.since
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(run_tags.key, run_tags.value) AS tags FROM run_tags WHERE run_tags.run_id = runs.run_id
) AS tags ON TRUE
WHERE runs.status IN ('SUCCESS', 'FAILURE')
ORDER BY runs.end_time
"""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that ended. days: that it was about, empty: it has none; tenants: slugs, empty: all."""

    run_id: str
    job: str
    succeeded: bool
    ended_at: datetime
    days: frozenset[date]
    tenants: frozenset[str]
    day_text: str
    will_retry: bool

    @property
    def subject(self) -> str:
        """The same for runs that are about the same."""
        about = (self.job, self.day_text, ", ".join(sorted(self.tenants)))
        return "; ".join(part for part in about if part)


def read_ended_runs(url: str, since: datetime, limits: Limits = Limits()) -> list[EndedRun]:  # noqa: B008
    """Runs that ended since then, in order, of jobs of which one failed; none without Dagster's tables.

    url: as in DAGSTER_POSTGRES_URL.
    """
    with looking(libpq_url(url), limits, "earshot problems", "Reading which runs failed") as connection:
        try:
            rows = connection.execute(_RUNS, [since.timestamp()]).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
    return [
        _ended_run(str(job), str(run_id), str(status), float(str(end)), tags if isinstance(tags, dict) else {})
        for job, run_id, status, end, tags in rows
    ]


def _ended_run(job: str, run_id: str, status: str, end: float, tags: Mapping[str, str]) -> EndedRun:
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition") or ""
    last = tags.get("dagster/asset_partition_range_end") or first
    text = tags.get("earshot/day") or (first if first == last else f"{first} to {last}")
    tenants = frozenset(each.strip() for each in tags.get("earshot/tenant", "").split(",") if each.strip())
    return EndedRun(
        run_id=run_id,
        job=job,
        succeeded=status == "SUCCESS",
        ended_at=datetime.fromtimestamp(end, UTC),
        days=_days(text),
        tenants=tenants,
        day_text=text,
        will_retry=tags.get("dagster/will_retry") == "true",
    )


def _days(text: str) -> frozenset[date]:
    """Of "2026-10-01" or "2026-10-01 to 2026-10-03"; empty for what names no days."""
    first, _, last = text.partition(" to ")
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return frozenset()
    return frozenset(begins + timedelta(days=number) for number in range((ends - begins).days + 1))


def open_runs(runs: Sequence[EndedRun]) -> Iterator[EndedRun]:
    """Of failed runs that are not tried again and that no later run has made good, the last of each subject. Pure.

    runs: in the order in which they ended. Made good: later runs of the job that ended well have all its days, of all
    its tenants; for a run without days, one of them.
    """
    last: dict[str, EndedRun] = {}
    for number, run in enumerate(runs):
        if run.succeeded or run.will_retry:
            continue
        later = [each for each in runs[number + 1 :] if each.succeeded and each.job == run.job and _has(each, run)]
        if not _made_good(run, later):
            last[run.subject] = run
    yield from last.values()


def _has(later: EndedRun, failed: EndedRun) -> bool:
    """Whether a run was for all tenants of another one."""
    return not later.tenants or (bool(failed.tenants) and failed.tenants <= later.tenants)


def _made_good(failed: EndedRun, later: Sequence[EndedRun]) -> bool:
    if not failed.days:
        return bool(later)
    covered: set[date] = set().union(*(each.days for each in later))
    return failed.days <= covered


def problems_of(runs: Iterable[EndedRun], now: datetime) -> Iterator[Problem]:
    """The problem that each of them is. Pure."""
    for run in runs:
        about = f" of {run.day_text}" if run.day_text else ""
        whose = f" for {', '.join(sorted(run.tenants))}" if run.tenants else ""
        again = (
            "`earshot backfill --from DAY --to DAY` computes the days again" if run.days else "start it again in the UI"
        )
        yield Problem(
            "failed_run",
            run.subject[:1000],
            f"A run failed: {run.job}{about}{whose}",
            f"Run {run.run_id[:8]} ended in a failure on {run.ended_at:%Y-%m-%d %H:%M} UTC, and none has ended well "
            f"since.\nIts page in the UI and `earshot status` say why; once that is mended, {again}.\n"
            "docs/runbook.md: A failed run",
            opens=now - run.ended_at <= ALERT_WITHIN,
        )
