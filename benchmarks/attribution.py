"""Attribution at size: one million journeys under every model, beside what other packages need for the same input.

Here: inventing the journeys, one fresh process per case for its peak memory, ratios, and a JSON file of all of it.
Not here: the other packages (peers.py), whether credits are right; tests/assets/attribution says so. Where a package
computes the same model, its answer is compared all the same.

Run with `python -m benchmarks.attribution`; --journeys 100000 for a quick run, --without-peers leaves out the packages
that have to be installed first, --package NAME runs one of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assets.attribution import build_paths, channel_totals, index_paths
from assets.attribution.journeys.channels import ALL_MODELS
from assets.attribution.journeys.exported_paths import IndexedPaths
from benchmarks.peers import ADAPTERS, clock, peak_mb

JOURNEYS = 1_000_000
MEAN_TOUCHES = 3.85
CONVERTING = 0.05
CHANNELS = (20, 200)
SEED = 20_260_301
LAST_DAY = datetime(2026, 3, 1, tzinfo=UTC)

# One row per touch, and one row per distinct path: a package is compared with Earshot on the form that it takes.
FORMS = ("touches", "paths")

# docs/attribution.md states these; the ratios are what counts. Earshot's seconds by those of the package.
BARS = {
    "do-attribution": ("markov", 1 / 3),
    "marketing-attribution-models": ("models of single paths", 1 / 3),
    "peak_mb": 1_500,
}
PATH_MODELS = ("first_touch", "last_touch", "linear", "position_based", "time_decay")

CHECKOUT = Path(__file__).parents[1]
PEERS_PROGRAM = Path(__file__).with_name("peers.py")
# What has to be installed for each package: its own metadata do not always say.
PEERS = {
    "do-attribution": ["do-attribution"],
    "marketing-attribution-models": ["marketing-attribution-models"],
    "ChannelAttribution": ["ChannelAttribution", "matplotlib"],
}
# A package that needs longer than this to install or to compute is no alternative, and the result says so.
PATIENCE_S = 900

Result = dict[str, Any]


def invent_journeys(path: Path, channels: int, journeys: int = JOURNEYS) -> int:
    """Write a Parquet file of touches: geometric lengths, popular channels first, one journey in twenty converts."""
    generator = np.random.default_rng(SEED)
    lengths = generator.geometric(1 / MEAN_TOUCHES, journeys)
    touches = int(lengths.sum())
    popularity = 1 / np.arange(1, channels + 1) ** 0.7
    shown = generator.choice(channels, touches, p=popularity / popularity.sum())
    converted = generator.random(journeys) < CONVERTING
    ends = np.cumsum(lengths)
    age = (np.repeat(ends, lengths) - np.arange(touches) - 1) * 1.5
    pl.DataFrame(
        {
            "path_id": np.repeat(np.arange(journeys), lengths),
            "touch_no": (np.arange(touches) - np.repeat(ends - lengths, lengths) + 1).astype(np.int32),
            "channel": pl.Series([f"placement {number:03}" for number in range(channels)])[shown],
            "converted": np.repeat(converted, lengths),
            "value": np.repeat(converted * generator.integers(1_000, 20_000, journeys), lengths),
            "age_days": age,
            "is_excluded": shown == 0,
        }
    ).with_columns(touched_at=pl.lit(LAST_DAY) - pl.duration(seconds=pl.col("age_days") * 86_400)).write_parquet(path)
    return touches


def write_paths(touches: Path, paths: Path) -> int:
    """The same journeys as one line of text per distinct path with its counts; returns how many lines."""
    result = (
        pl.read_parquet(touches)
        .group_by("path_id", maintain_order=True)
        .agg(pl.col("channel").str.join(" > "), pl.col("converted", "value").first())
        .group_by(path="channel")
        .agg(
            conversions=pl.col("converted").sum().cast(pl.Int64),
            nulls=(~pl.col("converted")).sum().cast(pl.Int64),
            value=pl.col("value").sum(),
        )
        .sort("path")
    )
    result.write_csv(paths)
    return result.height


def measure(form: str, file: Path) -> Result:
    """Earshot in this process: seconds of reading, indexing and each model, the answers, and peak memory in MB."""
    read = pl.read_csv if form == "paths" else pl.read_parquet
    extract, frame = clock(lambda: read(file), repeats=1)
    prepare, ready = clock(lambda: hand_over(frame))
    models = [name for name in ALL_MODELS if form == "touches" or name not in ("time_decay", "last_paid_touch")]
    result: Result = {"extract": extract, "prepare": prepare, "models": {}, "answers": {}}
    for name in models:
        result["models"][name], totals = clock(lambda name=name: channel_totals(ready, [name]))  # type: ignore[misc]
        result["answers"][name] = dict(totals.select("channel", "conversions").iter_rows())
    result["models"]["first_last_linear"], _ = clock(lambda: channel_totals(ready, list(PATH_MODELS[:3])))
    result["all_models_from_rows"], totals = clock(lambda: channel_totals(frame, models))
    result["write"], _ = clock(lambda: totals.write_parquet(file.with_suffix(".totals")))
    result["peak_mb"] = peak_mb()
    return result


def hand_over(frame: pl.DataFrame) -> IndexedPaths:
    """Everything that is done once for all models: the channels' codes, and the paths that have anything to share."""
    ready = index_paths(frame)
    if not len(ready.earning.firsts):
        raise ValueError("none of the invented journeys converted: invent more of them")
    return ready


