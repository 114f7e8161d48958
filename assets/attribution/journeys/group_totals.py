"""Group totals: what a set of placements, such as a campaign's, earns under the Markov model, and how sure that is.

Here: the journeys of one goal as a fitted chain, the part of all conversions and of their value that falls to a set of
placements, and what every household adds to it.
Not here: the chain and its derivatives (markov.py, influences.py), which placements are a campaign's and the bounds
made of the spread (assets/campaigns/results).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.attribution.journeys.influences import Chain, fit_chain, share_influences
from assets.attribution.journeys.markov import Floats, IndexedJourneys, Places, index_journeys, with_states
from assets.attribution.money import split_by_largest_remainder
from assets.frames import whole_sum
from assets.grain import CONVERSION

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FittedJourneys:
    """The journeys of one goal as a fitted chain.

    touches:     of reading.all_journeys, with state
    placements:  in the order of states; shares: of all conversions, by placement
    units:       of each journey, the number of its household (or of what stands for it)
    converted:   each conversion with its unit; conversions: their number by unit
    """

    touches: pl.DataFrame
    placements: pl.Series
    journeys: IndexedJourneys
    chain: Chain
    shares: Floats
    units: Places
    converted: pl.DataFrame
    conversions: Floats

    @classmethod
    def of(cls, goal: pl.DataFrame, conversions: pl.DataFrame) -> FittedJourneys:
        """goal: reading.all_journeys of one goal; conversions: CONVERSION, household_key, listener_id."""
        touches = with_states(goal.sort("path_id", "touch_no"), "placement_id")
        placements = touches["placement_id"].unique().sort()
        journeys = index_journeys(touches, len(placements))
        chain = fit_chain(journeys)
        effects = chain.effects[1:]
        firsts = _with_units(touches.filter(pl.col("touch_no") == 1), conversions)
        units = firsts["unit"].to_numpy().astype(np.int64)
        by_unit = np.bincount(units, weights=firsts["conversions"].to_numpy()).astype(np.float64)
        converted = firsts.filter(pl.col("conversions") > 0).select(*CONVERSION, "unit")
        return cls(touches, placements, journeys, chain, effects / effects.sum(), units, converted, by_unit)

    def total_of(self, group: pl.Series, values: pl.DataFrame) -> dict[str, float | int | None]:
        """What a set of placements earns, and its spread over households.

        group:   placement ids; those on no journey earn nothing
        values:  tenant_id, conversion_id, net_minor of the conversions whose value is known, in one currency
        returns: conversions, sample (conversions on whose path the group stands), valued_conversions and valued_sample
                 (those whose value is known), revenue_minor (null: no value is known), and what bounds are made of:
                 conversions_squares, conversions_largest, revenue_squares, revenue_smallest, valued_squares,
                 valued_households, products

        What a household adds is its influence: its own conversions in the group's share, and all conversions in what it
        moves the share by. These add up to the total, so the gamma interval holds as for sums of credits.
        """
        in_group = self.placements.is_in(group.implode()).to_numpy()
        share, size = float(self.shares[in_group].sum()), len(self.conversions)
        moved = np.bincount(self.units, weights=share_influences(self.journeys, self.chain, in_group), minlength=size)
        valued = self.converted.join(values, on=CONVERSION, validate="1:1", maintain_order="left")
        net = valued["net_minor"].cast(pl.Float64).to_numpy()
        units = valued["unit"].to_numpy()
        worth: Floats = np.bincount(units, weights=net, minlength=size).astype(np.float64)
        counted: Floats = np.bincount(units, minlength=size).astype(np.float64)
        total, money = int(self.conversions.sum()), int(valued.select(whole_sum(pl.col("net_minor"))).item())
        added = share * self.conversions + total * moved
        paid = share * worth + money * moved
        added_valued = share * counted + valued.height * moved
        touched = self._touched_by(in_group)
        return {
            "conversions": share * total,
            "sample": touched.height,
            "valued_conversions": share * valued.height,
            "valued_sample": touched.join(values, on=CONVERSION, how="semi").height,
            "revenue_minor": self._split(money, in_group) if valued.height else None,
            "conversions_squares": float((added**2).sum()),
            "conversions_largest": _largest(added, share * total),
            "revenue_squares": float((paid**2).sum()),
            "revenue_smallest": float(worth.min()),
            "valued_squares": float((added_valued**2).sum()),
            "valued_households": int((counted > 0).sum()),
            "products": float((added_valued * paid).sum()),
        }

    def _touched_by(self, in_group: Flags) -> pl.DataFrame:
        """CONVERSION of those on whose path one of the placements stands."""
        states = pl.Series(np.flatnonzero(in_group) + 1)
        touching = pl.col("state").cast(pl.Int64).is_in(states.implode()) & (pl.col("conversions") > 0)
        return self.touches.filter(touching).unique("path_id").select(CONVERSION)

    def _split(self, money: int, in_group: Flags) -> int:
        """The group's part of the money, split over all placements so that they sum to it."""
        frame = pl.DataFrame({"placement": self.placements, "share": self.shares}).with_columns(
            total=pl.lit(money, dtype=pl.Int64), whole=0
        )
        parts = split_by_largest_remainder(frame, "total", "share", ["whole"], ["placement"])
        return int(parts.filter(pl.Series(in_group)).sum())


def _with_units(firsts: pl.DataFrame, conversions: pl.DataFrame) -> pl.DataFrame:
    """Journeys, one row each, with the number of the household that went through them, from 0."""
    who = conversions.select(*CONVERSION, "listener_id", bought_by="household_key")
    keyed = firsts.join(who, on=CONVERSION, how="left", validate="m:1", maintain_order="left").with_columns(
        household_key=pl.coalesce("household_key", "bought_by")
    )
    alone = pl.when(pl.col("household_key").is_null()).then(_alone(firsts))
    unit = ["household_key", "alone"]
    named = keyed.with_columns(alone=alone)
    numbers = named.select(unit).unique(maintain_order=True).with_row_index("unit")
    return named.join(numbers, on=unit, validate="m:1", nulls_equal=True, maintain_order="left")


def _largest(added: Floats, total: float) -> float:
    """The most that a household adds, which counts as the one that may come next.

    At least an average one, weighted by what it adds: what moves a share down is negative, and then the largest alone
    says too little.
    """
    largest = float(added.max())
    return max(largest, float((added**2).sum()) / total) if total > 0 else largest


def _alone(firsts: pl.DataFrame) -> pl.Expr:
    """Who converted where no household is known: the listener, else each conversion by itself."""
    ids = firsts.schema["conversion_id"]
    text = pl.col("conversion_id").bin.encode("hex") if ids == pl.Binary else pl.col("conversion_id").cast(pl.String)
    return pl.coalesce(pl.lit("listener ") + pl.col("listener_id"), pl.lit("conversion ") + text)
