"""Attribution assets: conversions, the paths behind them, and each model's credit.

Here: the wiring of a day of conversions.
Not here: matching, models and their formulas (the modules beside this one).
"""

from collections.abc import Iterator
from functools import partial

from dagster import AssetDep, AssetExecutionContext, AssetSpec, ResourceParam, multi_asset

from assets.partitions import daily, look_back, month_of_days, walk_days
from assets.resources import Measurement, Progress
from sql.values import Scope
from sql.warehouse import Warehouse

TABLES = {
    "conversions": ["conversions", "conversion_adjustments"],
    "attribution_credits": ["attribution_credits", "attribution_touches"],
}

# Both are computed in one step: a backfill takes both through the same days.
ADS_BEFORE = AssetDep("ad_exposures", partition_mapping=look_back)

SPECS = [
    AssetSpec(
        "conversions",
        group_name="attribution",
        deps=[AssetDep("attribution_events", partition_mapping=look_back), ADS_BEFORE],
        description="One row per order (or event without one) on the day of its earliest signal, with its refunds.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "attribution_credits",
        group_name="attribution",
        deps=["conversions", ADS_BEFORE],
        description="Each model's credit for each conversion by placement and episode; fractions that sum to 1.",
        kinds={"polars", "postgres"},
    ),
]


@multi_asset(specs=SPECS, partitions_def=daily, backfill_policy=month_of_days, can_subset=True, name="attribution_day")
def attribution_day(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.attribution.day import compute_attribution_day
    from assets.walking import remembering

    compute = partial(
        compute_attribution_day,
        remembering(warehouse.read),
        keyring=measurement.keyring,
        ranges=measurement.ranges,
    )
    yield from walk_days(context, warehouse, scope, TABLES, compute, committed=progress.committed)
