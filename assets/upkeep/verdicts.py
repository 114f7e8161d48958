"""Verdicts: the results of the checks of days, judged again on request, and put into a sentence.

Here: judging by hand, reading what is kept, for whom there is no verdict, naming cases.
Not here: what a check looks at (checks.py), the orchestrator (assets.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date
from uuid import UUID

import polars as pl

from assets.computing import bind
from assets.run_scope import RunScope
from assets.runs import StepRun
from assets.steps import DAILY_ASSETS, VERDICT, VERDICTS
from assets.upkeep.checks import CASES_NAMED, Check, run_checks
from sql.failures import FailureLog, TenantFailure, bisect_failures
from sql.values import PermanentError, Scope, Window
from sql.warehouse import Warehouse

# What judge_by_hand and read_results return.
NO_RESULTS = pl.DataFrame(
    schema={
        "tenant_id": pl.Binary,
        "day": pl.Date,
        "check_name": pl.String,
        "passed": pl.Boolean,
        "detail": pl.String,
    }
)


def judge_by_hand(
    warehouse: Warehouse,
    run_id: UUID,
    log_error: Callable[[str], object],
    scope: Scope,
    begun: Mapping[date, Set[UUID]],
    checks: Sequence[Check],
) -> tuple[pl.DataFrame, list[date]]:
    """Judge days anew that were judged before, and keep that. Returns the verdict on the others, and the days kept.

    begun: the days, each with the tenants that have something of it.
    """
    days = sorted(begun)
    failures = FailureLog(warehouse, "computing", log_error, run_id, "not judged")
    tenants = warehouse.tenants(scope)
    span = Window.of_days(days[0], days[-1])
    lines = warehouse.ledger(VERDICT, span).select("tenant_id", "day")
    ids = {UUID(bytes=tenant) for tenant in tenants["tenant_id"]}
    run_scope = RunScope(warehouse, scope, VERDICTS.names, days)
    compute = bind(VERDICTS, warehouse.read)
    run = StepRun(
        run_id=run_id,
        warehouse=warehouse,
        tenants=tenants,
        is_partial=True,
        tables_of=VERDICTS.tables_of,
        compute=compute,
        failures=failures,
        watermarks_at=run_scope.record_watermarks(),
        barred=run_scope.barred,
    )
    loose = [NO_RESULTS]
    judged_days: list[date] = []
    for day in days:
        judged = {UUID(bytes=tenant) for tenant in lines.filter(day=day)["tenant_id"]} & ids
        for chunk in run_scope.chunks(day):
            outcome = run.replace_day(Window.of_day(day), [[tenant for tenant in chunk if tenant in judged]])
            judged_days += [day] if outcome.tenants and day not in judged_days else []
        others = sorted((begun[day] & ids) - judged)
        if others:
            found = run_checks(warehouse.read, Window.of_day(day), others, DAILY_ASSETS, checks)
            loose.append(found.select(NO_RESULTS.columns))
    return pl.concat(loose), judged_days


def read_results(
    warehouse: Warehouse, days: Sequence[date], tenants: pl.DataFrame
) -> tuple[pl.DataFrame, list[TenantFailure]]:
    """What is kept in check_results, and for whom it cannot be read."""
    slugs = {UUID(bytes=tenant): slug for tenant, slug in tenants.select("tenant_id", "slug").iter_rows()}
    unread: list[TenantFailure] = []

    def read(some: Sequence[UUID]) -> pl.DataFrame:
        found = warehouse.read("read_check_results", first_day=days[0], last_day=days[-1], tenants=list(some))
        return found.select(NO_RESULTS.columns)

    def fail(tenant: UUID, error: BaseException) -> None:
        unread.append(TenantFailure(tenant, slugs[tenant], "check", (VERDICT,), None, error))

    return pl.concat([NO_RESULTS, *bisect_failures(list(slugs), read, fail)]), unread


def read_unjudged(
    warehouse: Warehouse,
    run_id: UUID,
    days: Sequence[date],
    tenants: pl.DataFrame,
    unread: Sequence[TenantFailure],
) -> list[TenantFailure]:
    """The tenants and days of this run for which the checks could not be made at all."""
    slugs = {UUID(bytes=tenant): slug for tenant, slug in tenants.select("tenant_id", "slug").iter_rows()}
    readable = [tenant for tenant in slugs if tenant not in {failure.tenant_id for failure in unread}]
    stored = warehouse.read("read_tenant_failures", tenants=readable)
    mine = stored.filter(
        (pl.col("run_id") == run_id.bytes)
        & (pl.col("stage") == "computing")
        & (pl.col("subject") == VERDICT)
        & pl.col("day").is_in(list(days))
    )
    return [
        TenantFailure(UUID(bytes=tenant), slug, "computing", (VERDICT,), day, PermanentError(cause))
        for tenant, slug, day, cause in mine.select("tenant_id", "tenant", "day", "cause").iter_rows()
    ]


def name_cases(bad: pl.DataFrame, *, with_check: bool = False) -> str:
    """The first few, each with tenant, day and what was found. bad: slug, day, check_name, detail."""
    named = [
        f"{slug} {day} {f'{name} ' if with_check else ''}({detail.rstrip('.')})"
        for slug, day, name, detail in bad.head(CASES_NAMED).select("slug", "day", "check_name", "detail").iter_rows()
    ]
    more = f" and {bad.height - CASES_NAMED} more" if bad.height > CASES_NAMED else ""
    return ", ".join(named) + more
