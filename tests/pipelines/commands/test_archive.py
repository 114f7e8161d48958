"""earshot archive: what is due, archiving it, and bringing a day back."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.commands.archive import archive
from sql.warehouse import Warehouse
from tests.assets.archive.test_keeping import counts, network

__all__ = ["network"]


def say(*words: str) -> str:
    result = CliRunner().invoke(archive, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_a_day_is_due_then_archived_then_brought_back(
    network: Warehouse, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EARSHOT_ARCHIVE", str(tmp_path / "cold"))

    assert "quay 2026-03-02: 3 row(s) due 1 day(s) are due; nothing was changed." in say("--dry-run")
    assert counts(network) == [2, 2, 0, 0]
    assert "1 day(s), 3 row(s) dropped." in say("--tenant", "quay")
    assert "4 row(s) are as the manifest says" in say("restore", "quay", "--from", "2026-03-02", "--dry-run")
    assert "4 row(s) of the archive, 3 put back" in say("restore", "quay", "--from", "2026-03-02")
    assert counts(network) == [2, 2, 0, 0]
