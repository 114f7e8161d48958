"""earshot keys: a version is added, waits, comes into force, and is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sql.warehouse import Warehouse
from tests.assets.listening.test_day import dimensions, load


def test_a_version_waits_until_it_is_rotated_and_the_trail_says_by_whom(
    warehouse: Warehouse, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(warehouse, [*dimensions("quay"), *dimensions("else")])
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))

    def say(*words: str) -> str:
        result = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    assert "quay: version 2 is in" in say("keys", "add", "--tenant", "quay")
    assert "quay 1 2 ever" in say("keys")
    dry = say("keys", "rotate", "--dry-run")
    assert "quay: version 1, would be 2 1 tenant(s) are due; nothing was changed." in dry
    assert "quay: version 1 became 2: no rows" in say("keys", "rotate", "--by", "Ada")
    assert "else 1 1 ever" in (now := say("keys"))
    assert "UTC Ada" in now
    assert "Every tenant has the newest version" in say("keys", "rotate")
    assert "key_rotations" in say("audit", "--table", "key_rotations")
    secrets = [line for line in (tmp_path / "keyring.json").read_text().split('"') if len(line) == 64]
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in dry + now]
