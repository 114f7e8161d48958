"""The journeys that the benchmark invents are what it says, and every model runs on them."""

from __future__ import annotations

import runpy
from pathlib import Path

import polars as pl
import pytest

from assets.attribution.channels import ALL_MODELS

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/attribution.py"))
JOURNEYS = 20_000


@pytest.fixture(scope="module")
def touches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journeys") / "touches.parquet"
    BENCHMARK["invent_journeys"](path, 20, JOURNEYS)
    return path


def test_invented_journeys_have_their_length_and_their_rate(touches: Path) -> None:
    firsts = pl.read_parquet(touches).group_by("path_id").agg(pl.len(), pl.col("conversions").first())
    assert firsts.height == JOURNEYS
    assert firsts["len"].mean() == pytest.approx(BENCHMARK["MEAN_TOUCHES"], rel=0.03)
    assert firsts["conversions"].mean() == pytest.approx(BENCHMARK["CONVERTING"], rel=0.1)


def test_the_peers_get_the_same_journeys(touches: Path, tmp_path: Path) -> None:
    BENCHMARK["write_for_peers"](touches, tmp_path / "paths.csv")
    paths = pl.read_csv(tmp_path / "paths.csv")
    ours = pl.read_parquet(touches).filter(pl.col("touch_no") == 1)
    assert paths["path"].n_unique() == paths.height
    for column in ("conversions", "nulls", "value"):
        assert paths[column].sum() == ours[column].cast(pl.Int64).sum()


def test_every_model_is_measured(touches: Path) -> None:
    assert {f"{model}_s" for model in ALL_MODELS} < set(BENCHMARK["measure"](touches))
