"""Campaign assets: what was delivered, whom it reached, and what came back.

Here: the wiring of delivery, reach and return, one asset each.
Not here: their formulas (the modules beside this one).
"""

from collections.abc import Iterator
from functools import partial

from dagster import AssetExecutionContext, AssetSpec, ResourceParam, multi_asset

from assets.campaigns.day import compute_delivery, compute_reach, compute_roi
from assets.partitions import daily, month_of_days, remembering, walk_days
from assets.resources import ScopeResource
from sql.warehouse import Warehouse

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
    deps=["ad_exposures"],
    description="Distinct households and listeners since the campaign's start: an audience is never a sum of days.",
    kinds={"polars", "postgres"},
)
CAMPAIGN_ROI = AssetSpec(
    "campaign_roi",
    group_name="campaigns",
    deps=["placement_delivery", "campaign_reach", "attribution_credits"],
    description="Every KPI of a campaign as of the day, per model, with its interval, sample and badge.",
    kinds={"polars", "postgres"},
)


@multi_asset(specs=[PLACEMENT_DELIVERY], partitions_def=daily, backfill_policy=month_of_days)
def placement_delivery(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], scope: ScopeResource
) -> Iterator[object]:
    tables = {"placement_delivery": ["placement_delivery"]}
    compute = partial(compute_delivery, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope.resolve(warehouse), tables, compute)


@multi_asset(specs=[CAMPAIGN_REACH], partitions_def=daily, backfill_policy=month_of_days)
def campaign_reach(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], scope: ScopeResource
) -> Iterator[object]:
    tables = {"campaign_reach": ["campaign_reach"]}
    compute = partial(compute_reach, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope.resolve(warehouse), tables, compute)


@multi_asset(specs=[CAMPAIGN_ROI], partitions_def=daily, backfill_policy=month_of_days)
def campaign_roi(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], scope: ScopeResource
) -> Iterator[object]:
    tables = {"campaign_roi": ["campaign_roi"]}
    compute = partial(compute_roi, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope.resolve(warehouse), tables, compute)
