"""Models: how the credit of a conversion is shared among the touches of its path.

Here: one small function per model, registered under the field's name for it, and the normalised credits they give.
Not here: which touches stand on the path (paths.py), money (money.py).

A new model is one more function: with @model it is computed and stored every day, with @model_on_request it is made
from stored paths for campaigns that lead with it. The columns that it uses decide which columns paths need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.grain import AD_IN_EPISODE, CONVERSION
from sql.values import PermanentError

# The conventional split of the position-based ("U-shaped") model: 40 % first, 40 % last, 20 % between.
POSITION_ENDS = 0.4
# Adobe Analytics, attribution models: J-shaped gives 60 % to the last, 20 % to the first, 20 % to those between, and
# 75/25 where there are two touches; inverse J is its mirror.
J_STRONG, J_WEAK, J_PAIR = 0.6, 0.2, 0.75


@dataclass(frozen=True, slots=True)
class Touch:
    """What a model may use, as expressions over a frame of touches.

    count: touches of the path; half_lives: half-lives since the touch; fewest_half_lives: those of the path's youngest;
    last_paid: number of the last touch that is not excluded, else of the last; ends: the shares of the first and last
    touch under position_based.
    """

    number: pl.Expr = field(default_factory=lambda: pl.col("touch_no"))
    count: pl.Expr = field(default_factory=lambda: pl.col("_count"))
    half_lives: pl.Expr = field(default_factory=lambda: pl.col("_half_lives"))
    fewest_half_lives: pl.Expr = field(default_factory=lambda: pl.col("_fewest"))
    last_paid: pl.Expr = field(default_factory=lambda: pl.col("_last_paid"))
    ends: tuple[float, float] = (POSITION_ENDS, POSITION_ENDS)

    @property
    def halvings(self) -> pl.Expr:
        """The earlier name of half_lives."""
        return self.half_lives

    @property
    def fewest_halvings(self) -> pl.Expr:
        """The earlier name of fewest_half_lives."""
        return self.fewest_half_lives

    @property
    def is_first(self) -> pl.Expr:
        return self.number == 1

    @property
    def is_last(self) -> pl.Expr:
        return self.number == self.count


Model = Callable[[Touch], pl.Expr]
MODELS: dict[str, Model] = {}
# No part of the stored credits: a campaign that leads with one of these has it made from its stored paths.
EXTRA_MODELS: dict[str, Model] = {}


def model(function: Model) -> Model:
    """Register a model under its function's name. It returns a weight >= 0 per touch; weights are normalised later."""
    MODELS[function.__name__] = function
    return function


def model_on_request(function: Model) -> Model:
    """Register a model that is not stored every day."""
    EXTRA_MODELS[function.__name__] = function
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
    return pl.lit(2.0).pow(touch.fewest_half_lives - touch.half_lives)


@model
def position_based(touch: Touch) -> pl.Expr:
    """40 % to the first, 40 % to the last, 20 % among those between; two touches share alike."""
    first, last = touch.ends
    ends = pl.when(touch.is_first).then(first).when(touch.is_last).then(last)
    return ends.otherwise((1 - first - last) / (touch.count - 2))


@model_on_request
def last_paid_touch(touch: Touch) -> pl.Expr:
    """All to the last touch outside the excluded ones (column is_excluded); to the last if all are excluded."""
    return (touch.number == touch.last_paid).cast(pl.Float64)


@model_on_request
def j_shaped(touch: Touch) -> pl.Expr:
    """20 % to the first, 60 % to the last, 20 % among those between; 25/75 for two touches."""
    return _j_curve(touch, weak=touch.is_first, strong=touch.is_last)


@model_on_request
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


