"""Campaign assets: what was delivered, whom it reached, what came back, and what it added.

Here: the wiring of delivery, reach and return, one asset each, and of what is told once a week.
Not here: their formulas (the modules beside this one).
"""

from collections.abc import Iterator
from functools import partial

from dagster import AssetDep, AssetExecutionContext, AssetSpec, ResourceParam, multi_asset

from assets.partitions import daily, look_back, month_before, month_of_days, walk_days
from assets.resources import Progress
from sql.values import Scope
from sql.warehouse import Warehouse

# Reach and results add up since the campaign's start, so a day that changed reaches later ones.
ADS_BEFORE = AssetDep("ad_exposures", partition_mapping=look_back)

PLACEMENT_DELIVERY = AssetSpec(
    "placement_delivery",
    group_name="campaigns",
    deps=["ad_exposures"],
    description="Impressions, households and clicks by placement and episode.",
    kinds={"polars", "postgres"},
)
CAMPAIGN_REACH = AssetSpec(
    "campaign_reach",
    group_name="campaigns",
    deps=[ADS_BEFORE],
    description="Distinct households and listeners since the campaign's start, counted, or estimated where very large.",
    kinds={"polars", "postgres"},
)
# What a step computes together waits for all that the step reads, so that a backfill begins it once, and last.
RETURNS_READ = [
    AssetDep("placement_delivery", partition_mapping=look_back),
    ADS_BEFORE,
    AssetDep("episode_age_downloads", partition_mapping=month_before),
    AssetDep("campaign_reach"),
    AssetDep("attribution_credits"),
]
CAMPAIGN_ROI = AssetSpec(
    "campaign_roi",
    group_name="campaigns",
    deps=RETURNS_READ,
    description="Every KPI of a campaign as of the day, per model, with its interval, sample and badge.",
    kinds={"polars", "postgres"},
)
MODEL_TOTALS = AssetSpec(
    "model_totals",
    group_name="campaigns",
    deps=RETURNS_READ,
    description="As of each Sunday, what placements are worth to all journeys so far, those without a conversion too.",
    kinds={"polars", "postgres"},
)
WEEK_READ = [
    AssetDep("campaign_roi"),
    AssetDep("conversions"),
    AssetDep("downloads", partition_mapping=look_back),
    ADS_BEFORE,
]
LIFT_RESULTS = AssetSpec(
    "lift_results",
    group_name="campaigns",
    deps=WEEK_READ,
    description="As of each Sunday, households that a campaign reached against those that it did not.",
    kinds={"polars", "postgres"},
)
CAMPAIGN_BENCHMARKS = AssetSpec(
    "campaign_benchmarks",
    group_name="campaigns",
    deps=WEEK_READ,
    description="As of each Sunday, KPIs of a campaign beside the median of the tenant's campaigns for other sponsors.",
    kinds={"polars", "postgres"},
)


@multi_asset(specs=[PLACEMENT_DELIVERY], partitions_def=daily, backfill_policy=month_of_days)
def placement_delivery(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.campaigns.daily import compute_delivery
    from assets.walking import remembering

    tables = {"placement_delivery": ["placement_delivery"]}
    compute = partial(compute_delivery, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope, tables, compute, committed=progress.committed)


@multi_asset(specs=[CAMPAIGN_REACH], partitions_def=daily, backfill_policy=month_of_days)
def campaign_reach(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.campaigns.daily import compute_reach
    from assets.walking import remembering

    tables = {"campaign_reach": ["campaign_reach", "reach_sketches"]}
    compute = partial(compute_reach, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope, tables, compute, committed=progress.committed)


@multi_asset(specs=[CAMPAIGN_ROI, MODEL_TOTALS], partitions_def=daily, backfill_policy=month_of_days, can_subset=True)
def campaign_roi(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.campaigns.daily import compute_roi
    from assets.walking import remembering

    tables = {"campaign_roi": ["campaign_roi"], "model_totals": ["model_totals"]}
    compute = partial(compute_roi, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope, tables, compute, committed=progress.committed)


@multi_asset(
    specs=[LIFT_RESULTS, CAMPAIGN_BENCHMARKS], partitions_def=daily, backfill_policy=month_of_days, can_subset=True
)
def campaign_week(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.campaigns.weekly import compute_week
    from assets.walking import remembering

    tables = {"lift_results": ["lift_results"], "campaign_benchmarks": ["campaign_benchmarks"]}
    compute = partial(compute_week, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope, tables, compute, committed=progress.committed)
