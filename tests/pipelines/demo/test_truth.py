"""The truth of a simulation: sums that must hold, and the definitions restated on small scales without the product."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.demo.events.requests import DISPOSITIONS
from pipelines.demo.events.traffic import make_traffic
from pipelines.demo.simulation import Batch, Simulation, simulate
from pipelines.demo.truth import Truth, read_truth, write_truth


@pytest.fixture(scope="session")
def events(batches: list[Batch]) -> pl.DataFrame:
    return pl.concat([batch.listener_events for batch in batches]).unique("event_id")


def test_dispositions_sum_to_the_rows_of_every_tenant_and_day(events: pl.DataFrame, truth: Truth) -> None:
    loaded = truth["dispositions"].filter(pl.col("origin") == "loaded")
    meant = loaded.group_by("tenant_id", "day").agg(rows=pl.col("rows").sum().cast(pl.Int64))
    there = events.group_by("tenant_id", pl.col("occurred_at").dt.date().alias("day")).agg(rows=pl.len().cast(pl.Int64))
    keys = ["tenant_id", "day"]
    assert meant.sort(keys).equals(there.sort(keys))


def test_every_disposition_but_the_crowd_happens_in_a_small_network(truth: Truth) -> None:
    assert set(truth["dispositions"]["disposition"]) == set(DISPOSITIONS) - {"suspect_ip"}


def test_a_large_network_has_a_crowd() -> None:
    simulation = simulate(seed=1, events=1_000_000, until=date(2026, 3, 31))
    plan = simulation.plans[2]
    saturday = next(day for day in simulation.span.days() if day.weekday() == 5)
    traffic = make_traffic(plan, saturday, simulation.seed, simulation.events)
    crowd = traffic.rows.outcome == DISPOSITIONS.index("suspect_ip")
    pairs = set(zip(traffic.rows.episode[crowd], traffic.rows.agent[crowd], strict=True))
    assert len(pairs) > 500
    assert len(set(traffic.rows.address[crowd])) == 1


def test_counted_requests_are_downloads(truth: Truth) -> None:
    counted = truth["dispositions"].filter(pl.col("disposition") == "counted")["rows"].sum()
    assert counted == truth["downloads"]["downloads"].sum() == truth["download_rows"].height


def test_a_consumer_has_one_download_of_an_episode_in_a_day(truth: Truth) -> None:
    rows = truth["download_rows"]
    assert rows.select("tenant_id", "episode_id", "day", "consumer").is_unique().all()


def test_listeners_are_distinct_consumers(truth: Truth) -> None:
    rows = truth["download_rows"].group_by("origin", "tenant_id", "podcast_id", "day")
    per_show = rows.agg(found=pl.col("consumer").n_unique())
    by_show = truth["listeners"].filter(pl.col("podcast_id").is_not_null())
    both = by_show.join(per_show, on=["origin", "tenant_id", "podcast_id", "day"], how="full", validate="1:1")
    assert (both["listeners"] == both["found"]).all()
    assert both.height == per_show.height == by_show.height


def test_ads_are_heard_only_inside_downloads(truth: Truth) -> None:
    keys = ["origin", "tenant_id", "episode_id", "day", "consumer"]
    alone = truth["exposure_rows"].join(truth["download_rows"], on=keys, how="anti")
    assert alone.height == 0
    assert truth["ads"]["impressions"].sum() == truth["exposure_rows"].height
    assert truth["exposure_rows"].select(*keys, "placement_id").is_unique().all()


def test_reach_lies_between_one_and_the_number_of_ads(truth: Truth) -> None:
    heard = truth["exposure_rows"].filter(pl.col("origin") == "loaded").group_by("placement_id")
    found = heard.agg(pl.col("household").n_unique(), pl.col("consumer").n_unique(), pl.len())
    both = truth["reach"].join(found, on="placement_id", how="full", validate="1:1")
    assert (both["households"] == both["household"]).all()
    assert (both["consumers"] == both["consumer"]).all()
    assert (both["households"] <= both["consumers"]).all()
    assert (both["consumers"] <= both["len"]).all()


def test_housemates_with_the_same_app_are_one_consumer(truth: Truth) -> None:
    rows = truth["download_rows"]
    assert rows["household"].n_unique() < rows["consumer"].n_unique()


def test_a_download_that_goes_on_after_midnight_counts_where_it_reaches_the_minute(simulation: Simulation) -> None:
    day = simulation.span.before_last(30)
    traffic = make_traffic(simulate(seed=1, events=400_000, until=simulation.span.last).plans[0], day, 1, 0)
    days = traffic.downloads.at // 86_400_000_000
    after = days == days.max()
    assert 0 < after.sum() < 50
    assert (traffic.downloads.first[after] > 0).all()


def test_conversions_are_the_orders_counted(truth: Truth) -> None:
    conversions, orders = truth["conversions"], truth["orders"]
    assert conversions["conversions"].sum() == orders.height
    assert conversions["caused"].sum() == (orders["cause"] == "exposure").sum()
    assert conversions["value_minor"].sum() == orders["value_minor"].sum()
    assert conversions["refunded_minor"].sum() == truth["refunds"]["value_minor"].sum()


def test_an_order_has_at_least_one_signal_and_the_first_at_its_time(batches: list[Batch], truth: Truth) -> None:
    events = pl.concat([batch.attribution_events for batch in batches])
    signals = events.filter(~pl.col("kind").is_in(["refund", "survey", "visit", "click", "impression"]))
    keys = ["tenant_id", "sponsor_id", "kind", "order_id"]
    earliest = signals.group_by(keys).agg(first=pl.col("occurred_at").min())
    orders = truth["orders"].filter(pl.col("order_id").is_not_null())
    both = orders.join(earliest, on=keys, how="full", validate="1:1", coalesce=True)
    assert both.height == orders.height == earliest.height
    assert (both["first"] == both["converted_at"]).all()


def test_an_order_follows_the_exposure_that_caused_it_within_thirty_days(truth: Truth) -> None:
    caused = truth["orders"].filter(pl.col("cause") == "exposure")
    lag = (caused["converted_at"] - caused["exposed_at"]).dt.total_seconds()
    assert lag.min() > 0  # type: ignore[operator]
    assert lag.quantile(0.95) <= 30 * 86_400  # type: ignore[operator]


def test_refunds_never_exceed_their_order(truth: Truth) -> None:
    keys = ["tenant_id", "sponsor_id", "order_id"]
    both = truth["refunds"].join(truth["orders"], on=keys, validate="1:1")
    assert both.height == truth["refunds"].height
    assert (both["value_minor"] <= both["value_minor_right"]).all()
    assert (both["refunded_at"] > both["converted_at"]).all()


def test_truth_reads_back_as_it_was_written(simulation: Simulation, truth: Truth, tmp_path: Path) -> None:
    written = write_truth(simulation, tmp_path, detail=True)
    again = read_truth(tmp_path)
    assert again.about == written.about == truth.about
    for name, table in truth.tables.items():
        assert again[name].equals(written[name], null_equal=True), name
        assert again[name].height == table.height, name
