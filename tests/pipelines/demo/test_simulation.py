"""The simulated network: the same every time, of the requested size, shaped like the tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice

import polars as pl
import pytest

from pipelines.demo.simulation import Batch, Simulation, simulate
from sql.values import PermanentError

UNTIL = date(2026, 3, 31)


def test_the_same_seed_and_last_day_give_the_same_bytes() -> None:
    first, second = (simulate(seed=3, events=10_000, until=UNTIL) for _ in range(2))
    for one, other in zip(islice(first.batches(), 4), islice(second.batches(), 4), strict=True):
        assert one.listener_events.equals(other.listener_events, null_equal=True)
        assert one.attribution_events.equals(other.attribution_events, null_equal=True)
    for (table, one_frame), (other_table, other_frame) in zip(first.dimensions(), second.dimensions(), strict=True):
        assert table == other_table
        assert one_frame.equals(other_frame, null_equal=True)


def test_another_seed_gives_other_events() -> None:
    one, other = (next(simulate(seed=seed, events=10_000, until=UNTIL).batches()) for seed in (1, 2))
    assert set(one.listener_events["event_id"]).isdisjoint(other.listener_events["event_id"])


def test_ninety_five_days_end_at_the_last_one(simulation: Simulation, batches: list[Batch]) -> None:
    days = [day for batch in batches for day in batch.days]
    assert len(days) == 95
    assert days[-1] == UNTIL
    moments = pl.concat([batch.listener_events["occurred_at"] for batch in batches])
    assert moments.min() >= datetime(2025, 12, 27, tzinfo=UTC)  # type: ignore[operator]
    assert moments.max() < datetime(2026, 4, 1, tzinfo=UTC)  # type: ignore[operator]


@pytest.mark.parametrize("events", [10_000, 60_000])
def test_there_are_about_as_many_events_as_requested(events: int) -> None:
    simulation = simulate(seed=5, events=events, until=UNTIL)
    days = [batch.listener_events.height for batch in simulation.batches()]
    assert 0.85 * events < sum(days) < 1.15 * events


@pytest.mark.parametrize("events", [9_999, 50_000_001])
def test_a_size_out_of_bounds_is_refused(events: int) -> None:
    with pytest.raises(PermanentError, match="10,000 to 50,000,000"):
        simulate(events=events, until=UNTIL)


def test_a_large_network_makes_its_days_one_by_one() -> None:
    assert len(simulate(seed=1, events=50_000_000, until=UNTIL).plans) == 3


def test_every_address_lies_in_a_range_that_nobody_owns(batches: list[Batch]) -> None:
    carrier = r"100\.(6[4-9]|[789]\d|1[01]\d|12[0-7])\."
    invented = rf"^(::ffff:)?(10\.|{carrier}|192\.0\.2\.|203\.0\.113\.|198\.1[89]\.|198\.51\.100\.|fd)"
    for batch in batches:
        for frame in (batch.listener_events, batch.attribution_events):
            assert frame["client_ip"].drop_nulls().str.contains(invented).all()


def test_people_are_only_written_to_at_example_domains(simulation: Simulation) -> None:
    subscriptions = dict(simulation.dimensions())["report_subscriptions"]
    people = subscriptions["recipients"].explode().drop_nulls()
    assert people.str.contains(r"^[a-z.-]+@example\.(com|org|net)$").all()
    assert (subscriptions["recipients"].list.len() == 0).sum() == 1
    assert subscriptions["campaign_id"].null_count() == 3


def test_two_sponsors_share_a_code_word_and_two_tenants_a_sponsor(simulation: Simulation) -> None:
    frames = dict(simulation.dimensions())
    shared = frames["promo_codes"].group_by("tenant_id", "code").agg(pl.col("sponsor_id").n_unique())
    assert shared["sponsor_id"].max() == 2
    assert frames["sponsors"].group_by("name").len()["len"].max() == 2


def test_files_come_with_gaps_and_one_trailer_is_under_a_minute(simulation: Simulation) -> None:
    frames = dict(simulation.dimensions())
    media = frames["media_assets"]
    assert 0 < media["file_bytes"].null_count() < media.height / 5
    assert 0 < media["duration_s"].null_count() < media.height / 5
    assert (media["duration_s"] < 60).sum() == 3
    joined = frames["asset_segments"].join(media, on=["tenant_id", "asset_id"])
    assert (joined["last_byte"] < joined["file_bytes"]).all()
    assert (joined["first_byte"] >= joined["header_bytes"]).all()


def test_late_and_redelivered_rows_are_there(batches: list[Batch]) -> None:
    rows = pl.concat([batch.listener_events.select("event_id", "occurred_at", "received_at") for batch in batches])
    lag = rows["received_at"] - rows["occurred_at"]
    assert lag.dt.total_hours().max() >= 48  # type: ignore[operator]
    assert lag.min().total_seconds() > 0  # type: ignore[union-attr]
    assert 0 < rows.height - rows["event_id"].n_unique() < rows.height / 50
