"""How many listeners two shows have in common."""

from __future__ import annotations

import polars as pl
import pytest

from assets.listening.audience.overlaps import measure_overlaps

EPISODES = pl.DataFrame(
    {
        "tenant_id": ["quayside", "quayside", "quayside", "inland"],
        "podcast_id": ["harbour", "harbour", "tides", "meadow"],
        "episode_id": ["harbour-1", "harbour-2", "tides-1", "meadow-1"],
    }
)


def test_a_listener_of_two_shows_is_shared_once_however_often_both_were_heard() -> None:
    exposed = [("harbour-1", 1), ("harbour-2", 1), ("harbour-1", 2), ("harbour-1", 3), ("tides-1", 1), ("tides-1", 1)]
    keys = pl.DataFrame(exposed, schema=["episode_id", "consumer_key"], orient="row").with_columns(
        tenant_id=pl.lit("quayside")
    )
    there, back = measure_overlaps(keys, EPISODES).to_dicts()
    assert (there["podcast_id"], there["other_podcast_id"]) == ("harbour", "tides")
    assert (there["listeners"], there["other_listeners"], there["shared_listeners"]) == (3, 1, 1)
    assert there["jaccard"] == back["jaccard"] == pytest.approx(1 / 3)
    assert (there["share_of_listeners"], back["share_of_listeners"]) == (pytest.approx(1 / 3), 1)


def test_the_same_key_at_two_tenants_is_nobody_in_common() -> None:
    keys = pl.DataFrame(
        {"tenant_id": ["quayside", "inland"], "episode_id": ["harbour-1", "meadow-1"], "consumer_key": [1, 1]}
    )
    assert measure_overlaps(keys, EPISODES).is_empty()
