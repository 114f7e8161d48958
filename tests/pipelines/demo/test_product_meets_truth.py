"""The product against the simulation's truth, to the row: what was meant is what is found.

Here: listening and conversions of loaded days, and the day that comes by an imported log.
Not here: how the truth was made; no code of the product was called for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets.attribution.day import compute_attribution_day
from assets.importing import LogImport, import_batches, read_batches
from assets.listening.day import compute_listening_day
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from pipelines.demo.cdn_log import write_cdn_log
from pipelines.demo.loading import load
from pipelines.demo.simulation import Simulation
from pipelines.demo.truth import Truth
from sql.values import Window
from sql.warehouse import Warehouse

RING = Keyring((Key(1, b"a secret of the tests, 32 bytes."),))
# Weekdays and a weekend, early and late, and the last day, into which a night download still reaches.
DAYS = (0, 20, 45, 52, 70, 88, 94)


@pytest.fixture
def loaded(warehouse: Warehouse, simulation: Simulation) -> Warehouse:
    load(warehouse, simulation)
    return warehouse


def listening(warehouse: Warehouse, simulation: Simulation, days: Sequence[date]) -> dict[str, pl.DataFrame]:
    """The rollups of some days, one after another."""
    tenants = [library.tenant_id for library in simulation.libraries]
    made = [
        compute_listening_day(
            warehouse.read, Window.of_day(day), tenants, load_rules(None), AddressRanges.load(None), RING
        )
        for day in days
    ]
    return {table: pl.concat([each[table] for each in made], how="vertical_relaxed") for table in made[0]}


def assert_same(found: pl.DataFrame, meant: pl.DataFrame) -> None:
    """Both frames hold the same rows, whatever their order and the width of their whole numbers."""
    columns = meant.columns
    one, other = (
        frame.select(columns).with_columns(pl.selectors.integer().cast(pl.Int64)).sort(columns, nulls_last=True)
        for frame in (found, meant)
    )
    assert one.equals(other, null_equal=True), one.join(other, on=columns, how="anti", nulls_equal=True)


def of_days(truth: Truth, table: str, days: Sequence[date], origin: str) -> pl.DataFrame:
    return truth[table].filter(pl.col("day").is_in(list(days)) & (pl.col("origin") == origin)).drop("origin")


def assert_listening_meets(found: dict[str, pl.DataFrame], truth: Truth, days: Sequence[date], origin: str) -> None:
    rows = found["request_dispositions"].rename({"requests": "rows"}).filter(pl.col("rows") > 0)
    assert_same(rows, of_days(truth, "dispositions", days, origin))
    downloads = found["downloads"]
    per_episode = downloads.group_by("tenant_id", "podcast_id", "episode_id", "day").agg(downloads=pl.len())
    assert_same(per_episode, of_days(truth, "downloads", days, origin))
    people = downloads.group_by("tenant_id", "podcast_id", "day").agg(
        listeners=pl.col("consumer_key").n_unique(), households=pl.col("household_key").n_unique()
    )
    shows = of_days(truth, "listeners", days, origin).filter(pl.col("podcast_id").is_not_null())
    assert_same(people, shows)
    delivered = found["ad_exposures"].filter(pl.col("kind") == "delivered")
    ads = delivered.group_by("tenant_id", "placement_id", "episode_id", "day").agg(impressions=pl.len())
    assert_same(ads, of_days(truth, "ads", days, origin))


def test_listening_is_found_as_it_was_meant(loaded: Warehouse, simulation: Simulation, truth: Truth) -> None:
    days = [simulation.span.first + timedelta(days=n) for n in DAYS]
    found = listening(loaded, simulation, days)
    assert_listening_meets(found, truth, days, "loaded")
    reported = found["ad_exposures"].filter(pl.col("kind") != "delivered")
    contacts = reported.group_by("tenant_id", "placement_id", "day", "kind").agg(events=pl.len())
    assert_same(contacts, truth["impressions"].filter(pl.col("day").is_in(days)))


def test_conversions_and_refunds_are_found_as_they_were_meant(
    loaded: Warehouse, simulation: Simulation, truth: Truth
) -> None:
    tenants = [library.tenant_id for library in simulation.libraries]
    days = [simulation.span.first + timedelta(days=n) for n in range(95)]
    made = [compute_attribution_day(loaded.read, Window.of_day(day), tenants, RING) for day in days]
    orders = pl.concat([each["conversions"] for each in made])
    keys = ["tenant_id", "sponsor_id", "kind", "order_id", "converted_at", "day"]
    meant = truth["orders"].filter(pl.col("day").is_in(days))
    assert meant.height > 50
    assert_same(orders, meant.select(*keys, "value_minor"))
    refunds = pl.concat([each["conversion_adjustments"] for each in made], how="vertical_relaxed")
    expected_refunds = truth["refunds"].join(meant, on=["tenant_id", "sponsor_id", "order_id"], how="semi")
    assert refunds.height == expected_refunds.height
    assert refunds["value_minor"].abs().sum() == expected_refunds["value_minor"].sum()
    touches = pl.concat([each["attribution_touches"] for each in made], how="vertical_relaxed")
    coded = touches.filter(pl.col("matched_by") == "promo_code").group_by("tenant_id", "placement_id")
    meant_codes = truth["code_orders"].filter(pl.col("in_window") > 0)
    found_codes = coded.agg(in_window=pl.col("conversion_id").n_unique())
    assert_same(found_codes, meant_codes.select("tenant_id", "placement_id", "in_window"))


def test_the_imported_log_is_found_as_it_was_meant(
    warehouse: Warehouse, simulation: Simulation, truth: Truth, tmp_path: Path
) -> None:
    for table, frame in simulation.dimensions():
        warehouse.insert(table, frame)
    log = write_cdn_log(simulation, tmp_path)
    tenant = simulation.libraries[0].tenant
    task = LogImport(
        tenant=simulation.libraries[0].tenant_id,
        tenant_slug=tenant.slug,
        object="the log",
        format_name="cloudfront",
        started_by="a test",
    )
    summary = import_batches(warehouse, task, read_batches(log))
    assert summary.rejected == truth.about["rejected_lines"]
    assert summary.stored == truth.about["imported_rows"]
    day = simulation.span.first - timedelta(days=1)
    assert_listening_meets(listening(warehouse, simulation, [day]), truth, [day], "imported")
