"""Response: what came back to a campaign under each model: conversions, visits, leads and revenue, with their bounds.

Here: sums over attributed credits with the household as unit of uncertainty, and the modelled number.
Not here: credits and money per conversion (attribution/), ratios and thresholds (kpis.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.campaigns.results.intervals import gamma_bounds
from assets.campaigns.results.money_bounds import Sums, average_bounds, total_bounds
from assets.frames import ratio, whole_sum
from assets.grain import SCOPE, SCOPE_MODEL
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_TO_MODEL, LEAST_USABLE_SHARE

MATCHED_BY_ADDRESS = ("household", "listener")


# What is counted with bounds of its own, and which credits belong to it.
COUNTED = {"conversions": pl.col("is_goal"), "visits": pl.col("kind") == "visit", "leads": pl.col("kind") == "lead"}

# Conversions of the goal whose value is known.
VALUED = pl.col("is_goal") & pl.col("revenue_minor").is_not_null()


def respond(credited: pl.DataFrame) -> pl.DataFrame:
    """One row per scope and model that has any credit.

    credited: tenant_id, scope_id, model, conversion_id, kind, is_goal, unit (the household, or what stands for it),
              credit, revenue_minor (null: no value known)
    returns:  the key; of goal conversions: conversions (credit), sample (how many), valued_conversions, valued_sample
              (those whose value is known), revenue_minor (of those; null: some converted, none with a value), the
              columns of with_bounds; visits, visit_sample, leads, lead_sample and their bounds
    """
    units = (
        credited.sort(*SCOPE_MODEL, "unit", "conversion_id", "placement_id", "episode_id")
        .group_by(*SCOPE_MODEL, "unit", maintain_order=True)
        .agg(
            *(pl.col("credit").filter(of_kind).sum().alias(name) for name, of_kind in COUNTED.items()),
            valued=pl.col("credit").filter(VALUED).sum(),
            revenue=whole_sum(pl.col("revenue_minor").filter(VALUED)),
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
    samples = {"sample": goal, "valued_sample": VALUED}
    samples |= {"visit_sample": COUNTED["visits"], "lead_sample": COUNTED["leads"]}
    return (
        credited.sort(*SCOPE_MODEL, "conversion_id", "placement_id", "episode_id")
        .group_by(SCOPE_MODEL, maintain_order=True)
        .agg(
            *(credit.filter(of_kind).sum().alias(name) for name, of_kind in COUNTED.items()),
            *(conversion.filter(of_kind).n_unique().cast(pl.Int64).alias(name) for name, of_kind in samples.items()),
            valued_conversions=credit.filter(VALUED).sum(),
            revenue_minor=pl.when(VALUED.any() | ~goal.any()).then(whole_sum(revenue.filter(goal))),
        )
        .sort(SCOPE_MODEL)
    )


def spread_of(units: pl.DataFrame, counts: Sequence[str]) -> pl.DataFrame:
    """What bounds are made from, one row per key.

    units:   the key and what one household adds to each of counts, to valued (conversions whose value is known) and to
             revenue
    returns: the key; of each of counts, squares (their sum) and largest, named after it; revenue_squares,
             revenue_smallest, valued_squares; valued_households; products (the sum of valued times revenue)
    """
    money, valued = pl.col("revenue").cast(pl.Float64), pl.col("valued")
    return units.group_by(SCOPE_MODEL, maintain_order=True).agg(
        *((pl.col(name) ** 2).sum().alias(f"{name}_squares") for name in counts),
        *(pl.col(name).max().alias(f"{name}_largest") for name in counts),
        revenue_squares=(money**2).sum(),
        revenue_smallest=money.min(),
        valued_squares=(valued**2).sum(),
        valued_households=(valued > 0).sum().cast(pl.Int64),
        products=(money * valued).sum(),
    )


def with_bounds(totals: pl.DataFrame, counts: Sequence[str]) -> pl.DataFrame:
    """Replaces the columns of spread_of by the bounds of each count, of revenue, and of revenue per conversion (aov).

    A count of nothing is one that could have been up to 3.69. Money has no interval where it is nothing, where a
    household took back more than it paid, and below five households whose orders have a known value.
    """
    made = []
    for name in counts:
        largest = totals.select(pl.when(pl.col(f"{name}_largest") <= 0).then(1.0).otherwise(f"{name}_largest"))
        lower, upper = gamma_bounds(totals[name], totals[f"{name}_squares"], largest.to_series())
        made += [lower.alias(f"{name}_lower"), upper.alias(f"{name}_upper")]
    spread = [name for name in totals.columns if name.endswith(("_squares", "_largest", "_smallest"))]
    return totals.with_columns(*made, *_money_bounds(totals)).drop(*spread, "valued_households", "products")


def _money_bounds(totals: pl.DataFrame) -> list[pl.Series]:
    """revenue_lower, revenue_upper, aov_lower, aov_upper."""
    has_interval = (pl.col("revenue_smallest") >= 0) & (pl.col("valued_households") >= FEWEST_FOR_RATIOS)
    counted = totals.with_columns(pl.when(has_interval).then("revenue_minor").alias("total"))
    names = ["valued_households", "total", "revenue_squares", "valued_conversions", "valued_squares", "products"]
    sums = Sums(*(counted[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in names))
    bounds = {"revenue": total_bounds(sums.total, sums.squares), "aov": average_bounds(sums)}
    return [
        pl.Series(f"{name}_{side}", values, dtype=pl.Float64).fill_nan(None)
        for name, both in bounds.items()
        for side, values in zip(("lower", "upper"), both, strict=True)
    ]


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
