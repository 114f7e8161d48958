"""The journeys that the benchmark invents are what it says, every model runs on both forms, and ratios are ratios."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from assets.attribution.journeys.channels import ALL_MODELS
from benchmarks import attribution as benchmark
from benchmarks.peers import clock

JOURNEYS = 20_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("journeys")
    made = {"touches": folder / "touches.parquet", "paths": folder / "paths.csv"}
    benchmark.invent_journeys(made["touches"], 20, JOURNEYS)
    benchmark.write_paths(made["touches"], made["paths"])
    return made


def test_invented_journeys_have_their_length_and_their_rate(files: dict[str, Path]) -> None:
    firsts = pl.read_parquet(files["touches"]).group_by("path_id").agg(pl.len(), pl.col("converted").first())
    assert firsts.height == JOURNEYS
    assert firsts["len"].mean() == pytest.approx(benchmark.MEAN_TOUCHES, rel=0.03)
    assert firsts["converted"].mean() == pytest.approx(benchmark.CONVERTING, rel=0.1)


def test_both_forms_hold_the_same_journeys(files: dict[str, Path]) -> None:
    paths = pl.read_csv(files["paths"])
    ours = pl.read_parquet(files["touches"]).filter(pl.col("touch_no") == 1)
    assert paths["path"].n_unique() == paths.height
    assert paths["conversions"].sum() == ours["converted"].sum()
    assert paths["nulls"].sum() == (~ours["converted"]).sum()
    assert paths["value"].sum() == ours["value"].sum()


def test_every_model_is_measured_on_both_forms_with_the_same_answers(files: dict[str, Path]) -> None:
    by_form = {form: benchmark.measure(form, file) for form, file in files.items()}
    assert set(ALL_MODELS) < set(by_form["touches"]["models"])
    for model, answer in by_form["paths"]["answers"].items():
        assert answer == pytest.approx(by_form["touches"]["answers"][model], abs=1e-6)
    assert sum(benchmark.shares(by_form["paths"]).values()) == pytest.approx(1, abs=0.01)


def test_the_path_builder_is_measured_with_few_conversions_and_with_all(files: dict[str, Path]) -> None:
    measured = benchmark.measure_builder(files["touches"])
    assert measured["all"]["conversions"] == JOURNEYS
    assert measured["one in twenty"]["touches"] < measured["all"]["touches"] / 10


def test_ratios_are_ours_by_theirs_after_handing_over_and_with_it() -> None:
    def measured(prepare: float, markov: float, linear: float, answer: float) -> dict[str, object]:
        models = {"markov": markov, "linear": linear}
        clocked = {name: {"cpu_s": seconds, "wall_s": seconds} for name, seconds in models.items()}
        answers = {"linear": {"ads": 4.0}, "markov": {"ads": answer}}
        return {"prepare": {"cpu_s": prepare, "wall_s": prepare}, "models": clocked, "answers": answers}

    compared = benchmark.compare(measured(1, 1, 1, 4.0), measured(3, 5, 2, 3.0))
    assert compared["cpu_s"] == {
        "markov": 0.2,
        "linear": 0.5,
        "markov, handed over": 0.2,
        "models of single paths, handed over": 0.5,
        "markov, from rows": 0.25,
        "models of single paths, from rows": 0.4,
    }
    assert compared["furthest"] == {"linear": 0.0, "markov": 0.25}


def test_the_clock_runs_the_work_once_more_than_it_counts() -> None:
    runs: list[int] = []

    def work() -> int:
        runs.append(1)
        return len(runs)

    seconds, result = clock(work, repeats=3)
    assert (len(runs), result) == (4, 4)
    assert set(seconds) == {"wall_s", "cpu_s"}


def test_what_could_not_be_measured_says_why(tmp_path: Path) -> None:
    measured = benchmark.measure_peer(Path(sys.executable), "do-attribution", "paths", tmp_path / "none.csv")
    assert "none.csv" in measured["not_measured"]
    case = {"earshot": {"all_models_from_rows": {"cpu_s": 1.0}, "peak_mb": 9}, "do-attribution": measured}
    assert "do-attribution: not measured" in benchmark.summarise({"cases": {"20 channels": case}})
    assert json.loads(json.dumps(benchmark.BARS))["peak_mb"] == 1_500
