"""Upkeep assets: whether each tenant's day holds what it promises.

Here: the checks per tenant and day, and their verdict in the UI.
Not here: what a check looks at (checks.py and its statements).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    Failure,
    MetadataValue,
    ResourceParam,
    multi_asset,
    multi_asset_check,
)

from assets.markdown import table
from assets.partitions import Description, daily, look_back, month_before, month_of_days, walk_days
from assets.resources import Progress
from assets.upkeep.checks import CHECKS, Check, run_checks
from sql.values import Reader, Scope, Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

    from assets.walking import Tables

# In the order in which a day is computed.
DAILY_ASSETS = (
    "request_dispositions",
    "downloads",
    "listener_metrics",
    "listener_dimension_metrics",
    "ad_exposures",
    "audience_periods",
    "audience_overlaps",
    "episode_age_downloads",
    "retention_curves",
    "conversions",
    "attribution_credits",
    "placement_delivery",
    "campaign_reach",
    "campaign_roi",
    "model_totals",
    "lift_results",
    "campaign_benchmarks",
)

# Those that later days look back at: ads of 60 days, first listens, ages, and what campaigns add up since their start.
LOOK_BACK_ASSETS = (
    "request_dispositions",
    "downloads",
    "listener_metrics",
    "listener_dimension_metrics",
    "ad_exposures",
    "conversions",
    "attribution_credits",
    "placement_delivery",
)

# By how many days a backfill has extended itself when it comes to these; the checks follow what it extends to.
AFTER_60_DAYS = {
    "conversions",
    "attribution_credits",
    "campaign_reach",
    "campaign_roi",
    "model_totals",
    "lift_results",
    "campaign_benchmarks",
}
AFTER_30_DAYS = {"audience_periods", "audience_overlaps", "episode_age_downloads"}


def _judged(asset: str) -> AssetDep:
    if asset in AFTER_60_DAYS:
        return AssetDep(asset)
    return AssetDep(asset, partition_mapping=month_before if asset in AFTER_30_DAYS else look_back)


TENANT_CHECKS = AssetSpec(
    "tenant_checks",
    group_name="upkeep",
    deps=[_judged(asset) for asset in DAILY_ASSETS],
    description="Each promise of a day, looked at per tenant and kept where the gate of the reports reads it.",
    kinds={"postgres"},
)


@multi_asset(specs=[TENANT_CHECKS], partitions_def=daily, backfill_policy=month_of_days)
def tenant_checks(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    def compute(window: Window, tenants: Sequence[UUID]) -> "Tables":
        return {"check_results": run_checks(warehouse.read, window, tenants, DAILY_ASSETS)}

    tables = {"tenant_checks": ["check_results"]}
    yield from walk_days(context, warehouse, scope, tables, compute, describe_checks, committed=progress.committed)


def describe_checks(read: Reader, day: date) -> Mapping[str, Description]:
    """How many checks of the day failed, over all tenants."""
    return {"tenant_checks": {"failed": MetadataValue.int(int(read("count_failed_checks", day=day).item()))}}


def _others(asset: str) -> list[str]:
    """What a check waits for in a run besides its own asset: some look at other tables of the day as well."""
    return [other for other in (*DAILY_ASSETS, "tenant_checks") if other != asset]


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
    """The checks of this run's days in the UI; the run fails last, naming the tenants, when all good work is done."""
    import polars as pl

    from assets.walking import begun_days

    asked = _days_of_run(context)
    begun = begun_days(warehouse, asked)
    days = [day for day in asked if day in begun]
    tenants = warehouse.tenants(scope)
    selected = {key.name for key in context.selected_asset_check_keys}
    checks = [check for check in CHECKS if check.name in selected]
    was_judged = AssetKey("tenant_checks") in context.job_def.asset_layer.selected_asset_keys
    ids = [UUID(bytes=tenant) for tenant in tenants["tenant_id"]]
    # Days that nobody has begun are not judged, so there is nothing to read of them.
    is_read = was_judged or not days
    found = _read_results(warehouse, days or asked, ids) if is_read else _judge_now(warehouse, days, ids, checks)
    results = found.filter(pl.col("check_name").is_in(list(selected))).join(
        tenants.select("tenant_id", "slug"), on="tenant_id", validate="m:1"
    )
    for check in checks:
        mine = results.filter(check_name=check.name)
        bad = mine.filter(~pl.col("passed")).sort("day", "slug")
        yield AssetCheckResult(
            check_name=check.name,
            asset_key=check.asset,
            passed=bad.is_empty(),
            severity=AssetCheckSeverity.ERROR,
            description=check.promise if bad.is_empty() else _naming(bad),
            metadata={"days": len(days), "tenants": tenants.height, "failed": bad.height, "table": _table(bad)},
        )
    failed = results.filter(~pl.col("passed")).sort("day", "slug", "check_name")
    if not failed.is_empty():
        raise Failure(
            f"{failed.height} check(s) failed: {_naming(failed)}. Everything else was written; "
            "reports of these tenants are held until their days pass.",
            metadata={"failed": _table(failed)},
            allow_retries=False,
        )


def _read_results(warehouse: Warehouse, days: Sequence[date], tenants: Sequence[UUID]) -> "pl.DataFrame":
    """What tenant_checks wrote in this run."""
    return warehouse.read("read_check_results", first_day=days[0], last_day=days[-1], tenants=list(tenants))


def _judge_now(
    warehouse: Warehouse, days: Sequence[date], tenants: Sequence[UUID], checks: Sequence[Check]
) -> "pl.DataFrame":
    """A run of some tables only: their checks are looked at here; the gate hears of them from the next full run."""
    import polars as pl

    windows = [Window.of_day(day) for day in days]
    judged = [run_checks(warehouse.read, window, tenants, DAILY_ASSETS, checks) for window in windows]
    return pl.concat(judged)


def _days_of_run(context: AssetCheckExecutionContext) -> list[date]:
    """The days that the run's tags name; yesterday's for a check that was started without a partition."""
    tags = context.run.tags
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or first
    keys = daily.get_partition_keys()
    chosen = [key for key in keys if first <= key <= last] if first and last else keys[-1:]
    return [daily.time_window_for_partition_key(key).start.date() for key in chosen]


def _naming(bad: "pl.DataFrame") -> str:
    named = [f"{slug} {day} {name}" for slug, day, name in bad.select("slug", "day", "check_name").iter_rows()]
    return ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")


def _table(bad: "pl.DataFrame") -> MetadataValue:
    rows = bad.select("slug", "day", "check_name", "detail").iter_rows()
    return MetadataValue.md(table(("tenant", "day", "check", "what was found"), rows))
