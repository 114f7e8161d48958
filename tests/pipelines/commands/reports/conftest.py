"""Fixtures of `earshot reports`: the computed week, and a person who types.

Here: the database and the command line. Not here: what a result or a report holds (typed.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.commands.reports.typed import Type
from tests.pipelines.running import home_of_its_own


@pytest.fixture
def url(server: Server, computed: str, home_folder: Path) -> Iterator[str]:
    with cloned_database(server, computed) as address, home_of_its_own(home_folder):
        yield address


@pytest.fixture
def week(url: str) -> Iterator[Warehouse]:
    warehouse = Warehouse(url)
    yield warehouse
    warehouse.close()


@pytest.fixture
def reports(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """Types `earshot reports ...`, as ann, on the week's database."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("EARSHOT_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("COLUMNS", "400")

    def typed(*words: object, by: str = "ann") -> Result:
        takes_by = words[0] not in ("list", "preview")
        return CliRunner().invoke(
            main, ["reports", *map(str, words), *(["--by", by] if takes_by else [])], standalone_mode=False
        )

    return typed


@pytest.fixture
def earshot(reports: Type) -> Type:
    """Types any command where `reports` would be typed."""

    def typed(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False)

    return typed
