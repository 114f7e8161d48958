"""The asset graph is as graph.txt has it: whatever changes in it is meant, and is read as a diff."""

from __future__ import annotations

from difflib import unified_diff

from pipelines.definitions import defs
from tests.pipelines.graph import SNAPSHOT, describe_graph


def test_the_asset_graph_is_as_the_snapshot_has_it() -> None:
    kept, found = SNAPSHOT.read_text(encoding="utf-8"), describe_graph(defs)
    changes = unified_diff(kept.splitlines(), found.splitlines(), "tests/pipelines/graph.txt", "now", lineterm="", n=4)
    assert found == kept, (
        "The asset graph has changed. If that is meant, write it anew with `python -m tests.pipelines.graph`:\n"
        + "\n".join(changes)
    )
