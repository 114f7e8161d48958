"""Explicit impressions and clicks: which placement and episode they are of, and that none vanishes unseen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sql.values import Window
from tests.assets.campaigns.test_daily import HEARD, HOMES, add, add_campaign, named

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

HARBOUR = named("harbour")
NAMES = {named(name).bytes: name for name in ("host-read", "inserted", "bonus", "ep-1", "ep-2", "ep-3", "spring")}


@pytest.fixture
def harbour(warehouse: Warehouse) -> Warehouse:
    """A host read in episode 1 (3 March), an ad in the whole run of the show, and a third episode on the 6th."""
    owner = add_campaign(warehouse, "harbour")
    third = {"podcast_id": named("tides"), "published_at": HEARD + timedelta(days=3)}
    add(warehouse, "episodes", {**owner, "episode_id": named("ep-3"), "guid": "ep-3", "title": "Episode 3", **third})
    return warehouse


def ad(at: datetime, kind: str = "impression", **names: str) -> dict[str, object]:
    result = {
        f"{what}_id": named(names[what]) if what in names else None for what in ("campaign", "placement", "episode")
    }
    owner = {"tenant_id": HARBOUR, "sponsor_id": named("kettle"), "event_id": named(f"{at} {kind} {names}")}
    sent = {"kind": kind, "signal": "pixel", "client_ip": HOMES[0], "user_agent": "Mozilla/5.0"}
    return {**owner, **result, **sent, "occurred_at": at}


def placed(warehouse: Warehouse, *ads: dict[str, object]) -> list[tuple[str, str, str]]:
    if ads:
        add(warehouse, "attribution_events", *ads)
    span = Window.of_days(date(2026, 2, 1), date(2026, 4, 30))
    rows = warehouse.read("read_ad_signals", start=span.start, end=span.end, tenants=[HARBOUR]).sort("occurred_at")
    ids = rows.select("campaign_id", "placement_id", "episode_id").iter_rows()
    return [(NAMES[campaign], NAMES[placement], NAMES[episode]) for campaign, placement, episode in ids]


@pytest.mark.parametrize(
    ("days", "episode"), [(-1, "ep-1"), (1, "ep-1"), (4, "ep-3")], ids=["before the first", "between", "after the last"]
)
def test_an_ad_in_the_run_of_a_show_is_of_the_episode_that_was_out_last(
    harbour: Warehouse, days: int, episode: str
) -> None:
    (result,) = placed(harbour, ad(HEARD + timedelta(days=days), placement="inserted"))
    first_of_two = min("ep-1", "ep-2", key=lambda name: named(name).bytes)
    assert result == ("spring", "inserted", first_of_two if episode == "ep-1" else episode)


def test_an_episode_that_the_event_names_is_taken_as_it_is(harbour: Warehouse) -> None:
    result = placed(harbour, ad(HEARD + timedelta(days=9), placement="inserted", episode="ep-2"))
    assert result == [("spring", "inserted", "ep-2")]


def test_a_click_that_names_its_campaign_alone_is_of_the_placement_that_was_on_the_air_last(harbour: Warehouse) -> None:
    alone = ad(HEARD + timedelta(days=4), "click", campaign="spring")
    assert placed(harbour, alone) == [("spring", "inserted", "ep-3")]
    read_again = {"tenant_id": HARBOUR, "placement_id": named("host-read"), "episode_id": named("ep-3")}
    add(harbour, "placement_episodes", {**read_again, "aired_at": HEARD + timedelta(days=3, hours=1)})
    assert placed(harbour) == [("spring", "host-read", "ep-3")]
    in_second = ad(HEARD + timedelta(days=5), "click", campaign="spring", episode="ep-2")
    assert placed(harbour, in_second)[1:] == [("spring", "inserted", "ep-2")]


def test_a_placement_whose_flight_is_over_gives_way_to_one_that_runs(harbour: Warehouse) -> None:
    flight = {"flight_start": date(2026, 2, 1), "flight_end": date(2026, 2, 10), "insertion_order_id": named("io")}
    over = {"placement_id": named("bonus"), "name": "Bonus", "kind": "dynamic", "position": "mid", "cost_minor": 0}
    owner = {"tenant_id": HARBOUR, "campaign_id": named("spring"), "podcast_id": named("tides")}
    add(harbour, "placements", {**owner, **flight, **over, "booked_impressions": 1})
    clicks = [
        ad(HEARD + timedelta(days=4), "click", campaign="spring"),
        ad(HEARD - timedelta(days=22), campaign="spring"),
    ]
    assert [result[1] for result in placed(harbour, *clicks)] == ["bonus", "inserted"]


def test_what_cannot_be_placed_is_counted(harbour: Warehouse) -> None:
    now = datetime.now(UTC)
    unplaced = [
        ad(now, "click"),
        ad(now, campaign="autumn"),
        ad(now, placement="nobody's"),
        ad(now, placement="inserted", episode="ep-9"),
    ]
    found = [ad(now, placement="inserted"), ad(now, campaign="spring"), ad(now, placement="host-read", episode="ep-2")]
    add(harbour, "attribution_events", *unplaced, *found)
    kept = harbour.read("read_ad_signals", start=now, end=now + timedelta(seconds=1), tenants=[HARBOUR])
    assert kept.height == len(found)
    assert harbour.read("read_status")["unplaced_ads"].to_list() == [len(unplaced)]
