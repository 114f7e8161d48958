"""Response: what came back to a campaign under each model: conversions, visits, leads and revenue, with their bounds.

Here: sums over attributed credits with the household as unit of uncertainty, and the modelled number.
Not here: credits and money per conversion (attribution/), ratios and thresholds (roi.py).
"""

from __future__ import annotations

import polars as pl

from assets.campaigns.intervals import gamma_bounds

KEY = ["tenant_id", "scope_id", "model"]

# Below a fifth of usable addresses, or five conversions, the other addresses are not taken to respond alike.
LEAST_USABLE_SHARE = 0.2
FEWEST_TO_MODEL = 5

MATCHED_BY_ADDRESS = ("household", "listener")


def respond(credited: pl.DataFrame) -> pl.DataFrame:
    """One row per scope and model that has any credit.

    credited: tenant_id, scope_id, model, conversion_id, kind, is_goal, unit (the household, or what stands for it),
              credit, revenue_minor (null: no value known)
    returns:  the key; of goal conversions: conversions (credit), sample (how many), responders (units), revenue_minor
              (null: some converted, none with a value), conversions_lower, conversions_upper, revenue_lower,
              revenue_upper (null where there is none to give); visits, visit_sample, visitors, leads, lead_sample
    """
    goal = pl.col("is_goal")
    units = credited.sort(*KEY, "unit", "conversion_id", "placement_id", "episode_id")
    units = units.group_by(*KEY, "unit", maintain_order=True).agg(
        x=pl.col("credit").filter(goal).sum(),
        money=pl.col("revenue_minor").filter(goal).sum(),
        visited=(pl.col("kind") == "visit").any(),
        responded=goal.any(),
    )
    sums = units.group_by(KEY, maintain_order=True).agg(
        responders=pl.col("responded").sum().cast(pl.Int64),
        visitors=pl.col("visited").sum().cast(pl.Int64),
        conversion_squares=(pl.col("x") ** 2).sum(),
        conversion_largest=pl.col("x").max(),
        revenue_squares=(pl.col("money").cast(pl.Float64) ** 2).sum(),
        revenue_largest=pl.col("money").max(),
        revenue_smallest=pl.col("money").min(),
    )
    return (
        _totals(credited)
        .join(sums, on=KEY, validate="1:1")
        .pipe(with_bounds)
        .drop("conversion_squares", "conversion_largest", "revenue_squares", "revenue_largest", "revenue_smallest")
    )


def _totals(credited: pl.DataFrame) -> pl.DataFrame:
    goal, visit, lead = pl.col("is_goal"), pl.col("kind") == "visit", pl.col("kind") == "lead"
    credit, conversion, revenue = pl.col("credit"), pl.col("conversion_id"), pl.col("revenue_minor")
    valued = revenue.filter(goal).is_not_null().any()
    return (
        credited.sort(*KEY, "conversion_id", "placement_id", "episode_id")
        .group_by(KEY, maintain_order=True)
        .agg(
            conversions=credit.filter(goal).sum(),
            sample=conversion.filter(goal).n_unique().cast(pl.Int64),
            revenue_minor=pl.when(valued | ~goal.any()).then(revenue.filter(goal).sum()),
            visits=credit.filter(visit).sum(),
            visit_sample=conversion.filter(visit).n_unique().cast(pl.Int64),
            leads=credit.filter(lead).sum(),
            lead_sample=conversion.filter(lead).n_unique().cast(pl.Int64),
        )
        .sort(KEY)
    )


def with_bounds(totals: pl.DataFrame) -> pl.DataFrame:
    """Adds the gamma bounds of conversions and revenue.

    A count of nothing is one that could have been up to 3.69; money of nothing, or with a household that took back more
    than it paid, has no interval.
    """
    none_seen = pl.col("conversion_largest") <= 0
    largest = totals.select(pl.when(none_seen).then(1.0).otherwise("conversion_largest")).to_series()
    lower, upper = gamma_bounds(totals["conversions"], totals["conversion_squares"], largest)
    revenue = totals["revenue_minor"].fill_null(0)
    low, high = gamma_bounds(revenue, totals["revenue_squares"], totals["revenue_largest"])
    has_money = (pl.col("revenue_minor") > 0) & (pl.col("revenue_smallest") >= 0)
    return totals.with_columns(
        lower.alias("conversions_lower"),
        upper.alias("conversions_upper"),
        low.alias("revenue_lower"),
        high.alias("revenue_upper"),
    ).with_columns(pl.when(has_money).then(name).alias(name) for name in ("revenue_lower", "revenue_upper"))


def model_conversions(credited: pl.DataFrame, delivery: pl.DataFrame) -> pl.DataFrame:
    """Goal conversions as if all addresses responded like those that stand for one household.

    credited: as above, with placement_id and matched_by; delivery: tenant_id, scope_id, placement_id, impressions,
              usable_impressions
    returns:  the key, modelled_conversions: per placement A_household * I / I_household, and the credit of codes and
              answers as it is. Placements with under 20 % usable addresses or 5 such conversions keep their own
              number; null where no placement could be modelled.
    """
    place = ["tenant_id", "scope_id", "placement_id"]
    heard = delivery.group_by(place).agg(pl.col("impressions", "usable_impressions").sum())
    by_address = pl.col("matched_by").is_in(MATCHED_BY_ADDRESS)
    scale = pl.col("impressions") / pl.col("usable_impressions")
    can_model = (pl.col("usable_impressions") >= LEAST_USABLE_SHARE * pl.col("impressions")) & (
        pl.col("matched") >= FEWEST_TO_MODEL
    )
    return (
        credited.filter("is_goal")
        .sort(*KEY, "placement_id", "conversion_id", "episode_id")
        .group_by(*KEY, "placement_id", maintain_order=True)
        .agg(
            seen=pl.col("credit").filter(by_address).sum(),
            told=pl.col("credit").filter(~by_address).sum(),
            matched=pl.col("conversion_id").filter(by_address).n_unique(),
        )
        .join(heard, on=place, how="left", validate="m:1")
        .with_columns(can_model=can_model.fill_null(False))
        .with_columns(modelled=pl.col("told") + pl.when("can_model").then(pl.col("seen") * scale).otherwise("seen"))
        .group_by(KEY, maintain_order=True)
        .agg(modelled_conversions=pl.when(pl.col("can_model").any()).then(pl.col("modelled").sum()))
    )
