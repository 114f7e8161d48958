"""earshot reach, as an analyst asks."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sql.warehouse import Warehouse
from tests.assets.campaigns.reach_network import build_network, truth


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    build_network(warehouse)
    return warehouse


def test_an_analyst_asks_for_a_range_by_the_campaign_s_name(network: Warehouse, database_url: str) -> None:
    words = ["reach", "spring", "--tenant", "harbor", "--from", "2026-03-02", "--to", "2026-03-03", "--by", "placement"]
    result = CliRunner().invoke(main, words, env={"DATABASE_URL": database_url})
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines() if line.startswith(("all", "mid", "pre"))]
    expected = truth(date(2026, 3, 2), date(2026, 3, 3))
    told = {line[0]: tuple(int(word.replace(",", "")) for word in line[1:4]) for line in lines}
    assert told == {"all": expected["campaign"], "mid": expected["mid"], "pre": expected["pre"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["spring"], "2 campaigns are called"),
        (["autumn"], "There is no campaign 'autumn'; there are 'Spring'"),
        (["spr"], "did you mean 'Spring'?"),
        (["spring", "--tenant", "harbor", "--from", "2026-03-04", "--to", "2026-03-01"], "There is no day from"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(
    network: Warehouse, database_url: str, words: list[str], said: str
) -> None:
    result = CliRunner().invoke(main, ["reach", *words], env={"DATABASE_URL": database_url})
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
