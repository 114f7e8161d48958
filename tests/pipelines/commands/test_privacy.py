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


def test_an_erasure_that_is_left_for_later_is_listed_and_can_be_withdrawn(
    network: Warehouse, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))

    def say(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["privacy", *words])
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    erase = ("erase", "quay", "--address", "10.1.2.3", "--by", "Ada")
    assert "give one of them" in say(*erase, "--later", "--dry-run", code=2)
    assert "is no address" in say("erase", "quay", "--address", "home", "--later", code=1)
    left = say(*erase, "--later")
    request = left.split()[1]
    assert left == f"Request {request} is left for the nightly upkeep: earshot privacy requests"
    assert say(*erase, "--later") == f"Request {request} waits already: earshot privacy requests"
    assert counts(network) == [2, 2, 0, 0]
    listed = say("requests", "--tenant", "quay")
    assert f"{request} quay" in listed
    assert "address waiting" in listed
    assert "10.1.2.3" not in listed
    assert say("requests", "--tenant", "else") == "No request waits."
    assert "0 requests begin with 'x'" in say("withdraw", "x", code=2)
    assert say("withdraw", request, "--by", "Bo") == f"Request {request} is withdrawn."
    assert say("requests") == "No request waits."
    assert "withdrawn" in say("requests", "--all")
    assert "does not wait any more" in say("withdraw", request, code=1)
    # What is erased at once is no request.
    assert "1 day(s)" in say(*erase)
    assert counts(network) == [1, 2, 0, 0]
