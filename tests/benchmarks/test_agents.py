"""The counts of the benchmark of agents, on a list by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.listening.identity.agent_rules import load_rules
from benchmarks.agents import count, main, read_examples

LIST = (
    "app\tOvercast\tOvercast/3.0 (+http://overcast.fm/; iOS podcast app)\t30\n"
    "app\tOvercast\tOvercast/3.0 (+http://overcast.fm/; iOS podcast app)\t20\n"
    "library\tcurl\tcurl/8.5.0\t5\n"
    "library\tnone\tZz\n"
    "browser\tnothing\t\n"
)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "agents.tsv"
    path.write_text(LIST)
    return path


def test_each_distinct_agent_counts_once_and_its_requests_add_up(listed: Path) -> None:
    counted = count(read_examples(listed), load_rules())
    assert set(counted) == {"app", "library"}, "a row without an agent is none"
    app, library = counted["app"], counted["library"]
    assert (app.agents, app.bots, app.named, app.same_name, app.requests) == (1, 0, 1, 1, 50)
    assert (library.agents, library.bots, library.requests, library.bot_requests) == (2, 1, 6, 5)


def test_the_table_names_each_kind(listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(listed)])
    printed = capsys.readouterr().out
    assert "library" in printed
    assert "83.333%" in printed, "5 of the 6 requests of libraries"
