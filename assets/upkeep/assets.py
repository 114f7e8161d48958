"""Upkeep assets: whether each tenant's day holds what it promises.

Here: the verdict of the checks in the UI. Not here: the asset that keeps it (assets/steps.py), what a check looks at
(checks.py and its statements).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetMaterialization,
    Failure,
    MetadataValue,
    ResourceParam,
    multi_asset_check,
)

from assets.assets import Description
from assets.markdown import table
from assets.partitions import days_ago, days_of_tags, describe_failures, first_of_tags, refuse_campaigns
from assets.steps import DAILY_ASSETS, VERDICT
from assets.upkeep.checks import CASES_NAMED, CHECKS, Check
from sql.values import Reader, Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

    from sql.failures import TenantFailure

# In a table of the UI.
ROWS_SHOWN = 200

HELD = "Reports on these days that are not frozen yet are held until they pass."
NOT_STORED = (
    "This verdict is not kept, because nobody has judged the whole day yet: no report waits for it. Materialize "
    "tenant_checks of the day to keep one."
)
# The UI's button at a check names no day.
UNASKED = (
    "Judged was {day}, the last day that anybody judged, because the run names none. For another day materialize "
    "tenant_checks of it, or give the run the tag dagster/partition."
)


def describe_checks(read: Reader, day: date) -> Mapping[str, Description]:
    """How many checks of the day failed, over all tenants."""
    return {VERDICT: {"failed": MetadataValue.int(int(read("count_failed_checks", day=day).item()))}}


def _others(asset: str) -> list[str]:
    """What a check waits for in a run besides its own asset: some look at other tables of the day as well."""
    return [other for other in (*DAILY_ASSETS, VERDICT) if other != asset]


@multi_asset_check(
    name="show_tenant_checks",
    specs=[
        AssetCheckSpec(check.name, asset=check.asset, additional_deps=_others(check.asset), description=check.promise)
        for check in CHECKS
    ],
    can_subset=True,
)
def show_tenant_checks(
    context: AssetCheckExecutionContext, warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]
) -> Iterator[AssetCheckResult]:
    """The checks of this run's days in the UI; the run fails last, naming the tenants, when all good work is done.

    In a run that does not compute tenant_checks (a person asks for a check by hand), days that were judged before are
    judged again as a whole and the verdict is kept; on other days these checks alone are judged, and nothing is kept.
    """
    import polars as pl

    from assets.run_scope import read_begun
    from assets.upkeep.verdicts import NO_RESULTS, judge_by_hand, read_results, read_unjudged

    refuse_campaigns(scope, ["checks"])
    run_days = _days_of_run(context, warehouse)
    tenants = warehouse.tenants(scope)
    ids = {UUID(bytes=tenant) for tenant in tenants["tenant_id"]}
    # Days that nobody of the scope has begun are not judged; of them there is nothing to read.
    begun = {
        day: some for day, tenants_of_day in read_begun(warehouse, run_days).items() if (some := tenants_of_day & ids)
    }
    days = sorted(begun)
    selected = {key.name for key in context.selected_asset_check_keys}
    checks = [check for check in CHECKS if check.name in selected]
    by_hand = AssetKey(VERDICT) not in context.job_def.asset_layer.selected_asset_keys
    run_id = UUID(context.run.run_id)
    loose = NO_RESULTS
    if by_hand and days:
        loose, judged_days = judge_by_hand(warehouse, run_id, context.log.error, scope, begun, checks)
        for day in judged_days:
            # The verdict is written, so it is reported, although tenant_checks was not selected in the run.
            context.op_execution_context.log_event(AssetMaterialization(VERDICT, partition=day.isoformat()))
    found, unread = read_results(warehouse, days or run_days, tenants)
    results = (
        pl.concat([found.with_columns(is_stored=True), loose.with_columns(is_stored=False)])
        .filter(pl.col("check_name").is_in(list(selected)))
        .join(tenants.select("tenant_id", "slug"), on="tenant_id", validate="m:1")
        .sort("day", "slug", "check_name")
    )
    failed = results.filter(~pl.col("passed"))
    where = f"{run_days[0]}" if run_days[0] == run_days[-1] else f"{run_days[0]} to {run_days[-1]}"
    nothing = "" if days else f" Nobody has computed anything of {where}, so there is nothing to judge."
    unasked = f" {UNASKED.format(day=where)}" if by_hand and not first_of_tags(context.run.tags) else ""
    for check in checks:
        yield _result_of(check, results.filter(check_name=check.name), where, nothing + unasked)
    unjudged = [*unread, *read_unjudged(warehouse, run_id, days, tenants, unread)]
    conclude(failed, unjudged, by_hand=by_hand)


class Verdicts(NamedTuple):
    """What the checks of days say: for the UI, those that failed (slug, day, check_name, detail), and who has none."""

    results: "list[AssetCheckResult]"
    failed: "pl.DataFrame"
    unjudged: "list[TenantFailure]"


def describe_verdicts(warehouse: Warehouse, run_id: UUID, scope: Scope, days: Sequence[date]) -> Verdicts:
    """What a run that computed these days has judged of them."""
    import polars as pl

    from assets.upkeep.verdicts import NO_RESULTS, read_results, read_unjudged

    tenants = warehouse.tenants(scope)
    found, unread = read_results(warehouse, days, tenants) if days else (NO_RESULTS, [])
    results = (
        found.with_columns(is_stored=pl.lit(True))
        .join(tenants.select("tenant_id", "slug"), on="tenant_id", validate="m:1")
        .sort("day", "slug", "check_name")
    )
    where = (f"{days[0]}" if days[0] == days[-1] else f"{days[0]} to {days[-1]}") if days else "no day"
    shown = [_result_of(check, results.filter(check_name=check.name), where, "") for check in CHECKS]
    unjudged = [*unread, *(read_unjudged(warehouse, run_id, days, tenants, unread) if days else ())]
    return Verdicts(shown, results.filter(~pl.col("passed")), unjudged)


def conclude(failed: "pl.DataFrame", unjudged: "list[TenantFailure]", *, by_hand: bool) -> None:
    """Raises Failure, naming the tenants, where a check failed or could not be made: to be called last."""
    if failed.is_empty() and not unjudged:
        return
    raise Failure(
        _describe_failed(failed, unjudged, by_hand=by_hand),
        metadata={"failed": _table(failed), **({"not judged": describe_failures(unjudged)} if unjudged else {})},
        allow_retries=False,
    )


def _result_of(check: Check, results: "pl.DataFrame", where: str, remarks: str) -> AssetCheckResult:
    """What the UI shows of one check. results: its own, with slug and is_stored; where: the days, in words."""
    from assets.upkeep.verdicts import name_cases

    bad = results.filter(passed=False)
    verdict = check.promise if bad.is_empty() else f"{check.promise} Not so: {name_cases(bad)}."
    remark = "" if results["is_stored"].all() else f" {NOT_STORED}"
    return AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset,
        passed=bad.is_empty(),
        severity=AssetCheckSeverity.ERROR,
        description=verdict + remark + remarks,
        metadata={
            "days": where,
            "tenants": results["tenant_id"].n_unique(),
            "failed": bad.height,
            "table": _table(bad),
        },
    )


def _describe_failed(failed: "pl.DataFrame", unjudged: "list[TenantFailure]", *, by_hand: bool) -> str:
    """The sentences with which the run fails."""
    from assets.upkeep.verdicts import name_cases

    words = [f"{failed.height} check(s) failed: {name_cases(failed, with_check=True)}."] if failed.height else []
    words += [f"Not judged: {failure.where}: {failure.cause.rstrip('.')}." for failure in unjudged[:CASES_NAMED]]
    words += [] if by_hand else ["Everything else was written."]
    words += [HELD] if failed["is_stored"].any() or (unjudged and not by_hand) else []
    words += [] if failed["is_stored"].all() else [NOT_STORED]
    return " ".join(words)


def _days_of_run(context: AssetCheckExecutionContext, warehouse: Warehouse) -> list[date]:
    """The days that the run's tags name; without a partition the last day that anybody has judged, else yesterday."""
    if (named := days_of_tags(context.run.tags)) is not None:
        return named
    judged: list[date] = warehouse.read("read_last_day", asset=VERDICT)["day"].drop_nulls().to_list()
    return judged or [date.fromisoformat(days_ago(1))]


def _table(bad: "pl.DataFrame") -> MetadataValue:
    rows = bad.head(ROWS_SHOWN).select("slug", "day", "check_name", "detail").iter_rows()
    return MetadataValue.md(table(("tenant", "day", "check", "what was found"), rows))
