"""earshot reach, as an analyst asks."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl
import pytest
from click.testing import CliRunner

from assets.campaigns.reach.ranges import ReachLimits, measure_reach
from pipelines.cli import main
from sql.raw.rotating import replace_keys
from sql.warehouse import Warehouse
from tests.assets.campaigns.reach_network import HARBOR, build_network, truth


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    build_network(warehouse)
    return warehouse


def test_the_reach_of_a_range_is_found_by_the_campaigns_name(network: Warehouse, database_url: str) -> None:
    days = ["--from", "2026-03-02", "--to", "2026-03-03"]
    arguments = ["reach", "spring", "--tenant", "harbor", *days, "--by", "placement"]
    result = CliRunner().invoke(main, arguments, env={"DATABASE_URL": database_url})
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines() if line.startswith(("all", "mid", "pre"))]
    expected = truth(date(2026, 3, 2), date(2026, 3, 3))
    shown = {line[0]: tuple(int(word.replace(",", "")) for word in line[1:4]) for line in lines}
    assert shown == {"all": expected["campaign"], "mid": expected["mid"], "pre": expected["pre"]}


def test_a_range_that_is_read_on_both_sides_of_a_rotation_is_read_again(
    network: Warehouse, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first statement that returns keys is followed by a rotation: each listener would be counted twice."""
    read, rotated = Warehouse.read, list[str]()

    def then_rotate(warehouse: Warehouse, name: str, /, **params: object) -> pl.DataFrame:
        found: pl.DataFrame = read(warehouse, name, **params)
        if not rotated and "household_key" in found.columns and found.height:
            rotated.append(name)
            replace_keys(network, HARBOR, lambda keys: keys + 1_000_000, 0, 1, "Ada")
        return found

    monkeypatch.setattr(Warehouse, "read", then_rotate)
    # A campaign that is too large to be counted is read day by day.
    large = partial(measure_reach, limits=ReachLimits(counted=10))
    monkeypatch.setattr("pipelines.commands.numbers.reach.measure_reach", large)
    monkeypatch.setattr("assets.campaigns.reach.ranges.READ_AT_ONCE", 1)
    test_the_reach_of_a_range_is_found_by_the_campaigns_name(network, database_url)
    assert rotated


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["spring"], "2 campaigns are called"),
        (["autumn"], "There is no campaign 'autumn'; there are 'Spring'"),
        (["spr"], "did you mean 'Spring'?"),
        (["spring", "--tenant", "harbor", "--from", "2026-03-04", "--to", "2026-03-01"], "There is no day from"),
    ],
)
def test_a_range_without_a_result_says_what_to_do(
    network: Warehouse, database_url: str, arguments: list[str], expected_text: str
) -> None:
    result = CliRunner().invoke(main, ["reach", *arguments], env={"DATABASE_URL": database_url})
    assert result.exit_code == 1
    assert expected_text in " ".join(result.output.split())
