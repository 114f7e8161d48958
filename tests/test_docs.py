"""The examples in the docs, run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(("page", "fewest"), [("notebook.md", 10), ("models.md", 60), ("attribution.md", 5)])
def test_the_page_shows_what_the_functions_do(page: str, fewest: int) -> None:
    results = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted >= fewest
    assert results.failed == 0
