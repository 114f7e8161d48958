"""earshot privacy erase: counted first, then erased, and on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sql.warehouse import Warehouse
from tests.assets.archive.test_keeping import counts, network

__all__ = ["network"]


def test_a_household_is_counted_then_erased_and_the_trail_says_by_whom(
    network: Warehouse, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))

    def say(*words: str) -> str:
        result = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    erase = ("privacy", "erase", "quay", "--address", "10.1.2.3", "--by", "Ada")
    assert "Nothing was changed." in say(*erase, "--dry-run")
    assert counts(network) == [2, 2, 0, 0]
    assert "1 day(s) from 2026-03-02 to 2026-03-02 are stale" in say(*erase)
    assert counts(network) == [1, 2, 0, 0]
    trail = say("audit", "--table", "erasures")
    assert "erasures" in trail
    assert "10.1.2.3" not in trail
