"""Peers: one other package on the same journeys, run by the Python of that package's own environment.

Here: how each package takes journeys and is asked for its models, the clock that all sides are measured by.
Not here: Earshot: this program imports nothing of it, and is given package, form and file on the command line.
"""

from __future__ import annotations

import csv
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Table = dict[str, list[Any]]
# What a model gives: conversions by channel, or for several models at once by their names.
Answer = dict[str, Any]
Models = dict[str, Callable[[], Answer]]

REPEATS = 3
# Slow models are run less often: none is started again after this long.
ENOUGH_S = 30.0


def clock(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[dict[str, float], Any]:
    """Median wall and processor seconds of a few runs after a first one that does not count, and what came out.

    Processor seconds count all threads, and do not grow when others use the machine: ratios are made of them.
    """
    walls, cpus = [], []
    began, result = time.perf_counter(), None
    for _ in range(1 + repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if time.perf_counter() - began > ENOUGH_S:
            break
    counted = slice(1, None) if len(walls) > 1 else slice(None)
    found = {"wall_s": statistics.median(walls[counted]), "cpu_s": statistics.median(cpus[counted])}
    return {name: round(value, 4) for name, value in found.items()}, result


def peak_mb() -> int:
    """The peak memory of this process. What getrusage tells includes that of the process which started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    lines = status.read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def read_paths(name: str) -> Table:
    """The columns path, conversions, nulls and value."""
    with open(name, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found: Table = {"path": [row["path"] for row in rows]}
    for column in ("conversions", "nulls", "value"):
        found[column] = [int(row[column]) for row in rows]
    return found


def read_touches(name: str) -> Any:
    """path_id, touched_at, channel, converted, as the package's own Polars reads them."""
    import polars

    return polars.read_parquet(name, columns=["path_id", "touched_at", "channel", "converted"])


def channel_attribution(paths: Table) -> Models:
    """ChannelAttribution takes paths with their counts."""
    import ChannelAttribution
    import pandas

    frame = pandas.DataFrame(paths)
    known = {"first_touch": "first_touch", "last_touch": "last_touch", "linear": "linear_touch"}

    def heuristics() -> Answer:
        found = ChannelAttribution.heuristic_models(frame, "path", "conversions", flg_pro=False).set_index(
            "channel_name"
        )
        return {ours: found[theirs].to_dict() for ours, theirs in known.items()}

    def markov() -> Answer:
        found = ChannelAttribution.markov_model(
            frame, "path", "conversions", var_null="nulls", verbose=False, flg_pro=False
        )
        return dict(zip(found["channel_name"], found["total_conversions"], strict=True))

    return {"first_last_linear": heuristics, "markov": markov}


def dp6_paths(paths: Table) -> Models:
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
    return _dp6_models(made, with_times=False)


def dp6_touches(touches: Any) -> Models:
    """The package of DP6 takes one row per touch too, and makes the journeys itself."""
    from mam import MAM

    made = MAM(
        df=touches,
        format_type="session",
        channels_colname="channel",
        journey_with_conv_colname="converted",
        datetime_colname="touched_at",
        user_id_colname="path_id",
    )
    return _dp6_models(made, with_times=True)


def _dp6_models(made: Any, with_times: bool) -> Models:
    """Only the totals: its run_ functions make a frame of all credits beside them, which would take as long again."""
    from mam.models import heuristics
    from mam.models.markov import MarkovModel

    kinds = {
        "first_touch": heuristics.FirstClickModel,
        "last_touch": heuristics.LastClickModel,
        "linear": heuristics.LinearModel,
        "position_based": heuristics.PositionBasedModel,
        "markov": MarkovModel,
    }
    if with_times:
        kinds["time_decay"] = heuristics.TimeDecayModel

    def totals(kind: Any) -> Answer:
        found = kind().get_aggregated_results(made.unified_df)
        return dict(zip(found["channels"].cast(str).to_list(), found["attribution"].to_list(), strict=True))

    return {name: lambda kind=kind: totals(kind) for name, kind in kinds.items()}  # type: ignore[misc]


def do_attribution(paths: Table) -> Models:
    """do-attribution takes each path once per outcome, with a weight; it has no models of single paths."""
    from do_attribution import MarkovAttribution

    both = [
        (path, outcome, count)
        for path, won, failed in zip(paths["path"], paths["conversions"], paths["nulls"], strict=True)
        for outcome, count in ((1, won), (0, failed))
        if count
    ]
    names, outcomes, weights = (list(each) for each in zip(*both, strict=True))
    total = sum(paths["conversions"])

    def markov() -> Answer:
        found = MarkovAttribution(removal_strategy="redirect_to_null").fit(names, outcomes, weights)
        return {channel: share * total for channel, share in found["attribution"].items()}

    return {"markov": markov}


# By package and form: what reads the file, and what hands it over.
ADAPTERS: Mapping[tuple[str, str], tuple[Callable[[str], Any], Callable[[Any], Models]]] = {
    ("do-attribution", "paths"): (read_paths, do_attribution),
    ("ChannelAttribution", "paths"): (read_paths, channel_attribution),
    ("marketing-attribution-models", "paths"): (read_paths, dp6_paths),
    ("marketing-attribution-models", "touches"): (read_touches, dp6_touches),
}


def measure(read: Callable[[str], Any], hand_over: Callable[[Any], Models], name: str) -> dict[str, Any]:
    """Seconds of reading, of handing over and of each model, the answers, and the peak memory of this process in MB."""
    extract, table = clock(lambda: read(name), repeats=1)
    prepare, models = clock(lambda: hand_over(table), repeats=1)
    found: dict[str, Any] = {"extract": extract, "prepare": prepare, "models": {}, "answers": {}}
    for model, compute in models.items():
        found["models"][model], answer = clock(compute)
        found["answers"] |= answer if model == "first_last_linear" else {model: answer}
    found["peak_mb"] = peak_mb()
    return found


if __name__ == "__main__":
    package, form, file_name = sys.argv[1:]
    print(json.dumps(measure(*ADAPTERS[package, form], file_name)))
