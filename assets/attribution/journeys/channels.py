"""Channels: credit for paths that are ready-made, as other tools export them: paths in, credits out, no database.

Here: every model over the same columns, per touch, as totals per channel, and as removal effects.
Not here: the models' formulas (models.py, counterfactual.py, markov.py), reading (exported_paths.py), building paths
(paths.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from assets.attribution.journeys import markov
from assets.attribution.journeys.counterfactual import counterfactual_credits, earned_by_counterfactual
from assets.attribution.journeys.exported_paths import SEPARATOR, IndexedPaths, index_paths
from assets.attribution.journeys.markov import Floats
from assets.attribution.models import EXTRA_MODELS, MODELS, POSITION_ENDS, Model, Stretches, Touch, columns_of
from assets.frames import MissingColumnsError
from reports.thresholds import FEWEST_TO_FIT
from sql.values import PermanentError

# Models with a credit for each touch of a path, and those that need whole sets of paths.
PER_PATH = (*MODELS, *EXTRA_MODELS, "counterfactual")
ALL_MODELS = (*PER_PATH, "markov")

# Models fitted to whole sets of paths, which need enough conversions.
DATA_DRIVEN = ("counterfactual", "markov")

# Models by name; those that are no function of single touches are their name.
Chosen = dict[str, str | Model]

HALF_LIFE = 7.0


@dataclass(frozen=True, slots=True)
class Conventions:
    """Where the field's tools differ; the defaults are Earshot's.

    half_life:        of time_decay, in days, or in touches where decay_by is position
    decay_by:         age: by how long before the conversion (age_days); position: by how many touches came after
    whole_half_lives: count only half-lives that are complete, as tools do that decay in steps
    ends:             what position_based gives to the first and to the last of three or more touches; two touches share
                      in proportion
    excluded:         channels that last_paid_touch passes over, such as direct visits; beside is_excluded
    separator:        what stands between channels where paths are text
    """

    half_life: float = HALF_LIFE
    decay_by: Literal["age", "position"] = "age"
    whole_half_lives: bool = False
    ends: tuple[float, float] = (POSITION_ENDS, POSITION_ENDS)
    excluded: Collection[str] = ()
    separator: str = SEPARATOR

    def __post_init__(self) -> None:
        if self.half_life <= 0:
            raise PermanentError(f"a half-life is longer than nothing; got {self.half_life}")
        if min(self.ends) <= 0 or sum(self.ends) > 1:
            raise PermanentError(f"the ends of a path get shares above 0 that sum to at most 1; got {self.ends}")
        if self.decay_by not in ("age", "position"):
            raise PermanentError(f"touches decay by age or by position, not by {self.decay_by!r}")


DEFAULTS = Conventions()


def credit_paths(
    paths: pl.DataFrame | IndexedPaths, models: Iterable[str | Model] | None = None, conventions: Conventions = DEFAULTS
) -> pl.DataFrame:
    """The credit of each touch under each model that has one.

    paths:   as in index_paths: one row per touch, or one per path
    models:  names, or functions like those in models.py; by default all that the columns allow: time_decay needs
             age_days (or touched_at), last_paid_touch is_excluded, counterfactual conversions and
             nulls (or converted); markov has no credit of single touches, see channel_totals
    returns: model, path_id, touch_no, channel, credit; per path and model they sum to 1
    Raises PermanentError for an unknown model, MissingColumnsError for missing columns, PathError for no paths in them.

    >>> path = pl.DataFrame({"path": ["video > mail > search"]})
    >>> credit_paths(path, ["j_shaped"]).select("channel", "credit").rows()
    [('video', 0.2), ('mail', 0.2), ('search', 0.6)]
    """
    indexed = _indexed(paths, conventions)
    chosen = _chosen(indexed, models, PER_PATH, conventions)
    stretches = _stretches(indexed, chosen.values(), conventions)
    touches = pl.DataFrame(
        {
            "path_id": indexed.ids.gather(indexed.spread(np.arange(len(indexed.firsts)))),
            "touch_no": indexed.numbers(),
            "channel": indexed.channels.gather(indexed.state),
        }
    )
    credited = [
        touches.select(pl.lit(name).alias("model"), pl.all(), credit=_credit(indexed, stretches, each))
        for name, each in chosen.items()
    ]
    return pl.concat(credited) if credited else touches.clear().select(model=pl.lit(""), credit=pl.lit(0.0))


def channel_totals(
    paths: pl.DataFrame | IndexedPaths,
    models: Iterable[str | Model] | None = None,
    fewest_conversions: int = FEWEST_TO_FIT,
    conventions: Conventions = DEFAULTS,
) -> pl.DataFrame:
    """What each channel earns under each model; under each of them the channels sum to all conversions and value.

    paths:   as in index_paths. Journeys without a touch earn no channel anything.
    models:  by default all that the columns allow, see credit_paths
    returns: model, channel, conversions, value, fitted_by (the model, or linear where markov or counterfactual has
             fewer than fewest_conversions to be fitted to), in the order of models and channels

    >>> paths = pl.DataFrame({"path": ["ads", "mail", "ads > mail"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]})
    >>> channel_totals(paths, ["markov"], fewest_conversions=1).select("channel", pl.col("conversions").round(6)).rows()
    [('ads', 2.4), ('mail', 1.6)]
    """
    indexed = _indexed(paths, conventions)
    chosen = _chosen(indexed, models, ALL_MODELS, conventions)
    enough = indexed.conversions.sum() >= max(fewest_conversions, 1)
    fitted = {name: each if enough or name not in DATA_DRIVEN else "linear" for name, each in chosen.items()}
    earning = indexed.earning
    stretches = _stretches(earning, fitted.values(), conventions)
    totals = []
    for name, fitted_by in fitted.items():
        if fitted_by == "markov":
            earned = _earned_by_markov(indexed)
        elif fitted_by == "counterfactual":
            earned = earned_by_counterfactual(indexed)
        else:
            earned = _earned(earning, stretches.credit(fitted_by).to_numpy())
        labels = {"model": pl.lit(name), "fitted_by": pl.lit("linear" if fitted_by == "linear" else name)}
        columns = {"channel": indexed.channels, "conversions": earned[0], "value": earned[1]}
        totals.append(pl.DataFrame(columns).with_columns(**labels))
    return pl.concat(totals).select("model", "channel", "conversions", "value", "fitted_by")


def removal_effects(
    paths: pl.DataFrame | IndexedPaths, unearning: bool = False, conventions: Conventions = DEFAULTS
) -> pl.DataFrame:
    """The share of all conversions that would be lost without each channel, however few there are.

    paths:     as in index_paths
    unearning: let channels that stand on no converting path have an effect too, as the bare chain has it: it mixes
               journeys, so they may lead from one to the other. Earshot gives them 0.
    returns:   channel, removal_effect, share (of the sum of effects), conversions (share times all)

    >>> paths = pl.DataFrame({"path": ["C1 > C2 > C3", "C1", "C2 > C3"], "conversions": [1, 0, 0], "nulls": [0, 1, 1]})
    >>> removal_effects(paths).select("channel", pl.col("removal_effect", "share").round(6)).rows()
    [('C1', 0.5, 0.2), ('C2', 1.0, 0.4), ('C3', 1.0, 0.4)]
    """
    indexed = _indexed(paths, conventions)
    total = indexed.conversions.sum()
    effects = markov.removal_effects(indexed.journeys(), unearning) if total else np.zeros(len(indexed.channels))
    shares = effects / (effects.sum() or 1.0)
    columns = {"removal_effect": effects, "share": shares, "conversions": shares * total}
    return pl.DataFrame({"channel": indexed.channels, **columns})


def _indexed(paths: pl.DataFrame | IndexedPaths, conventions: Conventions) -> IndexedPaths:
    return paths if isinstance(paths, IndexedPaths) else index_paths(paths, conventions.separator)


def _chosen(
    indexed: IndexedPaths, models: Iterable[str | Model] | None, allowed: tuple[str, ...], conventions: Conventions
) -> Chosen:
    """The chosen models by name, checked against what exists and what the paths hold."""
    if models is None:
        return {name: name for name in allowed if not _lacking(indexed, name, conventions)}
    chosen: Chosen = {each if isinstance(each, str) else each.__name__: each for each in models}
    for name, each in chosen.items():
        if isinstance(each, str) and each not in allowed:
            raise PermanentError(f"there is no model {name!r} for this: choose one of {', '.join(allowed)}")
        lacking = _lacking(indexed, each, conventions)
        if lacking:
            raise MissingColumnsError(f"model {name} needs the columns {lacking}: add them to the paths")
    return chosen


def _lacking(indexed: IndexedPaths, model: str | Model, conventions: Conventions) -> str:
    """The columns that the model needs and the paths lack, as text."""
    if model in DATA_DRIVEN:
        return "" if indexed.has_failures else "conversions and nulls (or converted)"
    columns = columns_of(model)
    if "_half_lives" in columns and "age_days" not in indexed.facts and conventions.decay_by == "age":
        return "age_days (or touched_at)"
    if "_last_paid" in columns and "is_excluded" not in indexed.facts and not conventions.excluded:
        return "is_excluded"
    return ""


def _stretches(indexed: IndexedPaths, models: Iterable[str | Model], conventions: Conventions) -> Stretches:
    columns: dict[str, pl.Series] = {"touch_no": pl.Series(indexed.numbers())}
    of_touches = [each for each in models if each not in DATA_DRIVEN]
    needed = set().union(*(columns_of(each) for each in of_touches))
    if "_half_lives" in needed:
        columns["_half_lives"] = pl.Series(_half_lives(indexed, conventions))
    if "_last_paid" in needed:
        left_out = indexed.channels.is_in(list(conventions.excluded)).to_numpy()[indexed.state]
        columns["is_excluded"] = pl.Series(indexed.facts.get("is_excluded", False) | left_out)
    return Stretches.of(pl.DataFrame(columns), of_touches, Touch(ends=conventions.ends))


def _half_lives(indexed: IndexedPaths, conventions: Conventions) -> Floats:
    by_age = conventions.decay_by == "age"
    elapsed = indexed.facts["age_days"] if by_age else indexed.spread(indexed.lengths) - indexed.numbers()
    half_lives: Floats = elapsed / conventions.half_life
    return np.floor(half_lives) if conventions.whole_half_lives else half_lives


def _credit(indexed: IndexedPaths, stretches: Stretches, model: str | Model) -> pl.Series:
    return pl.Series(counterfactual_credits(indexed)) if model == "counterfactual" else stretches.credit(model)


def _earned(earning: IndexedPaths, credit: Floats) -> tuple[Floats, Floats]:
    """Conversions and value of each channel."""
    conversions, value = (
        np.bincount(earning.state, credit * earning.spread(amount), len(earning.channels)).astype(np.float64)
        for amount in (earning.conversions, earning.value)
    )
    return conversions, value


def _earned_by_markov(indexed: IndexedPaths) -> tuple[Floats, Floats]:
    effects = markov.removal_effects(indexed.journeys())
    shares = effects / effects.sum()
    return shares * indexed.conversions.sum(), shares * indexed.value.sum()
