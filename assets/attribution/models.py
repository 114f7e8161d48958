"""Models: how the credit of a conversion is shared among the touches of its path.

Here: one small function per model, registered under the field's name for it, and the normalised credits they give.
Not here: which touches stand on the path (paths.py), money (money.py). A new model is one more function with @model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import polars as pl

from sql.values import PermanentError

PATH = ["tenant_id", "conversion_id"]
SHOW = ["placement_id", "episode_id"]

# The conventional split of the position-based ("U-shaped") model: 40 % first, 40 % last, 20 % between.
POSITION_ENDS = 0.4
# Adobe Analytics, attribution models: J-shaped gives 60 % to the last, 20 % to the first, 20 % to those between, and
# 75/25 where there are two touches; inverse J is its mirror.
J_STRONG, J_WEAK, J_PAIR = 0.6, 0.2, 0.75


@dataclass(frozen=True, slots=True)
class Touch:
    """What a model may look at: expressions over a frame of touches, sorted by path and touch_no."""

    number: pl.Expr = field(default_factory=lambda: pl.col("touch_no"))
    count: pl.Expr = field(default_factory=lambda: pl.len().over(PATH))
    age_s: pl.Expr = field(default_factory=lambda: pl.col("age_s"))
    half_life_s: pl.Expr = field(default_factory=lambda: pl.col("half_life_s"))

    @property
    def is_first(self) -> pl.Expr:
        return self.number == 1

    @property
    def is_last(self) -> pl.Expr:
        return self.number == self.count


Model = Callable[[Touch], pl.Expr]
MODELS: dict[str, Model] = {}


def model(function: Model) -> Model:
    """Register a model under its function's name. It returns a weight >= 0 per touch; weights are normalised later."""
    MODELS[function.__name__] = function
    return function


@model
def first_touch(touch: Touch) -> pl.Expr:
    """All to the first touch."""
    return touch.is_first.cast(pl.Float64)


@model
def last_touch(touch: Touch) -> pl.Expr:
    """All to the last touch."""
    return touch.is_last.cast(pl.Float64)


@model
def linear(touch: Touch) -> pl.Expr:
    """The same to each touch."""
    return 0.0 * touch.number + 1.0


@model
def time_decay(touch: Touch) -> pl.Expr:
    """2^(-age / half-life): half as much for each half-life that a touch is older.

    Ages are taken against the youngest of the path, which changes no share and keeps old paths from underflowing.
    """
    halvings = touch.age_s / touch.half_life_s
    return pl.lit(2.0).pow(halvings.min().over(PATH) - halvings)


@model
def position_based(touch: Touch) -> pl.Expr:
    """40 % to the first, 40 % to the last, 20 % among those between; two touches share alike."""
    ends = pl.when(touch.is_first | touch.is_last).then(POSITION_ENDS)
    return ends.otherwise((1 - 2 * POSITION_ENDS) / (touch.count - 2))


def j_shaped(touch: Touch) -> pl.Expr:
    """20 % to the first, 60 % to the last, 20 % among those between; 25/75 for two touches."""
    return _j_curve(touch, weak=touch.is_first, strong=touch.is_last)


def inverse_j(touch: Touch) -> pl.Expr:
    """60 % to the first, 20 % to the last, 20 % among those between; 75/25 for two touches."""
    return _j_curve(touch, weak=touch.is_last, strong=touch.is_first)


def _j_curve(touch: Touch, weak: pl.Expr, strong: pl.Expr) -> pl.Expr:
    pair = touch.count == 2
    return (
        pl.when(strong)
        .then(pl.when(pair).then(J_PAIR).otherwise(J_STRONG))
        .when(weak)
        .then(pl.when(pair).then(1 - J_PAIR).otherwise(J_WEAK))
        .otherwise((1 - J_STRONG - J_WEAK) / (touch.count - 2))
    )


# Known and checked, but no part of the daily results.
EXTRA_MODELS: dict[str, Model] = {"j_shaped": j_shaped, "inverse_j": inverse_j}


def credit_touches(touches: pl.DataFrame, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Every touch with its credit under each model: the touches once per model, with columns model and credit.

    touches: tenant_id, conversion_id, touch_no, age_s, half_life_s; further columns stay
    Raises PermanentError for a name that is no model. Credits of one (conversion, model) sum to 1 within 1e-9.
    """
    chosen = list(MODELS) if names is None else list(names)
    ordered = touches.sort(*PATH, "touch_no")
    weighted = [
        ordered.with_columns(model=pl.lit(name), weight=_model_of(name)(Touch()).cast(pl.Float64)) for name in chosen
    ]
    if not weighted:
        return ordered.clear().with_columns(model=pl.lit(""), credit=pl.lit(0.0))
    return (
        pl.concat(weighted)
        .with_columns(credit=pl.col("weight") / pl.col("weight").sum().over([*PATH, "model"]))
        .drop("weight")
    )


def credit_shows(touches: pl.DataFrame, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Credits summed over the touches of a placement and episode: the rows of attribution_credits.

    touches: of paths.build_paths
    returns: tenant_id, day, model, conversion_id, placement_id, episode_id, campaign_id, credit, config_version
    """
    key = ["tenant_id", "day", "model", "conversion_id", *SHOW]
    return (
        credit_touches(touches, names)
        .group_by(key, maintain_order=True)
        .agg(pl.col("campaign_id").first(), pl.col("credit").sum(), pl.col("config_version").max())
        .filter(pl.col("credit") > 0)
        .sort(key)
        .select(*key, "campaign_id", "credit", "config_version")
    )


def _model_of(name: str) -> Model:
    known = {**MODELS, **EXTRA_MODELS}
    if name not in known:
        raise PermanentError(f"there is no attribution model {name!r}: choose one of {', '.join(known)}")
    return known[name]