def measure_builder(file: Path) -> Result:
    """Conversions and exposures to paths: seconds and peak memory, as one journey in twenty converts, and as all do."""
    touches = pl.read_parquet(file, columns=["path_id", "touched_at", "channel", "converted"])
    exposures = touches.with_row_index("exposure_id").select(
        "exposure_id", household_key="path_id", occurred_at="touched_at", placement_id="channel"
    )
    journeys = touches.select(household_key="path_id", is_won="converted", converted_at=pl.lit(LAST_DAY)).unique(
        maintain_order=True
    )
    del touches
    result: Result = {"before_mb": peak_mb()}
    for name, chosen in (("one in twenty", journeys.filter("is_won")), ("all", journeys)):
        conversions = chosen.select("household_key", "converted_at", conversion_id="household_key")
        seconds, paths = clock(lambda conversions=conversions: build_paths(conversions, exposures), repeats=1)  # type: ignore[misc]
        result[name] = {**seconds, "conversions": conversions.height, "touches": paths.height, "peak_mb": peak_mb()}
        del paths
    return result


def install(package: str, folder: Path) -> str | None:
    """An environment for the package, kept for the next run; why, where one cannot be had."""
    environment = folder / package
    pip = [str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *PEERS[package]]
    try:
        if not (environment / "bin/python").exists():
            _run([sys.executable, "-m", "venv", str(environment)])
        _run(pip)
    except (OSError, subprocess.SubprocessError) as error:
        return _reason(error)
    return None


def measure_peer(python: Path, package: str, form: str, file: Path) -> Result:
    """The same for another package; where it does not come to an end, why."""
    try:
        printed = _run([str(python), str(PEERS_PROGRAM), package, form, str(file)])
        return dict(json.loads(printed.splitlines()[-1]))
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        return {"not_measured": _reason(error)}


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {PATIENCE_S} s"
    printed = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return printed[-1][:200] if printed else type(error).__name__


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S, cwd=CHECKOUT)
    return done.stdout


def compare(ours: Result, theirs: Result) -> Result:
    """Earshot's seconds by the package's, per model after handing over and for all of them with it; and the answers.

    furthest: the largest difference of a channel, as a share of all conversions.
    """
    result: Result = {}
    for clocked in ("cpu_s", "wall_s"):
        shared = [name for name in theirs["models"] if name in ours["models"]]
        of_paths = [name for name in shared if name != "markov"]
        alone = {name: ours["models"][name][clocked] / theirs["models"][name][clocked] for name in shared}
        groups = {"markov": ["markov"], "models of single paths": of_paths}
        known = {name: models for name, models in groups.items() if models and set(models) <= set(shared)}
        after = {f"{name}, handed over": _sum(ours, m, clocked) / _sum(theirs, m, clocked) for name, m in known.items()}
        whole = {
            f"{name}, from rows": (ours["prepare"][clocked] + _sum(ours, m, clocked))
            / (theirs["prepare"][clocked] + _sum(theirs, m, clocked))
            for name, m in known.items()
        }
        result[clocked] = {name: round(ratio, 3) for name, ratio in (alone | after | whole).items()}
    total = sum(ours["answers"]["linear"].values())
    result["furthest"] = {
        model: max(abs(answer.get(name, 0.0) - amount) for name, amount in ours["answers"][model].items()) / total
        for model, answer in theirs["answers"].items()
    }
    return result


