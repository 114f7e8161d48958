"""KPIs: every KPI of a campaign in long form, with its interval, its sample, and whether it may be shown.

Here: the definitions of the KPIs as ratios of totals, and the thresholds below which a ratio is not shown.
Not here: the totals (impressions.py, counting.py, spend.py, response.py), periods (period/), text for people
(reports).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import polars as pl

from assets.campaigns.delivery.terms import models_of
from assets.campaigns.results.intervals import wilson_bounds
from assets.campaigns.results.responders import count_responders
from assets.campaigns.results.response import COUNTED, model_conversions, respond
from assets.facade import renamed_parameters
from assets.frames import add_absent, ratio
from assets.grain import SCOPE, SCOPE_MODEL
from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS, LEAST_USABLE_SHARE

# What follows from totals alone, without knowing who responded.
FROM_TOTALS = ("conversions", "revenue", "cpa", "aov", "roas", "roi")

PER_THOUSAND = 1000.0
NONE = pl.lit(None, dtype=pl.Float64)

# The bounds of a count of which nothing was seen: chi2inv(0.975, 2) / 2.
NOTHING_SEEN = (0.0, 3.6888794541139363)


@dataclass(frozen=True, slots=True, eq=False)
class Kpi:
    """One number of a campaign.

    evidence: whether it is shown depends on its inputs not being null, or also on its sample, as a count or as a ratio.
    exact: an amount of money that is whole minor units and stands in amount_minor too. lacks_sample: where it holds,
    nothing but a larger sample is missing. confidence: the sample that decides how much it is trusted, where that is
    another one than decides whether it is shown.
    """

    name: str
    unit: Literal["count", "minor", "ratio"]
    value: pl.Expr
    lower: pl.Expr = field(default_factory=lambda: NONE)
    upper: pl.Expr = field(default_factory=lambda: NONE)
    sample: str = "impressions"
    evidence: Literal["inputs", "count", "ratio"] = "inputs"
    exact: bool = False
    lacks_sample: pl.Expr = field(default_factory=lambda: pl.lit(False))
    confidence: str | None = None


def _over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A ratio; null where either is not known or there is nothing to divide by."""
    return pl.when(whole > 0).then(ratio(part, whole))


@cache
def _delivery_kpis() -> list[Kpi]:
    impressions, spend, booked = pl.col("impressions"), pl.col("spend_minor"), pl.col("booked")
    return [
        Kpi("impressions", "count", impressions),
        Kpi("clicks", "count", pl.col("clicks")),
        Kpi("reach", "count", pl.col("households")),
        Kpi("listeners", "count", pl.col("consumers")),
        Kpi("frequency", "ratio", _over(impressions, pl.col("households"))),
        Kpi("delivery_rate", "ratio", _over(pl.col("delivered"), booked)),
        Kpi("expected", "count", pl.col("expected")),
        Kpi("pacing", "ratio", _over(pl.col("delivered"), pl.col("expected"))),
        Kpi("make_good", "count", pl.col("make_good")),
        Kpi("spend", "minor", spend, exact=True),
        Kpi("cpm", "minor", PER_THOUSAND * _over(pl.col("cost_minor"), booked)),
        Kpi("ecpm", "minor", PER_THOUSAND * _over(spend, impressions)),
    ]


@cache
def _response_kpis() -> list[Kpi]:
    spend, households = pl.col("spend_minor"), pl.col("households")
    conversions, revenue, margin = pl.col("conversions"), pl.col("revenue_minor"), pl.col("margin")
    conversions_least, conversions_most = pl.col("conversions_lower"), pl.col("conversions_upper")
    revenue_least, revenue_most = pl.col("revenue_lower"), pl.col("revenue_upper")
    visited, responded = (
        wilson_bounds(pl.min_horizontal(each, "households"), households) for each in ("visitors", "responders")
    )
    visit, lead = ({"evidence": "ratio", "sample": f"{kind}_sample"} for kind in ("visit", "lead"))
    # The sample of a rate is the households that it counts: its numerator.
    converting, visiting = ({"evidence": "ratio", "sample": each} for each in ("responders", "visitors"))
    return [
        Kpi("conversions", "count", conversions, conversions_least, conversions_most, "sample", "count"),
        Kpi(
            "modelled_conversions",
            "count",
            pl.col("modelled_conversions"),
            pl.col("modelled_lower"),
            pl.col("modelled_upper"),
            "sample",
            "ratio",
            lacks_sample=pl.col("is_usable"),
        ),
        Kpi("revenue", "minor", revenue, revenue_least, revenue_most, "valued_sample", "count", exact=True),
        Kpi("conversion_rate", "ratio", _share(pl.col("responders")), *responded, **converting),  # type: ignore[arg-type]
        Kpi("visitor_rate", "ratio", _share(pl.col("visitors")), *visited, **visiting),  # type: ignore[arg-type]
        Kpi("cpv", "minor", *_cost_of("visits"), **visit),  # type: ignore[arg-type]
        Kpi("cpl", "minor", *_cost_of("leads"), **lead),  # type: ignore[arg-type]
        Kpi("cpa", "minor", *_cost_of("conversions"), "sample", "ratio"),
        Kpi(
            "aov",
            "minor",
            _over(revenue, pl.col("valued_conversions")),
            pl.col("aov_lower"),
            pl.col("aov_upper"),
            "sample",
            "ratio",
            confidence="valued_sample",
        ),
        Kpi(
            "roas",
            "ratio",
            _over(revenue, spend),
            _over(revenue_least, spend),
            _over(revenue_most, spend),
            "sample",
            "ratio",
            confidence="valued_sample",
        ),
        Kpi(
            "roi",
            "ratio",
            _over(revenue * margin - spend, spend),
            _over(revenue_least * margin - spend, spend),
            _over(revenue_most * margin - spend, spend),
            "sample",
            "ratio",
            confidence="valued_sample",
        ),
    ]


