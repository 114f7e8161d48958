"""Elsewhere: what a report prints that is no sum of rows, and the view or page to look at instead.

Here: the names that people look for, why such a number cannot be explained by rows, and the view or page that has it.
Not here: the numbers that can (numbers.py), asking for either (explaining.py).
"""

from __future__ import annotations

from assets.reporting.figures.folding import OTHER_ROWS

# Other names of numbers that are explained.
SAME_AS = {
    "impressions": "delivered",
    "ads": "delivered",
    "ads_delivered": "delivered",
    "households_reached": "reach",
    "modelled": "modelled_conversions",
    "return_on_ad_spend": "roas",
    "cost_per_conversion": "cpa",
    "cost": "spend",
}

_REASONS = {
    "interval intervals confidence_interval bounds lower upper": (
        "an interval is an estimate from many draws of the households, and no sum of rows. docs/attribution.md says "
        "how it is made; bi.campaign_roi has one for each day and KPI since the campaign's start (lower, upper)"
    ),
    "expected due ads_due pace pacing make_good": (
        "what was due by now is an estimate from the flight or from how the show's earlier episodes gathered their "
        "downloads. bi.campaign_roi has it for each day (kpi expected, pacing, make_good); docs/sponsors.md says what "
        "each means"
    ),
    "previous previous_period change comparison trend": (
        "the period before is counted at the age that this one had, so that it may differ from its own report. Explain "
        "that report: `earshot reports list` names it"
    ),
    "lift relative_lift difference base_rate compared_share households responders base_households base_responders "
    "minimum_detectable_lift incremental_minor incremental_revenue added_revenue iroas incremental_return": (
        "lift compares households that were reached with others that are like them, and is no sum of rows. "
        "bi.lift_results has every figure of it for each Sunday; docs/attribution.md says how it is made"
    ),
    "new_customers customers delay delays last_ads": (
        "conversions of new customers, and how long conversions took, are counts of conversions and of the last ad on "
        "their paths. bi.conversions (is_new_customer) and bi.attribution_touches have the rows; "
        "docs/reports-numbers.md has the SQL"
    ),
    "markov counterfactual learnt data_driven": (
        "this model learns from all journeys, those without a conversion too, so that no conversion has a share of its "
        "own. bi.model_totals has what it gives for each Sunday; docs/attribution.md says how it is made"
    ),
    "median medians benchmark benchmarks": (
        "a median is of other campaigns, which this report must not name. bi.campaign_benchmarks has it for each Sunday"
    ),
    "cpm": "the agreed price for a thousand booked ads is no sum of rows. bi.campaign_roi has it (kpi cpm)",
    "clicks": "a report prints no clicks. bi.placement_delivery has them by day and placement",
    "listeners consumers": "a report prints households alone. bi.campaign_reach has listeners (consumers) by day",
}

WHY_NOT = {name: reason for names, reason in _REASONS.items() for name in names.split()}

FOLDED = (
    f"{OTHER_ROWS!r} adds up placements of few households, so that nobody in them can be told apart. Ask for one of "
    "them by its name: bi.placements has those of a campaign"
)
