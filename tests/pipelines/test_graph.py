"""The asset graph is as graph.txt has it, and the steps as docs/lineage.md: a change is a diff to read."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

from pipelines.definitions import defs
from tests.pipelines.graph import LINEAGE, SNAPSHOT, describe_graph, describe_lineage


def assert_recorded(path: Path, found: str) -> None:
    recorded = path.read_text(encoding="utf-8")
    changes = unified_diff(recorded.splitlines(), found.splitlines(), path.name, "now", lineterm="", n=4)
    assert found == recorded, (
        f"{path.name} has changed. If that is meant, write it anew with `.venv/bin/python -m tests.pipelines.graph`:\n"
        + "\n".join(changes)
    )


def test_the_asset_graph_is_as_the_snapshot_has_it() -> None:
    assert_recorded(SNAPSHOT, describe_graph(defs))


def test_the_documentation_says_what_a_day_is_made_of() -> None:
    assert_recorded(LINEAGE, describe_lineage())