def _sum(result: Result, models: list[str], clocked: str) -> float:
    return float(sum(result["models"][name][clocked] for name in models))


def shares(result: Result) -> dict[str, float]:
    """How much of Earshot's processor time goes to reading, computing and writing."""
    parts = {"extract": result["extract"], "compute": result["all_models_from_rows"], "write": result["write"]}
    whole = sum(part["cpu_s"] for part in parts.values())
    return {name: round(part["cpu_s"] / whole, 3) for name, part in parts.items()}


def run(journeys: int, peers: list[str], folder: Path) -> Result:
    """Every case: seconds, peak memory, and the packages on the same journeys with their ratios."""
    result: Result = {"journeys": journeys, "bars": BARS, "cases": {}}
    refused = {package: install(package, folder) for package in peers}
    with tempfile.TemporaryDirectory() as name:
        for channels in CHANNELS:
            files = {"touches": Path(name) / f"{channels}.parquet", "paths": Path(name) / f"{channels}.csv"}
            rows = {"touches": invent_journeys(files["touches"], channels, journeys)}
            rows["paths"] = write_paths(files["touches"], files["paths"])
            if channels == CHANNELS[0]:
                result["path builder"] = _measured("events", files["touches"])
            for form in FORMS:
                case = _run_case(form, files[form], peers, refused, folder)
                result["cases"][f"{channels} channels, {rows[form]:,} {form}"] = case
    return result


def _measured(what: str, file: Path) -> Result:
    """Earshot in a process of its own."""
    return dict(json.loads(_run([sys.executable, "-m", "benchmarks.attribution", "--measure", what, str(file)])))


def _run_case(form: str, file: Path, peers: list[str], refused: dict[str, str | None], folder: Path) -> Result:
    ours = _measured(form, file)
    case: Result = {"earshot": ours, "shares": shares(ours)}
    for package in peers:
        if (package, form) not in ADAPTERS:
            continue
        why = refused[package]
        python = folder / package / "bin/python"
        theirs = {"not_measured": why} if why else measure_peer(python, package, form, file)
        case[package] = theirs
        if "models" in theirs:
            case[f"earshot / {package}"] = compare(ours, theirs)
            del theirs["answers"]
    del ours["answers"]
    return case


def summarise(result: Result) -> str:
    """The seconds and ratios that matter, as lines of text."""
    lines = []
    for name, built in result.get("path builder", {}).items():
        if isinstance(built, dict):
            took, size = f"{built['cpu_s']:.2f} s of processor", f"peak {built['peak_mb']} MB"
            lines.append(f"path builder, {built['conversions']:,} conversions ({name}): {took}, {size}")
    for name, case in result["cases"].items():
        ours = case["earshot"]
        all_models = ours["all_models_from_rows"]
        lines.append(f"{name}: all models {all_models['cpu_s']:.2f} s of processor, peak {ours['peak_mb']} MB")
        for package in PEERS:
            if "not_measured" in case.get(package, {}):
                lines.append(f"  {package}: not measured, {case[package]['not_measured']}")
            if f"earshot / {package}" in case:
                ratios = case[f"earshot / {package}"]["cpu_s"]
                chosen = {label: ratio for label, ratio in ratios.items() if "," in label}
                lines.append(f"  earshot / {package}: " + "; ".join(f"{k} {v:.3f}" for k, v in chosen.items()))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark of attribution and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=JOURNEYS)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--package", choices=PEERS, action="append")
    parser.add_argument("--output", type=Path, default=Path(".earshot/benchmarks/attribution.json"))
    parser.add_argument("--measure", nargs=2, metavar=("FORM", "FILE"))
    options = parser.parse_args(arguments)
    if options.measure:
        what, file = options.measure[0], Path(options.measure[1])
        print(json.dumps(measure_builder(file) if what == "events" else measure(what, file)))
        return
    peers = [] if options.without_peers else options.package or list(PEERS)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    result = run(options.journeys, peers, options.output.parent.absolute() / "peers")
    options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(summarise(result))
    print(f"All of it is in {options.output}.")


if __name__ == "__main__":
    main()
