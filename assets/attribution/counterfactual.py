"""Counterfactual: what a touch adds to the chance of converting, by the same journey without it.

Here: P(conversion | path) - P(conversion | path without the touch), never negative, normalised per path.
Not here: models that look at one path alone (models.py), removal of a placement from all paths (markov.py).
"""

from __future__ import annotations

import polars as pl

# A path is written as text, one character per channel. Characters from here on print, and the range that UTF-16 keeps
# for itself is left out, because it has no characters.
FIRST_CHARACTER, FIRST_SURROGATE, SURROGATES = 0x21, 0xD800, 0x800


def counterfactual_credits(ordered: pl.DataFrame) -> pl.Series:
    """The credit of each touch, in the order of the frame; on every path they sum to 1.

    ordered: touch_no (from 1), state (the channel, from 1), conversions and nulls (how many journeys took this path and
             converted or did not), in the order of paths

    Only the touch itself is taken out: what stands beside it stays as it is. A path that nobody took has no chance of
    converting. Where no touch adds anything, all goes to the last.
    Source: fractional attribution as in Google's fractribution, where it is called a Shapley value; it is none.
    """
    paths = _write_paths(ordered)
    chances = (
        paths.group_by("key", maintain_order=True)
        .agg(pl.col("conversions", "nulls").sum())
        .filter(pl.col("conversions") > 0)
        .select("key", chance=pl.col("conversions") / (pl.col("conversions") + pl.col("nulls")))
    )
    credited = _credit_distinct(chances)
    first = (
        credited.group_by("key", maintain_order=True)
        .agg(pl.len())
        .with_columns(at=pl.col("len").cum_sum() - pl.col("len"))
    )
    at = paths.join(first, on="key", how="left", validate="m:1", maintain_order="left")["at"]
    touches = ordered.select("touch_no", _path=((pl.col("touch_no") == 1).cum_sum() - 1))
    place = at.gather(touches["_path"]) + touches["touch_no"] - 1
    is_last = touches["touch_no"].shift(-1, fill_value=1) == 1
    return credited["credit"].gather(place).fill_null(is_last.cast(pl.Float64)).alias("credit")


def _write_paths(ordered: pl.DataFrame) -> pl.DataFrame:
    """One row per path with its channels as text."""
    states = ordered["state"].unique().sort()
    written = pl.DataFrame({"state": states, "character": [_character(state) for state in states]})
    return (
        ordered.select("state", "conversions", "nulls", _path=(pl.col("touch_no") == 1).cum_sum())
        .join(written, on="state", validate="m:1", maintain_order="left")
        .group_by("_path", maintain_order=True)
        .agg(pl.col("character").str.join(""), pl.col("conversions", "nulls").first())
        .rename({"character": "key"})
    )


def _character(state: int) -> str:
    code = state + FIRST_CHARACTER
    return chr(code if code < FIRST_SURROGATE else code + SURROGATES)


def _credit_distinct(chances: pl.DataFrame) -> pl.DataFrame:
    """The credits of each converting path's touches under each other: key, credit."""
    key, place = pl.col("key"), pl.col("place")
    touches = (
        chances.with_columns(place=pl.int_ranges(0, key.str.len_chars()))
        .explode("place", empty_as_null=True)
        .with_columns(without=key.str.slice(0, place) + key.str.slice(place + 1))
        .join(
            chances.rename({"key": "without", "chance": "chance_without"}),
            on="without",
            how="left",
            validate="m:1",
            maintain_order="left",
        )
    )
    gain = pl.max_horizontal(pl.col("chance") - pl.col("chance_without").fill_null(0.0), 0.0)
    path = (place == 0).cum_sum() - 1
    gained = touches.select("key", "place", gain=gain, path=path)
    sums = gained.group_by("path", maintain_order=True).agg(pl.col("gain").sum())["gain"].gather(gained["path"])
    is_last = (gained["place"].shift(-1, fill_value=0) == 0).cast(pl.Float64)
    return gained.select("key", credit=pl.when(sums > 0).then(pl.col("gain") / sums).otherwise(is_last))
