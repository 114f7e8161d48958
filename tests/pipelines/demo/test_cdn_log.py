"""The log to import: a real format, one day that nothing else fills, and its truth."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import polars as pl

from pipelines.demo.cdn_log import BROKEN, write_cdn_log
from pipelines.demo.simulation import Simulation
from pipelines.demo.truth import Truth


def test_the_log_has_a_line_for_every_request_and_a_few_broken_ones(
    simulation: Simulation, truth: Truth, tmp_path: Path
) -> None:
    path = write_cdn_log(simulation, tmp_path)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    fields = lines[1].removeprefix("#Fields: ").split()
    whole = [line for line in lines[2:] if line not in BROKEN]
    assert lines[0] == "#Version: 1.0"
    assert len(fields) == 33
    assert all(len(line.split("\t")) == len(fields) for line in whole)
    assert 1_500 < len(whole) < 2_500
    assert len(whole) == truth.about["imported_rows"]
    assert len(lines) - 2 - len(whole) == truth.about["rejected_lines"] == len(BROKEN)


def test_the_logged_day_is_the_one_before_the_loaded_ones(simulation: Simulation, truth: Truth) -> None:
    imported = truth["dispositions"].filter(pl.col("origin") == "imported")
    assert imported["day"].unique().to_list() == [simulation.span.first - timedelta(days=1)]
    assert imported["rows"].sum() == truth.about["imported_rows"]


def test_the_log_is_the_same_every_time(simulation: Simulation, tmp_path: Path) -> None:
    first, second = (write_cdn_log(simulation, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second
