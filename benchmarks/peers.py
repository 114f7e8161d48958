"""Peers: one other package on the same journeys, run by the Python of that package's own environment.

Here: reading the distinct paths, the package's linear and Markov models, the seconds of each.
Not here: Earshot: this program imports nothing of it, and is given its package and file on the command line.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Table = dict[str, list[Any]]


def read_paths(name: str) -> Table:
    """The columns path, conversions, nulls and value."""
    with open(name, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told: Table = {"path": [row["path"] for row in rows]}
    for column in ("conversions", "nulls", "value"):
        told[column] = [int(row[column]) for row in rows]
    return told


def channel_attribution(paths: Table) -> dict[str, Callable[[], Any]]:
    """ChannelAttribution takes paths with their counts."""
    import ChannelAttribution
    import pandas

    frame = pandas.DataFrame(paths)
    return {
        "linear": lambda: ChannelAttribution.heuristic_models(frame, "path", "conversions", var_value="value"),
        "markov": lambda: ChannelAttribution.markov_model(
            frame, "path", "conversions", var_value="value", var_null="nulls"
        ),
    }


def marketing_attribution_models(paths: Table) -> dict[str, Callable[[], Any]]:
    """The package of DP6 takes each path once per outcome, with how often it occurred."""
    import polars
    from mam import MAM

    frame = polars.DataFrame(paths)
    outcomes = [
        frame.select("path", polars.lit(won).alias("conversion"), occurrences=count).filter(
            polars.col("occurrences") > 0
        )
        for won, count in ((True, "conversions"), (False, "nulls"))
    ]
    made = MAM(
        df=polars.concat(outcomes),
        format_type="grouped_journey",
        channels_colname="path",
        journey_with_conv_colname="conversion",
        occurrences_colname="occurrences",
    )
    return {"linear": lambda: made.run_linear().to_polars(), "markov": lambda: made.run_markov().to_polars()}


def do_attribution(paths: Table) -> dict[str, Callable[[], Any]]:
    """do-attribution takes each path once per outcome, with a weight; it has no linear model."""
    from do_attribution import MarkovAttribution

    both = [
        (path, outcome, count)
        for path, won, lost in zip(paths["path"], paths["conversions"], paths["nulls"], strict=True)
        for outcome, count in ((1, won), (0, lost))
        if count
    ]
    names, outcomes, weights = zip(*both, strict=True)
    return {
        "markov": lambda: MarkovAttribution(removal_strategy="redirect_to_null").fit(
            list(names), list(outcomes), list(weights)
        )
    }


ADAPTERS = {
    "do-attribution": do_attribution,
    "ChannelAttribution": channel_attribution,
    "marketing-attribution-models": marketing_attribution_models,
}


def main(package: str, paths: str) -> dict[str, float]:
    """Seconds of reading, of handing over, and of each model."""
    began = time.perf_counter()
    table = read_paths(paths)
    told = {"extract_s": time.perf_counter() - began}
    began = time.perf_counter()
    models = ADAPTERS[package](table)
    told["prepare_s"] = time.perf_counter() - began
    for model, compute in models.items():
        began = time.perf_counter()
        compute()
        told[f"{model}_s"] = time.perf_counter() - began
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {name: round(value, 3) for name, value in told.items()}


def arguments(given: Sequence[str]) -> tuple[str, str]:
    if len(given) != 2 or given[0] not in ADAPTERS:
        raise SystemExit(f"usage: peers.py PACKAGE PATHS.csv, where PACKAGE is one of {', '.join(ADAPTERS)}")
    return given[0], given[1]


if __name__ == "__main__":
    print(json.dumps(main(*arguments(sys.argv[1:]))))
