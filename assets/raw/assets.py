"""Raw assets: the tables that others write, how many rows of which age lie in them, and how good these are.

Here: looking at the raw tables day by day. To materialize a day of them is to look; no row is written or changed.
Not here: writing raw rows (assets/importing), what is computed from them (the domain packages).
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    MetadataValue,
    Output,
    ResourceParam,
    multi_asset,
    multi_asset_check,
)

from assets.assets import WITHOUT_EVENTS, Description
from assets.markdown import table
from assets.partitions import daily, days_ago, days_of, days_of_tags, month_of_days, refuse_campaigns
from assets.raw.quality import QUALITIES, Quality, judge_quality
from assets.steps import OWNERS
from sql.failures import cause_of, is_isolatable
from sql.values import Reader, Scope, Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

# In the table of a check.
ROWS_SHOWN = 200

NO_ROWS: Description = {"rows": MetadataValue.int(0), "tenants": MetadataValue.int(0)}

SPECS = [
    AssetSpec(
        "listener_events",
        group_name="raw",
        owners=OWNERS["raw"],
        description="Raw requests and playback events, as the platform or the importer wrote them. To materialize a "
        "day counts its rows and how late they came; it writes none.",
        kinds={"timescale"},
    ),
    AssetSpec(
        "attribution_events",
        group_name="raw",
        owners=OWNERS["raw"],
        description="Raw pixels, server calls, codes, refunds, clicks and survey answers. To materialize a day counts "
        "its rows and how late they came; it writes none.",
        kinds={"timescale"},
    ),
]


@multi_asset(specs=SPECS, partitions_def=daily, backfill_policy=month_of_days, can_subset=True, name="raw_days")
def raw_days(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]
) -> Iterator[Output[None]]:
    """Rows, tenants and lag of each day, always of all tenants: a run for one of them draws no drop into the plots.

    A run that computes what is stale looks at the ledger alone.
    """
    refuse_campaigns(scope, sorted(key.to_user_string() for key in context.selected_asset_keys))
    if scope.stale_only:
        yield from (Output(None, key.to_user_string(), WITHOUT_EVENTS) for key in context.selected_asset_keys)
        return
    days = days_of(context)
    described = describe_raw_days(warehouse.read, Window(days[0].start, days[-1].end), context.log.error)
    if not described:
        yield from (Output(None, key.to_user_string(), WITHOUT_EVENTS) for key in context.selected_asset_keys)
        return
    for key in sorted(context.selected_asset_keys):
        name = key.to_user_string()
        for window in days:
            metadata = described[name, window.day]
            context.add_asset_metadata(metadata, asset_key=AssetKey(name), partition_key=window.day.isoformat())
        yield Output(None, output_name=name)


def describe_raw_days(
    read: Reader, span: Window, log_error: Callable[[str], object]
) -> dict[tuple[str, date], Description]:
    """By asset and day what the UI shows; empty where that cannot be read, which is logged."""
    try:
        found = read("read_raw_days", start=span.start, end=span.end)
        described = {(row["source_table"], row["day"]): describe_day(row) for row in found.iter_rows(named=True)}
    except BaseException as error:
        # To count is no condition of computing: what is computed names the tenant whose rows cannot be read.
        if not is_isolatable(error):
            raise
        days = list(span.days())
        log_error(f"The raw rows of {days[0]} to {days[-1]} could not be counted. {cause_of(error)}")
        return {}
    return {
        (spec.key.to_user_string(), day): described.get((spec.key.to_user_string(), day), NO_ROWS)
        for spec in SPECS
        for day in span.days()
    }


@multi_asset_check(
    name="show_raw_quality",
    specs=[AssetCheckSpec(each.name, asset=each.table, description=each.promise) for each in QUALITIES],
    can_subset=True,
)
def show_raw_quality(
    context: AssetCheckExecutionContext, warehouse: ResourceParam[Warehouse], scope: ResourceParam[Scope]
) -> Iterator[AssetCheckResult]:
    """Whether the raw rows of this run's days are complete, as many as usual and in time: warnings, which hold nothing.

    Without a day in the run's tags, of yesterday. A tenant that cannot be judged is named; the others are.
    """
    days = days_of_tags(context.run.tags) or [date.fromisoformat(days_ago(1))]
    tenants = warehouse.tenants(scope)
    selected = {key.name for key in context.selected_asset_check_keys}
    verdicts = judge_quality(warehouse.read, days, [UUID(bytes=tenant) for tenant in tenants["tenant_id"]])
    named = verdicts.join(tenants.select("tenant_id", "slug"), on="tenant_id", validate="m:1")
    for each in QUALITIES:
        if each.name in selected:
            yield _result_of(each, named.filter(check_name=each.name))


def _result_of(quality: Quality, verdicts: "pl.DataFrame") -> AssetCheckResult:
    """What the UI shows of one check: the tenants and days that did not pass first. verdicts: its own, with slug."""
    import polars as pl

    from assets.upkeep.verdicts import name_cases

    rows = verdicts.sort("passed", "day", "slug").select(
        "slug", "day", pl.when("passed").then(pl.lit("as promised")).otherwise(pl.lit("not so")), "detail"
    )
    bad = verdicts.filter(passed=False).sort("day", "slug")
    return AssetCheckResult(
        check_name=quality.name,
        asset_key=quality.table,
        passed=bad.is_empty(),
        severity=AssetCheckSeverity.WARN,
        description=quality.promise + ("" if bad.is_empty() else f" Not so: {name_cases(bad)}."),
        metadata={
            "tenants": verdicts["tenant_id"].n_unique(),
            "failed": bad.height,
            "table": MetadataValue.md(table(("tenant", "day", "verdict", "found"), rows.head(ROWS_SHOWN).iter_rows())),
        },
    )


def describe_day(row: dict[str, object]) -> Description:
    """What the UI shows and plots of a day with rows. row: of read_raw_days."""
    return {
        "rows": MetadataValue.int(int(str(row["rows"]))),
        "tenants": MetadataValue.int(int(str(row["tenants"]))),
        "newest_received_at": MetadataValue.text(f"{row['newest_received_at']:%Y-%m-%d %H:%M:%S} UTC"),
        "lag_hours": MetadataValue.float(round(float(str(row["lag_hours"])), 2)),
        "longest_lag_hours": MetadataValue.float(round(float(str(row["longest_lag_hours"])), 2)),
    }
