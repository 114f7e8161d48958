"""Lineage: the ledger's rules name what the asset graph names, and change when the content does."""

from __future__ import annotations

from datetime import date

import polars as pl
from dagster import AssetsDefinition

from assets.lineage import STEPS, Step, days_read, hash_content, sources_of
from assets.upkeep.assets import DAILY_ASSETS
from pipelines.definitions import ASSETS
from sql.warehouse import Warehouse
from tests.promises.machine import Machine

KINDS = pl.Enum(["b", "a"])

# By what the ledger calls the raw rows that the graph names as assets.
RAW = {"listener_events": {"requests"}, "attribution_events": {"ads", "signals"}}


def graph() -> list[tuple[set[str], set[str]]]:
    """What is computed together, and what the graph says that it is made of; days as the graph knows them."""
    found = []
    for asset in ASSETS:
        if isinstance(asset, AssetsDefinition) and {key.path[-1] for key in asset.keys} & set(DAILY_ASSETS):
            made = {key.path[-1] for key in asset.keys}
            used = {dep.asset_key.path[-1] for spec in asset.specs for dep in spec.deps}
            found.append((made, used - made))
    return found


def test_the_rules_are_about_the_assets_of_a_day_each_computed_once_and_in_order() -> None:
    assert {asset for step in STEPS for asset in step.assets} == {*DAILY_ASSETS, "tenant_checks"}
    made: set[str] = set()
    for step in STEPS:
        sources = {source for source, _ in step.made_of} - {"requests", "ads", "signals"}
        assert sources <= made | set(step.assets)
        assert not made & set(step.assets)
        made |= set(step.assets)


def test_everything_that_the_graph_names_is_named_by_the_rules() -> None:
    by_assets = {frozenset(step.assets): step for step in STEPS}
    for made, used in graph():
        step: Step = by_assets[frozenset(made)]
        named = {source for source, _ in step.made_of}
        for source in used:
            # What is made in the same step from the same rows needs no rule of its own.
            known = RAW.get(source, {source})
            assert known & named or _shares_rows(source, step), (made, source)


def _shares_rows(source: str, step: Step) -> bool:
    raw = {name for name in sources_of([source]) if name in ("requests", "ads", "signals")}
    return bool(raw) and raw <= {name for name, _ in step.made_of} | {"ads"}


def test_the_machine_of_these_tests_computes_what_the_product_does_and_in_its_order() -> None:
    machine = Machine(Warehouse("postgresql://nobody@127.0.0.1:1/nowhere"))
    assert [set(tables_of) for tables_of, _ in machine.steps()] == [set(step.assets) for step in STEPS]


def test_windows_that_roll_read_thirty_days_before_and_two_after() -> None:
    day = date(2026, 3, 1)
    assert days_read(day, {"requests": "rolling"}, is_rolling=False) == [day]
    wide = days_read(day, {"requests": "rolling"}, is_rolling=True)
    assert (len(wide), (day - wide[0]).days, (wide[-1] - day).days) == (33, 30, 2)
    assert days_read(day, {"requests": "day"}, is_rolling=True) == [day]


def test_the_hash_of_a_table_tells_rows_and_tenants_apart_and_not_their_order() -> None:
    frame = pl.DataFrame(
        {"tenant_id": [b"h", b"h", b"k"], "credit": [0.5, 0.5, None], "kind": pl.Series(["a", "b", "a"], dtype=KINDS)}
    )
    told = hash_content([frame])
    assert told == hash_content([frame.reverse().select("kind", "credit", "tenant_id")])
    assert told == hash_content([frame.with_columns(pl.col("kind").cast(pl.String))])
    assert hash_content([frame.head(2)])[b"h"] == told[b"h"]
    for changed in (frame.head(1), frame.vstack(frame.head(1)), frame.with_columns(pl.col("credit") + 2**-53)):
        assert hash_content([changed])[b"h"] != told[b"h"]
