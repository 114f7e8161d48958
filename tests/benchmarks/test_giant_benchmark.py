"""The benchmark of a giant tenant computes a whole day of one tenant, and says what that took."""

from __future__ import annotations

from pathlib import Path

from benchmarks import giant
from benchmarks.listening_data import DAY

ROWS = 4_000


def test_the_day_of_one_tenant_is_computed_and_its_memory_is_that_of_the_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = giant.run(ROWS, log)
    assert f"Computed {DAY} to {DAY} for all tenants." in log.read_text()
    assert result["rows"] == ROWS
    # Dagster and Polars alone are more than that.
    assert result["peak_mb"] > 100
    assert min(result["seconds"], result["cpu_s"], result["database_cpu_s"]) > 0
