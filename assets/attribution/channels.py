"""Channels: credit for paths that are ready-made, as other tools export them: paths in, credits out, no database.

Here: every model over the same five columns, per touch and as totals per channel.
Not here: the models' formulas (models.py, counterfactual.py, markov.py), building paths (paths.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from assets.attribution.counterfactual import counterfactual_credits
from assets.attribution.markov import FEWEST_CONVERSIONS, removal_effects, walks_of, with_states
from assets.attribution.models import EXTRA_MODELS, MODELS, column_of, credit_ordered
from sql.values import PermanentError

# What each touch of a path gets, and what only whole sets of paths can tell.
PER_PATH = (*MODELS, *EXTRA_MODELS, "counterfactual")
ALL_MODELS = (*PER_PATH, "markov")

# Models of whole sets of paths, which need enough conversions to learn from.
LEARNT = ("counterfactual", "markov")

NEEDS = {
    "time_decay": ["age_days"],
    "last_paid_touch": ["is_excluded"],
    "counterfactual": ["conversions", "nulls"],
    "markov": ["conversions", "nulls"],
}

HALF_LIFE_DAYS = 7.0


def credit_paths(paths: pl.DataFrame, models: Iterable[str] | None = None) -> pl.DataFrame:
    """The credit of each touch under each model that can tell it.

    paths:   path_id, touch_no (1, 2, ... on each path), channel; where asked for: age_days (before the conversion) for
             time_decay, whose half-life is 7 days, is_excluded for last_paid_touch, conversions and nulls (how many
             journeys took the path and converted or did not) for counterfactual
    models:  by default all that the columns allow; markov has none, see channel_totals
    returns: model, path_id, touch_no, channel, credit; per path and model they sum to 1
    Raises PermanentError for an unknown model, or one whose columns are missing.

    >>> path = pl.DataFrame({"path_id": [1] * 3, "touch_no": [1, 2, 3], "channel": ["video", "mail", "search"]})
    >>> credit_paths(path, ["j_shaped"]).select("channel", "credit").rows()
    [('video', 0.2), ('mail', 0.2), ('search', 0.6)]
    """
    chosen = _chosen(paths, models, PER_PATH)
    wide = _credit_wide(_in_order(paths), chosen)
    told = ["path_id", "touch_no", "channel"]
    return pl.concat([wide.select(pl.lit(name).alias("model"), *told, credit=column_of(name)) for name in chosen])


def channel_totals(
    paths: pl.DataFrame, models: Iterable[str] | None = None, fewest_conversions: int = FEWEST_CONVERSIONS
) -> pl.DataFrame:
    """What each channel earns under each model; under each of them the channels sum to all conversions and value.

    paths:   as in credit_paths, with conversions, and if known value (of all conversions of the path together) and
             nulls (how many journeys took the path and did not convert)
    models:  by default all that the columns allow
    returns: model, channel, conversions, value, fitted_by (the model, or linear where markov or counterfactual has
             fewer than fewest_conversions to learn from), in the order of models and channels

    >>> paths = pl.DataFrame({
    ...     "path_id": [1, 2, 3, 3], "touch_no": [1, 1, 1, 2], "channel": ["ads", "mail", "ads", "mail"],
    ...     "conversions": [2, 1, 1, 1], "nulls": [1, 0, 0, 0],
    ... })
    >>> channel_totals(paths, ["markov"], fewest_conversions=1).select("channel", pl.col("conversions").round(6)).rows()
    [('ads', 2.4), ('mail', 1.6)]
    """
    chosen = _chosen(paths, models, ALL_MODELS)
    ordered = with_states(_in_order(paths), "channel")
    channels = ordered["channel"].unique().sort()
    walks = walks_of(ordered, len(channels))
    worth = {"conversions": walks.conversions, "value": ordered["value"].cast(pl.Float64).to_numpy()}
    # One model at a time over what models look at, so that memory does not grow with the number of models.
    needed = ordered.select(pl.col("touch_no", "state", "conversions", "nulls", "^age_days|is_excluded$"))
    enough = walks.conversions[walks.ends].sum() >= max(fewest_conversions, 1)
    fitted = {name: name if enough or name not in LEARNT else "linear" for name in chosen}
    effects = removal_effects(walks) if "markov" in fitted.values() else np.ones(walks.size)
    told = []
    for name, fitted_by in fitted.items():
        if fitted_by == "markov":
            earned = {what: effects / effects.sum() * amount[walks.ends].sum() for what, amount in worth.items()}
        else:
            credit = _credit_wide(needed, [fitted_by])[column_of(fitted_by)].to_numpy()
            earned = {
                what: np.bincount(walks.state - 1, weights=credit * amount, minlength=walks.size)
                for what, amount in worth.items()
            }
        labels = {"model": pl.lit(name), "fitted_by": pl.lit(fitted_by)}
        told.append(pl.DataFrame({"channel": channels, **earned}).with_columns(**labels))
    return pl.concat(told).select("model", "channel", "conversions", "value", "fitted_by")


def _chosen(paths: pl.DataFrame, models: Iterable[str] | None, known: tuple[str, ...]) -> list[str]:
    """The asked models, checked against what exists and what the frame holds."""
    held = set(paths.columns)
    if models is None:
        return [name for name in known if held.issuperset(NEEDS.get(name, []))]
    chosen = list(models)
    for name in chosen:
        if name not in known:
            raise PermanentError(f"there is no model {name!r} for this: choose one of {', '.join(known)}")
        missing = [column for column in NEEDS.get(name, []) if column not in held]
        if missing:
            raise PermanentError(f"model {name} needs the columns {', '.join(missing)}: add them to the paths")
    return chosen


def _in_order(paths: pl.DataFrame) -> pl.DataFrame:
    """The touches path by path, sorted only if they are not yet, with 0 where value or nulls are not given."""
    given = [pl.lit(0.0).alias(name) for name in ("conversions", "value", "nulls") if name not in paths.columns]
    same_path = pl.col("path_id") == pl.col("path_id").shift()
    follows = same_path & (pl.col("touch_no") == pl.col("touch_no").shift() + 1)
    starts = (pl.col("path_id") > pl.col("path_id").shift()) & (pl.col("touch_no") == 1)
    is_ordered = paths.select((follows | starts).slice(1).all()).item()
    ordered = paths if is_ordered else paths.sort("path_id", "touch_no")
    if not ordered.select((follows | (~same_path).fill_null(True) & (pl.col("touch_no") == 1)).all()).item():
        raise PermanentError("the touches of a path are numbered 1, 2, ... without gaps or repeats: number them anew")
    return ordered.with_columns(given)


def _credit_wide(ordered: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    per_touch = [name for name in names if name != "counterfactual"]
    if "time_decay" in names:
        ordered = ordered.with_columns(_halvings=pl.col("age_days") / HALF_LIFE_DAYS)
    wide = credit_ordered(ordered, per_touch)
    if "counterfactual" in names:
        states = ordered if "state" in ordered.columns else with_states(ordered, "channel")
        wide = wide.with_columns(counterfactual_credits(states).alias(column_of("counterfactual")))
    return wide