def credit_touches(touches: pl.DataFrame, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Every touch with its credit under each model: the touches once per model, with columns model and credit.

    touches: tenant_id, conversion_id, touch_no (from 1 on each path), for time_decay age_s and half_life_s, for
             last_paid_touch is_excluded; further columns stay
    Raises PermanentError for a name that is no model. Credits of one (conversion, model) sum to 1 within 1e-9.
    """
    chosen = list(MODELS) if names is None else list(names)
    return _stack(_credit_wide(touches, chosen).drop("_path"), touches.columns, chosen)


def credit_shows(touches: pl.DataFrame, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Credits summed over the touches of a placement and episode: the rows of attribution_credits.

    touches: of paths.build_paths
    returns: tenant_id, day, model, conversion_id, placement_id, episode_id, campaign_id, credit, config_version; model
             by model, in the order of tenant, conversion, placement and episode
    """
    chosen = list(MODELS) if names is None else list(names)
    carried = ["tenant_id", "day", "conversion_id", "campaign_id", "config_version"]
    shows = (
        _credit_wide(touches, chosen)
        .sort("_path", *AD_IN_EPISODE, maintain_order=True)
        .group_by("_path", *AD_IN_EPISODE, maintain_order=True)
        .agg(pl.col(carried).first(), pl.col([column_of(name) for name in chosen]).sum())
    )
    columns = ["tenant_id", "day", "model", "conversion_id", *AD_IN_EPISODE, "campaign_id", "credit", "config_version"]
    return _stack(shows, [*carried, *AD_IN_EPISODE], chosen).filter(pl.col("credit") > 0).select(columns)


def _credit_wide(touches: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The touches in the order of their paths, with a column of credit per model."""
    ordered = touches.sort(*CONVERSION, "touch_no")
    if any("_half_lives" in columns_of(name) for name in names):
        # Polars divides by a column that is flagged as constant as by a number: by its rounded inverse. Which columns
        # are constant depends on who else is in the frame, so what a path earns would, in its last digit.
        half_lives = ordered["age_s"].to_numpy() / ordered["half_life_s"].to_numpy()
        ordered = ordered.with_columns(pl.Series("_half_lives", half_lives))
    return credit_ordered(ordered, names).drop("_half_lives", strict=False)


def credit_ordered(ordered: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Touches that stand in the order of their paths, with the number _path and a column of credit per model.

    ordered: touch_no (from 1 on each path), for time_decay _half_lives, for last_paid_touch is_excluded
    """
    stretches = Stretches.of(ordered, names)
    paths = pl.Series("_path", stretches.spread(np.arange(len(stretches.firsts), dtype=np.uint32)))
    return ordered.with_columns(paths, *(stretches.credit(name).alias(column_of(name)) for name in names))


@dataclass(frozen=True, slots=True)
class Stretches:
    """Touches in the order of their paths, with what belongs to a whole path beside each of them.

    A path begins where touch_no is 1. What belongs to it is reduced once over its stretch of the frame and repeated
    over its touches: ten times faster than groups or windows over ids.
    """

    touches: pl.DataFrame
    firsts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    touch: Touch

    @classmethod
    def of(cls, ordered: pl.DataFrame, models: Iterable[str | Model], touch: Touch | None = None) -> Stretches:
        """ordered: as in credit_ordered; models: those whose credit will be computed."""
        firsts = (ordered["touch_no"] == 1).arg_true().to_numpy().astype(np.int64)
        lengths = np.diff(np.append(firsts, ordered.height))
        columns = set().union(*(columns_of(each) for each in models))
        facts = _path_facts(ordered, firsts, lengths, columns)
        beside = [pl.Series(name, np.repeat(values, lengths)) for name, values in facts.items()]
        return cls(ordered.with_columns(beside), firsts, lengths, touch or Touch())

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """One value per path as one per touch."""
        return np.repeat(values, self.lengths)

    def credit(self, model: str | Model) -> pl.Series:
        """The credit of each touch under a model: its weight by the sum of the weights on its path.

        Raises PermanentError where a path's weights sum to nothing, because then no touch could be credited.
        """
        weigh = _model_of(model)(self.touch).cast(pl.Float64).alias("weight")
        weight = self.touches.select("touch_no", weigh)["weight"].to_numpy()
        sums = _reduced(np.add, weight, self.firsts)
        if not (sums > 0).all():
            name = model if isinstance(model, str) else model.__name__
            raise PermanentError(f"model {name} gives no weight to any touch of a path: let weights sum to more than 0")
        return pl.Series("credit", weight / self.spread(sums))


def columns_of(model: str | Model) -> set[str]:
    """The columns that a model uses."""
    return set(_model_of(model)(Touch()).meta.root_names())


def _path_facts(
    ordered: pl.DataFrame, firsts: npt.NDArray[Any], lengths: npt.NDArray[Any], columns: set[str]
) -> dict[str, npt.NDArray[Any]]:
    """What models use of each path: its number of touches, the youngest, the last paid one."""
    facts = {"_count": lengths}
    if "_fewest" in columns:
        facts["_fewest"] = _reduced(np.minimum, ordered["_half_lives"].to_numpy(), firsts)
    if "_last_paid" in columns:
        number = ordered["touch_no"].to_numpy()
        paid = ~ordered["is_excluded"].to_numpy() if "is_excluded" in ordered.columns else number > 0
        last_paid = _reduced(np.maximum, np.where(paid, number, 0), firsts)
        facts["_last_paid"] = np.where(last_paid > 0, last_paid, lengths)
    return facts


def _reduced(how: np.ufunc, values: npt.NDArray[Any], firsts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One value per path."""
    return how.reduceat(values, firsts) if len(firsts) else values


def column_of(name: str) -> str:
    """The column of a model's credit in a wide frame."""
    return f"_credit_{name}"


def _stack(wide: pl.DataFrame, columns: list[str], names: list[str]) -> pl.DataFrame:
    """Wide credits under each other: the chosen columns, model and credit."""
    stacked = [wide.select(*columns, pl.lit(name).alias("model"), credit=column_of(name)) for name in names]
    return pl.concat(stacked)


def _model_of(name: str | Model) -> Model:
    if callable(name):
        return name
    models = {**MODELS, **EXTRA_MODELS}
    if name not in models:
        raise PermanentError(f"there is no attribution model {name!r}: choose one of {', '.join(models)}")
    return models[name]
