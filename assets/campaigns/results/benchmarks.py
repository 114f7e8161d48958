"""Benchmarks: a campaign's KPIs beside the median of what the tenant's campaigns for other sponsors reached.

Here: which campaigns may be compared, and when their median may be shown without giving away any sponsor's numbers.
Not here: the KPIs (kpis.py), reading them (weekly.py), other tenants: nothing is ever compared across tenants.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from assets.attribution.models import MODELS
from reports.thresholds import FEWEST_PEER_CAMPAIGNS, FEWEST_PEER_SPONSORS

# Costs, rates and returns: what does not grow with a campaign's size.
COMPARED = (
    "frequency",
    "delivery_rate",
    "cpm",
    "ecpm",
    "conversion_rate",
    "visitor_rate",
    "cpv",
    "cpl",
    "cpa",
    "aov",
    "roas",
    "roi",
)

# What the last twentieth of its ads may still bring is little beside what campaigns differ by.
MATURE_SHARE = 0.95

# No sponsor has more than half of the campaigns behind a median, and a sponsor's own are not among them: so it gives
# away nobody's number, not even by subtraction.
LARGEST_SHARE = 0.5

KIND = ["tenant_id", "goal_kind", "model", "kpi", "currency"]
PEERS = [*KIND, "sponsor_id"]


def compare_campaigns(results: pl.DataFrame, day: date) -> pl.DataFrame:
    """The campaigns that have results on the day beside the median of the others.

    results: of read_latest_results, of any tenants
    returns: tenant_id, day, campaign_id, model, kpi, unit, currency, estimate, median (null: see badge), campaigns and
             sponsors (that were compared), badge (ok, too_few)

    Compared are campaigns of the same tenant and goal for other sponsors, amounts of money in the same currency only,
    under the same model; of each its last results, if they are mature and of enough conversions (badge ok).
    """
    comparable = results.filter(pl.col("kpi").is_in(COMPARED), pl.col("model").is_in(list(MODELS)))
    own = comparable.filter(pl.col("day") == day)
    peers = comparable.filter(
        (pl.col("badge") == "ok") & pl.col("estimate").is_not_null() & (pl.col("mature_share") >= MATURE_SHARE)
    )
    medians = _medians(own.select(PEERS).unique(), peers)
    return (
        own.join(medians, on=PEERS, how="left", validate="m:1", nulls_equal=True)
        .with_columns(pl.col("campaigns", "sponsors").fill_null(0))
        .with_columns(badge=pl.when(pl.col("median").is_null()).then(pl.lit("too_few")).otherwise(pl.lit("ok")))
        .sort("tenant_id", "campaign_id", "model", "kpi")
        .select(
            "tenant_id",
            "day",
            "campaign_id",
            "model",
            "kpi",
            "unit",
            "currency",
            "estimate",
            "median",
            "campaigns",
            "sponsors",
            "badge",
        )
    )


def _medians(scopes: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
    """The median for each sponsor, over the campaigns of the others."""
    others = peers.select(*KIND, "campaign_id", "estimate", other="sponsor_id")
    per_sponsor = (
        scopes.join(others, on=KIND, nulls_equal=True)
        .filter(pl.col("other") != pl.col("sponsor_id"))
        .with_columns(of_sponsor=pl.len().over(*PEERS, "other"))
    )
    enough = (
        (pl.col("campaigns") >= FEWEST_PEER_CAMPAIGNS)
        & (pl.col("sponsors") >= FEWEST_PEER_SPONSORS)
        & (pl.col("most") <= LARGEST_SHARE * pl.col("campaigns"))
    )
    return (
        per_sponsor.group_by(PEERS)
        .agg(
            median=pl.col("estimate").median(),
            campaigns=pl.len().cast(pl.Int32),
            sponsors=pl.col("other").n_unique().cast(pl.Int32),
            most=pl.col("of_sponsor").max(),
        )
        .with_columns(median=pl.when(enough).then("median"))
        .drop("most")
    )
