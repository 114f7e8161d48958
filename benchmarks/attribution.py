"""Attribution at size: one million journeys under every model, beside what other packages need for the same input.

Here: inventing the journeys, one fresh process per case for its peak memory, and a table of seconds.
Not here: whether the credits are right; tests/assets/attribution says so.

Run with `python -m benchmarks.attribution`; --without-peers leaves out the packages that have to be installed first.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assets.attribution import channel_totals
from assets.attribution.channels import ALL_MODELS

JOURNEYS = 1_000_000
MEAN_TOUCHES = 3.85
CONVERTING = 0.05
CHANNELS = (20, 200)
SEED = 20_260_301

CHECKOUT = Path(__file__).parents[1]
PEERS_PROGRAM = Path(__file__).with_name("peers.py")
# What has to be installed for each package: its own metadata do not always say.
PEERS = {
    "ChannelAttribution": ["ChannelAttribution", "matplotlib"],
    "marketing-attribution-models": ["marketing-attribution-models"],
    "do-attribution": ["do-attribution"],
}
# A package that needs longer than this to install or to compute is no alternative, and the result says so.
PATIENCE_S = 240


def invent_journeys(path: Path, channels: int, journeys: int = JOURNEYS) -> int:
    """Write a Parquet file of touches: geometric lengths, popular channels first, heavier ones convert more often."""
    generator = np.random.default_rng(SEED)
    lengths = generator.geometric(1 / MEAN_TOUCHES, journeys)
    touches = int(lengths.sum())
    popularity = 1 / np.arange(1, channels + 1) ** 0.7
    shown = generator.choice(channels, touches, p=popularity / popularity.sum())
    converted = generator.random(journeys) < CONVERTING
    ends = np.cumsum(lengths)
    age = np.repeat(ends, lengths) - np.arange(touches) - 1
    pl.DataFrame(
        {
            "path_id": np.repeat(np.arange(journeys), lengths),
            "touch_no": (np.arange(touches) - np.repeat(ends - lengths, lengths) + 1).astype(np.int32),
            "channel": pl.Series([f"placement {number:03}" for number in range(channels)])[shown],
            "conversions": np.repeat(converted, lengths).astype(np.int8),
            "nulls": np.repeat(~converted, lengths).astype(np.int8),
            "value": np.repeat(converted * generator.integers(1_000, 20_000, journeys), lengths),
            "age_days": age * 1.5,
            "is_excluded": shown == 0,
        }
    ).write_parquet(path)
    return touches


def measure(path: Path) -> dict[str, float]:
    """Seconds of reading the file and of each model, and the peak memory of this process in MB."""
    began = time.perf_counter()
    frame = pl.read_parquet(path)
    told = {"extract_s": time.perf_counter() - began}
    for model in ALL_MODELS:
        began = time.perf_counter()
        channel_totals(frame, [model])
        told[f"{model}_s"] = time.perf_counter() - began
    began = time.perf_counter()
    channel_totals(frame)
    told["all_models_s"] = time.perf_counter() - began
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {name: round(value, 3) for name, value in told.items()}


def install_peers(folder: Path) -> dict[str, str]:
    """An environment for each package; returns why where one cannot be had."""
    refused = {}
    for package, needed in PEERS.items():
        environment = folder / package
        pip = [str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *needed]
        try:
            _run([sys.executable, "-m", "venv", str(environment)])
            _run(pip)
        except (OSError, subprocess.SubprocessError) as error:
            refused[package] = _reason(error)
    return refused


def measure_peer(python: Path, package: str, paths: Path) -> dict[str, object]:
    """The same for another package, from its distinct paths; where it does not come to an end, why."""
    try:
        told = _run([str(python), str(PEERS_PROGRAM), package, str(paths)])
        return dict(json.loads(told.splitlines()[-1]))
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        return {"not_measured": _reason(error)}


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {PATIENCE_S} s"
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return said[-1][:200] if said else type(error).__name__


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S, cwd=CHECKOUT)
    return done.stdout


def write_for_peers(touches: Path, paths: Path) -> None:
    """The same journeys as the peers take them: one line of text per distinct path, with its counts."""
    (
        pl.read_parquet(touches)
        .group_by("path_id", maintain_order=True)
        .agg(pl.col("channel").str.join(" > "), pl.col("conversions", "nulls", "value").first().cast(pl.Int64))
        .group_by("channel")
        .agg(pl.col("conversions", "nulls", "value").sum())
        .rename({"channel": "path"})
        .sort("path")
        .write_csv(paths)
    )


def run(with_peers: bool = True) -> dict[str, object]:
    """Every case by number of channels: seconds, peak memory, and the peers on the same journeys."""
    told: dict[str, object] = {"journeys": JOURNEYS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        refused = install_peers(folder) if with_peers else {}
        for channels in CHANNELS:
            touches, paths = folder / f"{channels}.parquet", folder / f"{channels}.csv"
            case: dict[str, object] = {"touches": invent_journeys(touches, channels)}
            case["earshot"] = json.loads(_run([sys.executable, "-m", "benchmarks.attribution", "--case", str(touches)]))
            if with_peers:
                write_for_peers(touches, paths)
            for package in PEERS if with_peers else ():
                python = folder / package / "bin/python"
                known = {"not_measured": refused[package]} if package in refused else None
                case[package] = known or measure_peer(python, package, paths)
            told[f"{channels} channels"] = case
    return told


if __name__ == "__main__":
    if "--case" in sys.argv:
        print(json.dumps(measure(Path(sys.argv[sys.argv.index("--case") + 1]))))
    else:
        print(json.dumps(run("--without-peers" not in sys.argv), indent=2))
