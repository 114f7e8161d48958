"""Fixtures of the pipelines floor: a database that nobody has migrated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sql.embedded import Server
from tests.conftest import cloned_database


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """The address of a database without any of our tables."""
    with cloned_database(server, "template0") as url:
        yield url
