"""Lift: what a campaign added, by comparing households that it reached with households that it did not.

Here: the two designs (holdout and matched), the comparison with its intervals, and when it may be shown.
Not here: credit, which shares out conversions and does not show what would have happened without the ad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Any

import polars as pl

from assets.campaigns.results.intervals import newcombe, relative_lift
from assets.campaigns.results.money_bounds import OF_DIFFERENCES, total_bounds
from assets.campaigns.results.power import smallest_lift
from assets.facade import renamed_parameters
from assets.frames import MICROSECONDS_PER_DAY, ratio, whole_sum
from assets.grain import CAMPAIGN, CAMPAIGN_HOUSEHOLD
from reports.thresholds import FEWEST_FOR_RATIOS, LARGEST_DETECTABLE_LIFT
from sql.values import Interval

GROUP = [*CAMPAIGN, "design"]
STRATUM = [*GROUP, "podcast_id", "week"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: households, those that converted, and what they paid: sum and sum of squares.

    households may be an effective number: that of a simple sample as exact as the weighted one.
    """

    households: float
    responders: float
    value: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        return self.value / self.households

    @property
    def variance(self) -> float:
        """Of what one household paid."""
        return max(self.squares / self.households - self.mean**2, 0.0)


def assign_groups(listeners: pl.DataFrame, campaigns: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Each household with the side that it is on, and the moment from which its conversions count.

    listeners: tenant_id, campaign_id, household_key, heard_podcast_id and heard_at (first download of one of the
               campaign's shows in a week of its flight; null: none), exposed_podcast_id and exposed_at (first ad;
               null: never), is_withheld (by lot); households with a usable address only, once for each show and week
    campaigns: tenant_id, campaign_id, window_days
    returns:   tenant_id, campaign_id, household_key, design, is_control, since, until, podcast_id, week (its
               Monday; both null in a holdout, which needs no strata)

    With a holdout every listener counts on its side of the lot, whatever ads it got, from its first download on.
    Without one, treated households count once, from their first ad; the others in every week in which they listened to
    such a show, each time from their first download of it in that week: whoever got its first ad in the third week is
    compared with all that listened in the third week, and not only with those that came new in it.
    Windows that are still open are left out, on both sides.
    """
    earliest = listeners.sort(*CAMPAIGN_HOUSEHOLD, "heard_at", "heard_podcast_id", nulls_last=True).with_columns(
        is_first=pl.int_range(pl.len()).over(CAMPAIGN_HOUSEHOLD) == 0
    )
    by_lot = pl.col("is_withheld").any().over(CAMPAIGN)
    window = pl.duration(microseconds=(pl.col("window_days") * MICROSECONDS_PER_DAY).round().cast(pl.Int64))
    since = pl.when(by_lot).then("heard_at").otherwise(pl.coalesce("exposed_at", "heard_at"))
    show = pl.coalesce("exposed_podcast_id", "heard_podcast_id")
    return (
        earliest.filter(pl.col("is_first") | (pl.col("exposed_at").is_null() & ~by_lot))
        .join(campaigns.select(*CAMPAIGN, "window_days"), on=CAMPAIGN, validate="m:1")
        .with_columns(
            design=pl.when(by_lot).then(pl.lit("holdout")).otherwise(pl.lit("matched")),
            is_control=pl.when(by_lot).then("is_withheld").otherwise(pl.col("exposed_at").is_null()),
            since=since,
            until=since + window,
        )
        .filter(pl.col("until") <= as_of)
        .with_columns(
            podcast_id=pl.when(pl.col("design") == "matched").then(show),
            week=pl.when(pl.col("design") == "matched").then(pl.col("since").dt.truncate("1w").dt.date()),
        )
        .select(*CAMPAIGN_HOUSEHOLD, "design", "is_control", "since", "until", "podcast_id", "week")
    )


def find_responses(groups: pl.DataFrame, conversions: pl.DataFrame) -> pl.DataFrame:
    """The groups with value: what was paid from since until until; null: nothing was bought.

    groups:      of assign_groups
    conversions: tenant_id, campaign_id, household_key, converted_at, value_minor (in the campaign's currency; null:
                 none known): of the goal kind, whatever led to them
    """
    numbered = groups.with_row_index("turn")
    bought = (
        numbered.join(conversions, on=CAMPAIGN_HOUSEHOLD)
        .filter(pl.col("converted_at").is_between("since", "until"))
        .group_by("turn")
        .agg(value=whole_sum(pl.col("value_minor")))
    )
    return numbered.join(bought, on="turn", how="left", validate="1:1", maintain_order="left").drop("turn")


def compare_strata(groups: pl.DataFrame, conversions: pl.DataFrame) -> pl.DataFrame:
    """sum_sides of find_responses."""
    return sum_sides(find_responses(groups, conversions))


def sum_sides(responses: pl.DataFrame) -> pl.DataFrame:
    """Households, responders and money on both sides, by show and week.

    responses: of find_responses
    returns:  tenant_id, campaign_id, design, podcast_id, week, and of both sides (base_: the control side) households,
              responders, value, squares
    """
    sides = []
    for prefix, on_side in (("", ~pl.col("is_control")), ("base_", pl.col("is_control"))):
        value = pl.col("value").cast(pl.Float64).filter(on_side)
        sides += [
            on_side.sum().cast(pl.Int64).alias(f"{prefix}households"),
            value.count().cast(pl.Int64).alias(f"{prefix}responders"),
            value.sum().alias(f"{prefix}value"),
            (value**2).sum().alias(f"{prefix}squares"),
        ]
    return responses.group_by(STRATUM).agg(sides).sort(STRATUM)


@renamed_parameters(answered="responses")
def measure_lift(
    strata: pl.DataFrame,
    spend: Mapping[tuple[Any, Any], int] | None = None,
    responses: pl.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """One row of lift_results per campaign whose sides can be compared, without day and currency.

    strata:   of compare_strata; spend: minor units by tenant and campaign, where known
    responses: of find_responses, by which control households that stand in several strata are counted once; without it,
              each is taken to stand in one

    Strata count by their treated households: the control side is what those would have done had they been like their
    neighbours. Strata with one side only are left out, and compared_share says how many households remain.
    """
    results = []
    for (tenant, campaign, design), rows in strata.group_by(GROUP, maintain_order=True):
        both = rows.filter((pl.col("households") > 0) & (pl.col("base_households") > 0))
        if both.is_empty():
            continue
        treated = Side(*(float(both[name].sum()) for name in ("households", "responders", "value", "squares")))
        others = None if responses is None else weigh_control(both, responses)
        control = standardise_control(both, None if others is None else others["weight"])
        counted = {
            "households": int(treated.households),
            "responders": int(treated.responders),
            "base_households": int(both["base_households"].sum()) if others is None else others.height,
            "base_responders": int((both["base_responders"] if others is None else others["has_responded"]).sum()),
            "compared_share": treated.households / float(rows["households"].sum()),
        }
        key = {"tenant_id": tenant, "campaign_id": campaign, "design": design, "is_causal": design == "holdout"}
        results.append({**key, **counted, **_compare(treated, control, (spend or {}).get((tenant, campaign)))})
    return results


def weigh_control(strata: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """One row per control household of a campaign's strata: its weight, and whether it ever responded.

    In each of its strata a household weighs as much as its neighbours there, together the stratum's share of the
    treated households; its weight is the sum. All weights sum to 1.
    """
    share = ratio(pl.col("households"), pl.col("households").sum())
    each = strata.select(*STRATUM, weight=ratio(share, pl.col("base_households")))
    return (
        responses.filter("is_control")
        .join(each, on=STRATUM, validate="m:1", nulls_equal=True, maintain_order="left")
        .group_by(CAMPAIGN_HOUSEHOLD, maintain_order=True)
        .agg(pl.col("weight").sum(), has_responded=pl.col("value").is_not_null().any())
    )


def standardise_control(strata: pl.DataFrame, weights: pl.Series | None = None) -> Side:
    """The control side weighted like the treated one, with the effective number of households behind it.

    A stratum's weight is w = its share of the treated households, and each of its n control households has w / n of it.
    The effective number is 1 / sum(weight^2) over households: n where there is one stratum. weights: of households that
    may stand in several (weigh_control); as if one that comes again always responded alike, so that bounds err on the
    wide side. Source: Kish, Survey Sampling (1965), section 11.7.
    """
    weight = strata["households"] / strata["households"].sum()
    size = strata["base_households"]
    effective = 1 / float((weight**2 / size).sum() if weights is None else (weights**2).sum())
    rate, mean, square = (
        float((weight * strata[f"base_{name}"] / size).sum()) for name in ("responders", "value", "squares")
    )
    return Side(effective, rate * effective, mean * effective, square * effective)


@renamed_parameters(reached="treated", base="control")
def minimum_detectable(treated: Side, control: Side) -> float | None:
    """The relative lift that 80 of 100 such comparisons find; None where nobody, or all, of the control side converted.

    Found is what relative_lift's interval holds above 0: the test that decides what a report says (power.py).
    """
    return smallest_lift(control.responders / control.households, treated.households, control.households)


@renamed_parameters(reached="treated", base="control")
def incremental_value(treated: Side, control: Side) -> Interval:
    """What the treated households paid beyond what as many of the others would have, with its interval.

    The sides' own intervals (total_bounds) are put together as those of two rates are: method of variance estimates
    recovery, Zou and Donner, Statistics in Medicine 27 (2008), 1693-1702. A few large orders among few households are
    seldom seen in full, so a normal interval errs towards the side with fewer of them. No bounds where either side
    paid nothing or has fewer than five households that converted.
    """
    scale = treated.households / control.households
    added = treated.value - scale * control.value
    if min(treated.responders, control.responders) < FEWEST_FOR_RATIOS or min(treated.value, control.value) <= 0:
        return Interval(added, None, None)
    least, most = total_bounds(treated.value, treated.squares, OF_DIFFERENCES)
    control_least, control_most = (
        scale * bound for bound in total_bounds(control.value, control.squares, OF_DIFFERENCES)
    )
    below = sqrt((treated.value - least) ** 2 + (control_most - scale * control.value) ** 2)
    above = sqrt((most - treated.value) ** 2 + (scale * control.value - control_least) ** 2)
    return Interval(added, added - below, added + above)


def _compare(treated: Side, control: Side, spend: int | None) -> dict[str, Any]:
    difference = newcombe(treated.responders, treated.households, control.responders, control.households)
    relative = relative_lift(treated.responders, treated.households, control.responders, control.households)
    smallest = minimum_detectable(treated, control)
    added = incremental_value(treated, control)
    money = (added.estimate, added.lower, added.upper)
    returned = [each / spend if spend and each is not None else None for each in money]
    return {
        "base_rate": control.responders / control.households,
        "difference": difference.estimate,
        "difference_lower": difference.lower,
        "difference_upper": difference.upper,
        "relative_lift": relative.estimate if relative else None,
        "relative_lower": relative.lower if relative else None,
        "relative_upper": relative.upper if relative else None,
        "minimum_detectable_lift": smallest,
        "is_shown": smallest is not None and smallest <= LARGEST_DETECTABLE_LIFT and relative is not None,
        "incremental_minor": added.estimate,
        "iroas": returned[0],
        "iroas_lower": returned[1],
        "iroas_upper": returned[2],
    }
