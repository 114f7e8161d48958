"""No module is imported, however late, by what it imports itself. Imports for types alone do not count."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp


def test_imports_run_in_no_circle() -> None:
    graph = grimp.build_graph("pipelines", "assets", "reports", "sql", exclude_type_checking_imports=True)
    assert len(graph.modules) > 400
    # CycleError names the modules of a circle.
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()
