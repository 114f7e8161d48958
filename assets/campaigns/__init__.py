"""Campaigns: what was delivered, what it cost, what came back, and how sure that is.

Here: the public functions of this room: frames in, frames out, usable without a database.
Not here: how they work (see each module), and the steps that run them (assets/steps.py).

They are imported at first use (assets/facade.py).
"""

from typing import TYPE_CHECKING

from assets.facade import lazily

if TYPE_CHECKING:
    from assets.campaigns.delivery.impressions import count_delivery
    from assets.campaigns.delivery.pacing import expect_delivery
    from assets.campaigns.delivery.spend import recognise_spend, unknown_spend
    from assets.campaigns.delivery.terms import price_campaigns
    from assets.campaigns.reach.counting import campaign_levels, count_reach, estimate_levels
    from assets.campaigns.reach.ranges import measure_reach
    from assets.campaigns.reach.sketches import build_sketches, merge_sketches, read_sketches
    from assets.campaigns.results.incrementality import (
        Side,
        assign_groups,
        compare_strata,
        incremental_value,
        measure_lift,
        minimum_detectable,
    )
    from assets.campaigns.results.intervals import gamma_bounds, newcombe, relative_lift, wilson, wilson_bounds
    from assets.campaigns.results.kpis import measure
    from assets.campaigns.results.response import model_conversions, respond

__all__ = [
    "Side",
    "assign_groups",
    "build_sketches",
    "campaign_levels",
    "compare_strata",
    "count_delivery",
    "count_reach",
    "estimate_levels",
    "expect_delivery",
    "gamma_bounds",
    "incremental_value",
    "measure",
    "measure_lift",
    "measure_reach",
    "merge_sketches",
    "minimum_detectable",
    "model_conversions",
    "newcombe",
    "price_campaigns",
    "read_sketches",
    "recognise_spend",
    "relative_lift",
    "respond",
    "unknown_spend",
    "wilson",
    "wilson_bounds",
]

__getattr__ = lazily(
    __name__,
    {
        ".delivery.impressions": ["count_delivery"],
        ".results.intervals": ["gamma_bounds", "newcombe", "relative_lift", "wilson", "wilson_bounds"],
        ".results.incrementality": [
            "Side",
            "assign_groups",
            "compare_strata",
            "incremental_value",
            "measure_lift",
            "minimum_detectable",
        ],
        ".delivery.pacing": ["expect_delivery"],
        ".reach.counting": ["campaign_levels", "count_reach", "estimate_levels"],
        ".reach.ranges": ["measure_reach"],
        ".results.response": ["model_conversions", "respond"],
        ".results.kpis": ["measure"],
        ".delivery.terms": ["price_campaigns"],
        ".reach.sketches": ["build_sketches", "merge_sketches", "read_sketches"],
        ".delivery.spend": ["recognise_spend", "unknown_spend"],
    },
)
