"""Archived days come back whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.archive.files import DamagedArchiveError
from assets.archive.restoring import restore_days
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.archive.test_keeping import DAY, QUAY, archive, counts, network

__all__ = ["network"]


def test_a_damaged_file_restores_nothing(network: Warehouse, tmp_path: Path) -> None:
    [done] = archive(network, tmp_path)
    [file] = Path(done.place).glob("attribution_events.*")
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(DamagedArchiveError, match=file.name):
        list(restore_days(network, QUAY, DAY.day, DAY.day))

    assert counts(network) == [0, 1, 0, 0]


def test_a_dry_run_compares_and_puts_nothing_back(network: Warehouse, tmp_path: Path) -> None:
    archive(network, tmp_path)

    [found] = restore_days(network, QUAY, DAY.day, DAY.day, dry_run=True)

    assert (found.rows, found.added) == (4, 0)
    assert counts(network) == [0, 1, 0, 0]


def test_days_that_are_not_there_are_named(network: Warehouse) -> None:
    with pytest.raises(PermanentError, match="No day of this tenant from 2020-01-01"):
        list(restore_days(network, QUAY, date(2020, 1, 1), date(2020, 1, 2)))
