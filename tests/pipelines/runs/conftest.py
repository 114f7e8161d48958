"""Fixtures of runs: a home of their own, with the keys of the computed week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.running import home_of_its_own


@pytest.fixture(scope="module")
def home(home_folder: Path) -> Iterator[Path]:
    """Keys and mails of a file's tests stay in a folder of their own."""
    with home_of_its_own(home_folder) as folder:
        yield folder