def kpi_names() -> list[str]:
    """Every KPI that campaign_roi can hold."""
    return [kpi.name for kpi in (*_delivery_kpis(), *_response_kpis())]


def _cost_of(count: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Spend per one of them, with its bounds: the cheaper the more there were."""
    return tuple(_over(pl.col("spend_minor"), pl.col(name)) for name in (count, f"{count}_upper", f"{count}_lower"))  # type: ignore[return-value]


def _share(units: pl.Expr) -> pl.Expr:
    """Households that responded, of those reached. At most 1, also where a large reach is an estimate."""
    return _over(pl.min_horizontal(units, "households"), pl.col("households"))


@renamed_parameters(heard="first_ads")
def measure(
    scopes: pl.DataFrame,
    delivery: pl.DataFrame,
    reach: pl.DataFrame,
    spend: pl.DataFrame,
    credited: pl.DataFrame,
    models: Sequence[str],
    first_ads: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Every KPI of every scope under every model, and under the one that the scope leads with.

    scopes:   tenant_id, scope_id, currency, margin (null: not known), config_version, and if it leads with another
              model than those, default_model
    delivery: tenant_id, scope_id, placement_id, impressions, usable_impressions, mature_impressions, clicks
    reach:    tenant_id, scope_id, households, consumers
    spend:    tenant_id, scope_id, spend_minor, cost_minor, booked, expected, make_good (null: not known), delivered
              (since the start)
    credited: of response.respond, response.model_conversions and responders.count_responders
    first_ads: of responders.find_first_ads, of the same span; None: rates of households are not shown
    returns:  tenant_id, scope_id, model, kpi, unit, currency, amount_minor, estimate, lower, upper, sample, badge (ok,
              low_confidence, too_few, not_known), usable_share, mature_share, config_version, is_fallback (false)
    """
    response = respond(credited)
    more = [model_conversions(credited, delivery)]
    if first_ads is not None:
        more.append(count_responders(credited, first_ads))
    for each in more:
        response = response.join(each, on=SCOPE_MODEL, how="left", validate="1:1")
    wide = totals(models_of(scopes, SCOPE, models), scopes, delivery, reach, spend, response)
    return _in_long_form(wide, [*_delivery_kpis(), *_response_kpis()])


def measure_data_driven(
    scopes: pl.DataFrame,
    delivery: pl.DataFrame,
    reach: pl.DataFrame,
    spend: pl.DataFrame,
    response: pl.DataFrame,
    names: Sequence[str] = FROM_TOTALS,
) -> pl.DataFrame:
    """The KPIs that follow from totals, of the models that give totals and no credit per conversion.

    response: tenant_id, scope_id, model; conversions, sample, valued_conversions and valued_sample (may be left out:
              all have a value), revenue_minor and their bounds as in response.respond; is_fallback (they are those of
              linear): one row per scope and model
    names:    the KPIs of what came back; those of visits and leads need their columns of response.respond
    returns:  as measure. What needs to know who responded (rates of households, visits, leads, modelled conversions)
              has no rows.
    """
    wide = totals(response.select(SCOPE_MODEL), scopes, delivery, reach, spend, response)
    return _in_long_form(wide, [*_delivery_kpis(), *(kpi for kpi in _response_kpis() if kpi.name in names)])


def totals(
    grid: pl.DataFrame,
    scopes: pl.DataFrame,
    delivery: pl.DataFrame,
    reach: pl.DataFrame,
    spend: pl.DataFrame,
    response: pl.DataFrame,
) -> pl.DataFrame:
    """One row per scope and model of the grid with everything that the KPIs are ratios of; zeros where nothing is."""
    counts = ["impressions", "usable_impressions", "mature_impressions", "clicks"]
    usable = (pl.col("usable_impressions") >= LEAST_USABLE_SHARE * pl.col("impressions")) & (pl.col("impressions") > 0)
    per_placement = delivery.group_by(*SCOPE, "placement_id").agg(pl.col(counts).sum())
    delivered = per_placement.group_by(SCOPE).agg(pl.col(counts).sum(), is_usable=usable.any())
    numbers = ["conversions", "visits", "leads", "sample", "visit_sample", "lead_sample", "responders", "visitors"]
    # Totals made by hand may leave out how many of the conversions have a value: then all of them do.
    valued = {f"valued_{name}": pl.col(name) for name in ("conversions", "sample")}
    low, high = NOTHING_SEEN
    return (
        grid.join(scopes.drop("default_model", strict=False), on=SCOPE, validate="m:1")
        .join(delivered, on=SCOPE, how="left", validate="m:1")
        .join(reach.select(*SCOPE, "households", "consumers"), on=SCOPE, how="left", validate="m:1")
        .join(spend, on=SCOPE, how="left", validate="m:1")
        .join(response, on=SCOPE_MODEL, how="left", validate="1:1")
        .pipe(_with_missing, {name: pl.Float64() for name in ("visits", "leads", *_bounds_of("visits", "leads"))})
        .pipe(_with_missing, {name: pl.Int64() for name in ("visit_sample", "lead_sample", "responders", "visitors")})
        .pipe(_with_missing, {"is_fallback": pl.Boolean()})
        .with_columns(
            pl.col(*counts, "households", "consumers").fill_null(0),
            pl.col("revenue_minor").fill_null(pl.when(pl.col("sample").is_null()).then(0)),
            *(pl.col(f"{name}_lower").fill_null(low) for name in COUNTED),
            *(pl.col(f"{name}_upper").fill_null(high) for name in COUNTED),
            pl.col("is_fallback", "is_usable").fill_null(False),
        )
        .pipe(add_absent, valued)
        .with_columns(pl.col(*numbers, *valued).fill_null(0))
        .with_columns(
            usable_share=_over(pl.col("usable_impressions"), pl.col("impressions")),
            mature_share=_over(pl.col("mature_impressions"), pl.col("impressions")),
        )
    )


def _bounds_of(*counts: str) -> list[str]:
    return [f"{name}_{side}" for name in counts for side in ("lower", "upper")]


def _with_missing(frame: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame with those of the columns that it lacks, as nulls."""
    lacking = {name: dtype for name, dtype in columns.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in lacking.items())


def _in_long_form(wide: pl.DataFrame, kpis: Sequence[Kpi]) -> pl.DataFrame:
    return pl.concat([wide.select(*_columns_of(kpi)) for kpi in kpis]).sort(*SCOPE_MODEL, "kpi")


@cache
def _columns_of(kpi: Kpi) -> tuple[pl.Expr | str, ...]:
    """The columns of a KPI's rows; kept, because writing them costs half as much as computing them."""
    value, sample = kpi.value.cast(pl.Float64), pl.col(kpi.sample)
    too_few = sample < FEWEST_FOR_RATIOS
    shown = value.is_not_null() & (~too_few if kpi.evidence == "ratio" else pl.lit(True))
    small = pl.when(too_few).then(pl.lit("too_few")).when(pl.col(kpi.confidence or kpi.sample) < FEWEST_FOR_CONFIDENCE)
    confidence = (
        pl.lit("ok") if kpi.evidence == "inputs" else small.then(pl.lit("low_confidence")).otherwise(pl.lit("ok"))
    )
    has_inputs = pl.all_horizontal(pl.col(name).is_not_null() for name in kpi.value.meta.root_names())
    lacks_sample = kpi.lacks_sample | (too_few & has_inputs) if kpi.evidence == "ratio" else pl.lit(False)
    with_value = pl.when(value.is_not_null()).then(confidence)
    badge = with_value.when(lacks_sample).then(pl.lit("too_few")).otherwise(pl.lit("not_known"))
    amount = pl.when(shown).then(kpi.value).cast(pl.Int64) if kpi.exact else pl.lit(None, dtype=pl.Int64)
    return (
        *SCOPE_MODEL,
        pl.lit(kpi.name).alias("kpi"),
        pl.lit(kpi.unit).alias("unit"),
        (pl.col("currency") if kpi.unit == "minor" else pl.lit(None, dtype=pl.String)).alias("currency"),
        amount.alias("amount_minor"),
        pl.when(shown).then(value).alias("estimate"),
        pl.when(shown).then(kpi.lower.cast(pl.Float64)).alias("lower"),
        pl.when(shown).then(kpi.upper.cast(pl.Float64)).alias("upper"),
        sample.cast(pl.Float64).alias("sample"),
        badge.alias("badge"),
        "usable_share",
        "mature_share",
        "config_version",
        "is_fallback",
    )
