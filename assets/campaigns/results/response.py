"""Response: what came back to a campaign under each model: conversions, visits, leads and revenue, with their bounds.

Here: sums over attributed credits with the household as unit of uncertainty, and the modelled number.
Not here: credits and money per conversion (attribution/), ratios and thresholds (kpis.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.campaigns.results.intervals import Z, gamma_bounds
from assets.frames import ratio, whole_sum
from assets.grain import SCOPE, SCOPE_MODEL
from reports.thresholds import FEWEST_TO_MODEL, LEAST_USABLE_SHARE

MATCHED_BY_ADDRESS = ("household", "listener")


# What is counted with bounds of its own, and which credits belong to it.
COUNTED = {"conversions": pl.col("is_goal"), "visits": pl.col("kind") == "visit", "leads": pl.col("kind") == "lead"}


def respond(credited: pl.DataFrame) -> pl.DataFrame:
    """One row per scope and model that has any credit.

    credited: tenant_id, scope_id, model, conversion_id, kind, is_goal, unit (the household, or what stands for it),
              credit, revenue_minor (null: no value known)
    returns:  the key; of goal conversions: conversions (credit), sample (how many), revenue_minor (null: some
              converted, none with a value), the columns of with_bounds; visits, visit_sample, leads, lead_sample and
              their bounds
    """
    money = whole_sum(pl.col("revenue_minor").filter(pl.col("is_goal")))
    units = (
        credited.sort(*SCOPE_MODEL, "unit", "conversion_id", "placement_id", "episode_id")
        .group_by(*SCOPE_MODEL, "unit", maintain_order=True)
        .agg(
            *(pl.col("credit").filter(of_kind).sum().alias(name) for name, of_kind in COUNTED.items()),
            revenue=money,
        )
    )
    return (
        _totals(credited)
        .join(spread_of(units, list(COUNTED)), on=SCOPE_MODEL, validate="1:1")
        .pipe(with_bounds, list(COUNTED))
    )


def _totals(credited: pl.DataFrame) -> pl.DataFrame:
    goal, revenue = pl.col("is_goal"), pl.col("revenue_minor")
    credit, conversion = pl.col("credit"), pl.col("conversion_id")
    valued = revenue.filter(goal).is_not_null().any()
    samples = {"sample": goal, "visit_sample": COUNTED["visits"], "lead_sample": COUNTED["leads"]}
    return (
        credited.sort(*SCOPE_MODEL, "conversion_id", "placement_id", "episode_id")
        .group_by(SCOPE_MODEL, maintain_order=True)
        .agg(
            *(credit.filter(of_kind).sum().alias(name) for name, of_kind in COUNTED.items()),
            *(conversion.filter(of_kind).n_unique().cast(pl.Int64).alias(name) for name, of_kind in samples.items()),
            revenue_minor=pl.when(valued | ~goal.any()).then(whole_sum(revenue.filter(goal))),
        )
        .sort(SCOPE_MODEL)
    )


def spread_of(units: pl.DataFrame, counts: Sequence[str]) -> pl.DataFrame:
    """What bounds are made from, one row per key.

    units:   the key and what one household adds to each of counts and to revenue
    returns: the key; of each of these, squares (their sum) and largest, named after it; revenue_smallest; products (the
             sum of conversions times revenue)
    """
    money = pl.col("revenue").cast(pl.Float64)
    return units.group_by(SCOPE_MODEL, maintain_order=True).agg(
        *((pl.col(name) ** 2).sum().alias(f"{name}_squares") for name in counts),
        *(pl.col(name).max().alias(f"{name}_largest") for name in counts),
        revenue_squares=(money**2).sum(),
        revenue_largest=money.max(),
        revenue_smallest=money.min(),
        products=(money * pl.col("conversions")).sum(),
    )


def with_bounds(totals: pl.DataFrame, counts: Sequence[str]) -> pl.DataFrame:
    """Replaces the columns of spread_of by the bounds of each count, of revenue, and of revenue per conversion (aov).

    A count of nothing is one that could have been up to 3.69; money of nothing, or with a household that took back more
    than it paid, has no interval. Revenue per conversion is a ratio of two sums over households, with the normal
    interval of such a ratio: Cochran, Sampling Techniques (1977), section 6.4.
    """
    made = []
    for name in counts:
        largest = totals.select(pl.when(pl.col(f"{name}_largest") <= 0).then(1.0).otherwise(f"{name}_largest"))
        lower, upper = gamma_bounds(totals[name], totals[f"{name}_squares"], largest.to_series())
        made += [lower.alias(f"{name}_lower"), upper.alias(f"{name}_upper")]
    revenue = totals["revenue_minor"].fill_null(0)
    low, high = gamma_bounds(revenue, totals["revenue_squares"], totals["revenue_largest"])
    has_money = (pl.col("revenue_minor") > 0) & (pl.col("revenue_smallest") >= 0)
    mean = pl.when(pl.col("conversions") > 0).then(ratio(pl.col("revenue_minor"), pl.col("conversions")))
    off = (pl.col("revenue_squares") - 2 * mean * pl.col("products") + mean**2 * pl.col("conversions_squares")).clip(
        0.0
    )
    error = ratio(Z * off.sqrt(), pl.col("conversions"))
    spread = [name for name in totals.columns if name.endswith(("_squares", "_largest", "_smallest"))]
    return (
        totals.with_columns(
            *made,
            low.alias("revenue_lower"),
            high.alias("revenue_upper"),
            aov_lower=(mean - error).clip(0.0),
            aov_upper=mean + error,
        )
        .with_columns(
            pl.when(has_money).then(name).alias(name)
            for name in ("revenue_lower", "revenue_upper", "aov_lower", "aov_upper")
        )
        .drop(*spread, "products")
    )


def model_conversions(credited: pl.DataFrame, delivery: pl.DataFrame) -> pl.DataFrame:
    """Goal conversions as if all addresses responded like those that stand for one household.

    credited: as above, with placement_id and matched_by; delivery: tenant_id, scope_id, placement_id, impressions,
              usable_impressions
    returns:  the key, modelled_conversions with its bounds: per placement A_household * I / I_household, and the credit
              of codes and surveys as it is. Placements with under 20 % usable addresses or 5 such conversions keep
              their own number; null where no placement could be modelled
    """
    place = [*SCOPE, "placement_id"]
    delivered = delivery.group_by(place).agg(pl.col("impressions", "usable_impressions").sum())
    by_address = pl.col("matched_by").is_in(MATCHED_BY_ADDRESS)
    matched = pl.col("conversion_id").filter(by_address).n_unique().over(*SCOPE_MODEL, "placement_id")
    # A placement that was only clicked has no impressions to scale by.
    usable = pl.col("usable_impressions")
    can_model = (usable > 0) & (usable >= LEAST_USABLE_SHARE * pl.col("impressions")) & (matched >= FEWEST_TO_MODEL)
    scale = pl.when("can_model").then(ratio(pl.col("impressions"), pl.col("usable_impressions"))).otherwise(1.0)
    modelled = (
        credited.filter("is_goal")
        .sort(*SCOPE_MODEL, "unit", "placement_id", "conversion_id", "episode_id")
        .join(delivered, on=place, how="left", validate="m:1", maintain_order="left")
        .with_columns(can_model=can_model.fill_null(False))
        .with_columns(modelled=pl.col("credit") * pl.when(by_address).then(scale).otherwise(1.0))
    )
    units = modelled.group_by(*SCOPE_MODEL, "unit", maintain_order=True).agg(
        pl.col("modelled").sum(), pl.col("can_model").any()
    )
    sums = units.group_by(SCOPE_MODEL, maintain_order=True).agg(
        pl.col("can_model").any(),
        total=pl.col("modelled").sum(),
        squares=(pl.col("modelled") ** 2).sum(),
        largest=pl.col("modelled").max(),
    )
    lower, upper = gamma_bounds(sums["total"], sums["squares"], sums["largest"])
    can_model = pl.col("can_model")
    return sums.select(
        *SCOPE_MODEL,
        modelled_conversions=pl.when(can_model).then("total"),
        modelled_lower=pl.when(can_model).then(lower),
        modelled_upper=pl.when(can_model).then(upper),
    )
