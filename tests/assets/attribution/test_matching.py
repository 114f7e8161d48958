"""Matching: which placement a code or a survey answer names and when it counts, and which exposures share a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from assets.attribution.matching import pair_keys
from tests.assets.attribution.test_paths import NOON, airing, code, conversion, exposure, paths, placement


def test_a_promo_code_is_the_whole_path_at_the_last_airing_before_the_conversion() -> None:
    airings = [airing("ep-1", 9), airing("ep-2", 2), airing("ep-3", -1)]
    path = paths(
        [conversion(promo_code="harbour20")], [exposure("a")], codes=[code()], placements=[placement()], airings=airings
    )
    assert path.select("touch_no", "episode_id", "exposure_id", "matched_by").rows() == [
        (1, "ep-2", None, "promo_code")
    ]
    assert path.get_column("touched_at").item() == NOON - timedelta(days=2)


def test_a_vanity_url_says_that_it_was_one() -> None:
    path = paths(
        [conversion(promo_code="harbour20")],
        [],
        codes=[code(kind="vanity_url")],
        placements=[placement()],
        airings=[airing("ep-1", 1)],
    )
    assert path.get_column("matched_by").to_list() == ["vanity_url"]


def test_a_code_whose_airing_is_outside_the_window_falls_through_to_the_keys() -> None:
    path = paths(
        [conversion(promo_code="harbour20")],
        [exposure("a")],
        codes=[code()],
        placements=[placement()],
        airings=[airing("ep-1", 31)],
    )
    assert path.select("exposure_id", "matched_by").rows() == [("a", "household")]


@pytest.mark.parametrize(
    "failed", [{"valid_until": NOON}, {"valid_from": NOON + timedelta(seconds=1)}, {"sponsor_id": "anchor"}]
)
def test_a_code_out_of_validity_or_of_another_sponsor_names_nothing(failed: dict[str, object]) -> None:
    path = paths(
        [conversion(promo_code="harbour20")],
        [exposure("a")],
        codes=[code(**failed)],
        placements=[placement()],
        airings=[airing("ep-1", 1)],
    )
    assert path.get_column("matched_by").to_list() == ["household"]


@pytest.mark.parametrize(
    "named", [{"promo_code": "harbour20"}, {"survey_placement_id": "host-read"}], ids=["code", "survey"]
)
def test_a_placement_of_another_sponsor_earns_nothing_by_a_code_or_an_answer(named: dict[str, object]) -> None:
    anchors = {"placements": [placement(sponsor_id="anchor", campaign_id="anchors")], "airings": [airing("ep-1", 1)]}
    assert paths([conversion(household_key=None, **named)], [], codes=[code()], **anchors).is_empty()


@pytest.mark.parametrize(
    "other",
    [{"codes": [code(tenant_id="lighthouse")]}, {"placements": [placement(tenant_id="lighthouse")]}],
    ids=["code", "placement"],
)
def test_a_code_or_placement_of_another_tenant_earns_nothing(other: dict[str, list[dict[str, object]]]) -> None:
    group = {"codes": [code()], "placements": [placement()], "airings": [airing("ep-1", 1)]}
    bought = [conversion(household_key=None, promo_code="harbour20")]
    assert paths(bought, [], **group).height == 1
    assert paths(bought, [], **{**group, **other}).is_empty()
    aired_elsewhere = [{**airing("ep-9", 1), "tenant_id": "lighthouse"}]
    assert paths(bought, [], **{**group, "airings": aired_elsewhere}).is_empty()


@pytest.mark.parametrize(
    ("flight_ends_at", "touched_at"),
    [(datetime(2026, 4, 1, tzinfo=UTC), NOON), (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))],
)
def test_a_dynamic_placement_s_last_airing_is_the_conversion_or_the_end_of_its_flight(
    flight_ends_at: datetime, touched_at: datetime
) -> None:
    path = paths(
        [conversion(promo_code="harbour20")],
        [],
        codes=[code()],
        placements=[placement(kind="dynamic", flight_ends_at=flight_ends_at)],
        airings=[airing("ep-1", 40)],
    )
    assert path.select("touched_at", "episode_id").rows() == [(touched_at, "ep-1")]


def test_a_dynamic_placement_is_not_on_the_air_before_its_flight() -> None:
    later = placement(kind="dynamic", flight_starts_at=NOON + timedelta(seconds=1))
    assert paths(
        [conversion(promo_code="harbour20")], [], codes=[code()], placements=[later], airings=[airing("ep-1", 1)]
    ).is_empty()


def test_a_survey_answer_counts_only_where_nothing_else_matches() -> None:
    converted = [conversion(survey_placement_id="host-read")]
    aired = {"placements": [placement()], "airings": [airing("ep-1", 3)]}
    assert paths(converted, [exposure("a")], **aired).get_column("matched_by").to_list() == ["household"]
    assert paths(converted, [], **aired).get_column("matched_by").to_list() == ["survey"]


def test_an_exposure_pairs_by_the_strongest_key_that_it_shares_inside_the_window() -> None:
    buyer = {"tenant_id": "harbour", "sponsor_id": "kettle", "household_key": 7, "listener_id": "ada"}
    buyers = [{**buyer, "listener_key": 70, "address_class": "household", "converted_at": NOON}]
    heard = {**buyer, "consumer_key": 71, "address_class": "household", "listener_id": None}
    exposures = [
        {**heard, "occurred_at": NOON - timedelta(days=30)},
        {**heard, "occurred_at": NOON - timedelta(days=30, seconds=1)},
        {**heard, "occurred_at": NOON + timedelta(seconds=1)},
        {**heard, "occurred_at": NOON, "consumer_key": 70},
        {**heard, "occurred_at": NOON, "address_class": "shared"},
        {**heard, "occurred_at": NOON, "address_class": "shared", "listener_id": "ada"},
        {**heard, "occurred_at": NOON, "sponsor_id": "anchor"},
    ]

    pairs = pair_keys(pl.DataFrame(buyers), pl.DataFrame(exposures), timedelta(days=30))

    found = dict(pairs.select("exposure", "matched_by").iter_rows())
    assert found == {0: "household", 3: "listener", 5: "listener"}
    assert pairs.height == 3
