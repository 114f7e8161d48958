"""The examples in the docs, run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_notebook_page_shows_what_the_functions_do() -> None:
    results = doctest.testfile(str(DOCS / "notebook.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 10
    assert results.failed == 0
