"""The benchmark of a giant tenant computes a whole day of one tenant, and says what that took."""

from __future__ import annotations

from pathlib import Path

from benchmarks import giant
from benchmarks.listening_data import DAY

ROWS = 4_000


def test_the_day_of_one_tenant_is_computed_and_its_memory_is_that_of_the_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = giant.run(ROWS, 1, log)
    assert f"Computed {DAY} to {DAY} for all tenants." in log.read_text()
    assert result["rows"] == ROWS
    # Dagster and Polars alone are more than that.
    assert result["largest_process_mb"] > 100
    assert min(result["seconds"], result["cpu_s"], result["database_cpu_s"]) > 0


def test_the_same_day_is_computed_in_shards_of_its_rows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = giant.run(ROWS, 2, log, executor="in_process")
    assert result["shards"] == 2
    said = log.read_text()
    for step in ("measure_shard[01_shard_01_of_02]", "measure_shard[01_shard_02_of_02]", "compute_sharded_tenant"):
        assert f'Finished execution of step "{step}' in said
