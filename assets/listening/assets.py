"""Listening assets: from raw requests to dispositions, downloads, audiences and ads delivered.

Here: the tables of a day of listening, made from one read of the raw rows, and what looks back from a day.
Not here: what the numbers mean (the modules beside this one).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetSpec,
    MetadataValue,
    ResourceParam,
    multi_asset,
)

from assets.markdown import table
from assets.partitions import Description, daily, month_before, month_of_days, walk_days
from assets.resources import Measurement, Progress
from sql.values import Reader, Scope
from sql.warehouse import Warehouse

TABLES = {
    "request_dispositions": ["request_dispositions"],
    "downloads": ["downloads"],
    "ad_exposures": ["ad_exposures"],
    "listener_metrics": ["listener_metrics"],
    "listener_dimension_metrics": ["listener_dimension_metrics", "listener_breakdowns"],
}

SPECS = [
    AssetSpec(
        "request_dispositions",
        group_name="listening",
        deps=["listener_events"],
        description="What became of every raw request: eighteen dispositions that sum to the raw rows.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "downloads",
        group_name="listening",
        deps=["request_dispositions"],
        description="One row per download that reached a minute of content (follows PTMG 2.3).",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "ad_exposures",
        group_name="attribution",
        deps=["downloads", "attribution_events"],
        description="Ads delivered in full inside a counted download, and explicit impressions and clicks.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "listener_metrics",
        group_name="listening",
        deps=["downloads"],
        description="Downloads, listeners, completion and ads delivered, by show and episode.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "listener_dimension_metrics",
        group_name="listening",
        deps=["downloads"],
        description="Downloads and listeners by app, device, system, place, referrer and hour.",
        kinds={"polars", "postgres"},
    ),
]


@multi_asset(specs=SPECS, partitions_def=daily, backfill_policy=month_of_days, can_subset=True, name="listening_day")
def listening_day(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    measurement: ResourceParam[Measurement],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.listening.day import compute_listening_day
    from assets.methods.publishing import note_rules
    from assets.walking import remembering

    note_rules(warehouse, measurement.rules, measurement.ranges)
    compute = partial(
        compute_listening_day,
        remembering(warehouse.read),
        rules=measurement.rules,
        ranges=measurement.ranges,
        keyring=measurement.keyring,
    )
    yield from walk_days(context, warehouse, scope, TABLES, compute, describe_listening, committed=progress.committed)


def describe_listening(read: Reader, day: date) -> Mapping[str, Description]:
    """What an operator would ask of a day, over all tenants: the split of requests, and the totals that matter."""
    split = read("read_disposition_totals", day=day)
    lines = ((name, f"{count:,}") for name, count in split.iter_rows())
    per_disposition = {f"requests_{name}": MetadataValue.int(count) for name, count in split.iter_rows()}
    downloads, heard_hours = read("read_metric_totals", day=day).row(0)
    return {
        "request_dispositions": {
            "raw_requests": MetadataValue.int(int(split["requests"].sum())),
            "split": MetadataValue.md(table(("disposition", "requests"), lines, right=["requests"])),
            **per_disposition,
        },
        "listener_metrics": {
            "downloads": MetadataValue.int(downloads),
            "heard_hours": MetadataValue.float(round(heard_hours, 1)),
        },
    }


AUDIENCE_TABLES = {
    "audience_periods": ["audience_periods", "listener_firsts"],
    "audience_overlaps": ["audience_overlaps"],
    "episode_age_downloads": ["episode_age_downloads", "episode_pacing"],
}
PLAYBACK_TABLES = {"retention_curves": ["retention_curves", "episode_consumption", "consumption_spread", "ad_plays"]}

# All three are computed in one step, so all look back as far as the one that looks back furthest.
AUDIENCE_SPECS = [
    AssetSpec(
        "audience_periods",
        group_name="listening",
        deps=[AssetDep("downloads", partition_mapping=month_before)],
        description="Distinct listeners and households by day, week, month and rolling period, new and returning.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "audience_overlaps",
        group_name="listening",
        deps=[AssetDep("downloads", partition_mapping=month_before)],
        description="Listeners that two shows have in common over four weeks.",
        kinds={"polars", "postgres"},
    ),
    AssetSpec(
        "episode_age_downloads",
        group_name="listening",
        deps=[AssetDep("downloads", partition_mapping=month_before)],
        description="Downloads of episodes at 1 to 90 days, their percentile in the show, and the hourly pacing.",
        kinds={"polars", "postgres"},
    ),
]
RETENTION_CURVES = AssetSpec(
    "retention_curves",
    group_name="listening",
    deps=["request_dispositions"],
    description="Where playbacks stopped, completion and consumption, and ad plays that clients confirm.",
    kinds={"polars", "postgres"},
)


@multi_asset(
    specs=AUDIENCE_SPECS, partitions_def=daily, backfill_policy=month_of_days, can_subset=True, name="audience_day"
)
def audience_day(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.listening.audience.day import compute_audience_day
    from assets.listening.audience.recent_keys import RecentKeys
    from assets.walking import remembering

    compute = partial(compute_audience_day, remembering(warehouse.read), recent=RecentKeys(warehouse.read))
    yield from walk_days(context, warehouse, scope, AUDIENCE_TABLES, compute, committed=progress.committed)


@multi_asset(specs=[RETENTION_CURVES], partitions_def=daily, backfill_policy=month_of_days, name="playback_day")
def playback_day(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
    progress: ResourceParam[Progress],
) -> Iterator[object]:
    from assets.listening.playback.day import compute_playback_day
    from assets.walking import remembering

    compute = partial(compute_playback_day, remembering(warehouse.read))
    yield from walk_days(context, warehouse, scope, PLAYBACK_TABLES, compute, committed=progress.committed)
