"""Which touches stand on the path of a conversion."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.models import credit_touches
from assets.attribution.paths import build_paths, matched_by

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
UTC_TIME = pl.Datetime("us", "UTC")

CONVERSION = pl.Schema(
    {
        "tenant_id": pl.String(),
        "sponsor_id": pl.String(),
        "conversion_id": pl.String(),
        "converted_at": UTC_TIME,
        "day": pl.Date(),
        "promo_code": pl.String(),
        "household_key": pl.Int64(),
        "listener_key": pl.Int64(),
        "listener_id": pl.String(),
        "address_class": pl.String(),
        "is_new_customer": pl.Boolean(),
        "survey_placement_id": pl.String(),
    }
)
EXPOSURE = pl.Schema(
    {
        "tenant_id": pl.String(),
        "sponsor_id": pl.String(),
        "exposure_id": pl.String(),
        "occurred_at": UTC_TIME,
        "kind": pl.String(),
        "campaign_id": pl.String(),
        "placement_id": pl.String(),
        "episode_id": pl.String(),
        "household_key": pl.Int64(),
        "consumer_key": pl.Int64(),
        "listener_id": pl.String(),
        "address_class": pl.String(),
    }
)
SETTING = pl.Schema(
    {
        "tenant_id": pl.String(),
        "campaign_id": pl.String(),
        "version": pl.Int32(),
        "window_days": pl.Float64(),
        "touch_unit": pl.String(),
        "include_clicks": pl.Boolean(),
        "exclude_prior_customers": pl.Boolean(),
        "half_life_days": pl.Float64(),
        "default_model": pl.String(),
        "valid_from": UTC_TIME,
    }
)
CODE = pl.Schema(
    {
        "tenant_id": pl.String(),
        "sponsor_id": pl.String(),
        "code": pl.String(),
        "kind": pl.String(),
        "placement_id": pl.String(),
        "valid_from": UTC_TIME,
        "valid_until": UTC_TIME,
    }
)
PLACEMENT = pl.Schema(
    {
        "tenant_id": pl.String(),
        "sponsor_id": pl.String(),
        "placement_id": pl.String(),
        "campaign_id": pl.String(),
        "kind": pl.String(),
        "flight_starts_at": UTC_TIME,
        "flight_ends_at": UTC_TIME,
    }
)
AIRING = pl.Schema(
    {"tenant_id": pl.String(), "placement_id": pl.String(), "episode_id": pl.String(), "aired_at": UTC_TIME}
)


def conversion(**fields: object) -> dict[str, object]:
    at = fields.pop("at", NOON)
    defaults = {"conversion_id": "order", "household_key": 7, "address_class": "household"}
    return {"tenant_id": "harbour", "sponsor_id": "kettle", "converted_at": at, "day": at.date(), **defaults, **fields}  # type: ignore[attr-defined]


def exposure(exposure_id: str, days_before: float = 1, **fields: object) -> dict[str, object]:
    defaults = {"kind": "delivered", "campaign_id": "spring", "placement_id": "mid-roll", "episode_id": "ep-1"}
    keys = {"household_key": 7, "consumer_key": 70, "address_class": "household"}
    at = NOON - timedelta(days=days_before)
    return {
        "tenant_id": "harbour",
        "sponsor_id": "kettle",
        "exposure_id": exposure_id,
        "occurred_at": at,
        **defaults,
        **keys,
        **fields,
    }


def setting(campaign: str = "spring", version: int = 1, **fields: object) -> dict[str, object]:
    return {
        "tenant_id": "harbour",
        "campaign_id": campaign,
        "version": version,
        "window_days": 30.0,
        "touch_unit": "impression",
        "include_clicks": True,
        "exclude_prior_customers": False,
        "half_life_days": 7.0,
        "default_model": "linear",
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        **fields,
    }


def code(**fields: object) -> dict[str, object]:
    named = {"tenant_id": "harbour", "sponsor_id": "kettle", "code": "harbour20", "kind": "code"}
    return {**named, "placement_id": "host-read", **fields}


def placement(placement_id: str = "host-read", kind: str = "baked_in", **fields: object) -> dict[str, object]:
    flight = {"flight_starts_at": datetime(2026, 3, 1, tzinfo=UTC), "flight_ends_at": datetime(2026, 4, 1, tzinfo=UTC)}
    return {
        "tenant_id": "harbour",
        "sponsor_id": "kettle",
        "placement_id": placement_id,
        "campaign_id": "spring",
        "kind": kind,
        **flight,
        **fields,
    }


def airing(episode: str, days_before: float, placement_id: str = "host-read") -> dict[str, object]:
    at = NOON - timedelta(days=days_before)
    return {"tenant_id": "harbour", "placement_id": placement_id, "episode_id": episode, "aired_at": at}


def frame(rows: list[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def paths(
    conversions: list[dict[str, object]],
    exposures: list[dict[str, object]],
    configs: list[dict[str, object]] | None = None,
    codes: list[dict[str, object]] | None = None,
    placements: list[dict[str, object]] | None = None,
    airings: list[dict[str, object]] | None = None,
) -> pl.DataFrame:
    return build_paths(
        frame(conversions, CONVERSION),
        frame(exposures, EXPOSURE),
        frame(codes or [], CODE),
        frame(placements or [], PLACEMENT),
        frame(airings or [], AIRING),
        frame([setting()] if configs is None else configs, SETTING),
    )


def touched(*args: object, **kwargs: object) -> list[str]:
    return paths(*args, **kwargs).sort("touch_no").get_column("exposure_id").to_list()  # type: ignore[arg-type]


def test_touches_are_numbered_in_time_order_with_ties_by_id() -> None:
    exposures = [exposure("c", 1), exposure("b", 2), exposure("a", 2)]
    path = paths([conversion()], exposures)
    assert path.select("touch_no", "exposure_id").rows() == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize(
    ("seconds", "stands"), [(0, True), (30 * 86_400, True), (30 * 86_400 + 1e-6, False), (-1e-6, False)]
)
def test_the_window_is_closed_at_both_ends(seconds: float, stands: bool) -> None:
    at = NOON - timedelta(microseconds=round(seconds * 1e6))
    assert touched([conversion()], [exposure("a", occurred_at=at)]) == (["a"] if stands else [])


def test_the_window_is_elapsed_seconds_over_a_change_of_the_clocks() -> None:
    """New York's clocks went forward on 8 March 2026: the same wall time 7 days apart is an hour less."""
    new_york = ZoneInfo("America/New_York")
    converted = datetime(2026, 3, 10, 12, tzinfo=new_york)
    an_hour_early = datetime(2026, 3, 3, 11, tzinfo=new_york).astimezone(UTC)
    week = [setting(window_days=7.0)]
    conversions = [conversion(at=converted.astimezone(UTC))]
    assert touched(conversions, [exposure("a", occurred_at=an_hour_early)], week) == ["a"]
    before = an_hour_early - timedelta(microseconds=1)
    assert touched(conversions, [exposure("a", occurred_at=before)], week) == []


def test_each_campaign_of_the_sponsor_admits_by_its_own_window() -> None:
    exposures = [exposure("a", 10), exposure("b", 10, campaign_id="summer", placement_id="pre-roll")]
    configs = [setting(), setting("summer", window_days=7.0)]
    assert touched([conversion()], exposures, configs) == ["a"]


def test_one_path_runs_over_all_campaigns_of_the_sponsor() -> None:
    exposures = [exposure("a", 2), exposure("b", 1, campaign_id="summer", placement_id="pre-roll")]
    assert touched([conversion()], exposures, [setting(), setting("summer")]) == ["a", "b"]


def test_settings_are_those_in_force_at_the_conversion() -> None:
    configs = [
        setting(version=1, window_days=30.0, valid_from=NOON - timedelta(days=90)),
        setting(version=2, window_days=5.0, valid_from=NOON - timedelta(days=1)),
        setting(version=3, window_days=60.0, valid_from=NOON + timedelta(days=1)),
    ]
    path = paths([conversion()], [exposure("old", 20), exposure("new", 4)], configs)
    assert path.select("exposure_id", "config_version").rows() == [("new", 2)]


def test_a_conversion_older_than_the_first_settings_uses_the_first() -> None:
    path = paths([conversion()], [exposure("a", 4)], [setting(version=1, valid_from=NOON + timedelta(days=9))])
    assert path.get_column("config_version").to_list() == [1]


def test_a_campaign_without_settings_uses_the_defaults_and_says_version_0() -> None:
    path = paths([conversion()], [exposure("a", 30), exposure("b", 31)], [])
    assert path.select("exposure_id", "config_version").rows() == [("a", 0)]


def test_another_sponsor_s_or_tenant_s_exposure_is_no_touch() -> None:
    exposures = [exposure("a", sponsor_id="anchor"), exposure("b", tenant_id="lighthouse")]
    assert touched([conversion()], exposures) == []


def test_two_tenants_that_share_household_keys_and_codes_do_not_touch_each_other() -> None:
    group = [conversion(promo_code="harbour20"), conversion(promo_code="harbour20", tenant_id="lighthouse")]
    other = [exposure("other", tenant_id="lighthouse")]
    path = paths(
        group, [exposure("group"), *other], codes=[code()], placements=[placement()], airings=[airing("ep-1", 3)]
    )
    result = path.select("tenant_id", "exposure_id", "matched_by").rows()
    assert sorted(result, key=str) == [("harbour", None, "promo_code"), ("lighthouse", "other", "household")]


@pytest.mark.parametrize("address_class", ["commercial", "cellular", "data_centre", "unknown"])
def test_addresses_that_are_no_household_match_nobody(address_class: str) -> None:
    shared: dict[str, Any] = {"address_class": address_class}
    assert touched([conversion(listener_key=70, **shared)], [exposure("a")]) == []
    assert touched([conversion(listener_key=70)], [exposure("a", **shared)]) == []


def test_a_listener_id_matches_whatever_the_address() -> None:
    on_the_train = exposure("a", household_key=9, listener_id="mara", address_class="cellular")
    path = paths([conversion(listener_id="mara")], [on_the_train])
    assert path.get_column("matched_by").to_list() == ["listener"]


def test_an_exposure_that_shares_listener_and_household_is_one_touch() -> None:
    path = paths([conversion(listener_id="mara", listener_key=70)], [exposure("a", listener_id="mara")])
    assert path.get_column("matched_by").to_list() == ["listener"]


@pytest.mark.parametrize(("unit", "expected"), [("impression", "abcd"), ("placement_day", "ac"), ("placement", "a")])
def test_touch_units_keep_the_first_of_each(unit: str, expected: str) -> None:
    exposures = [exposure("a", 5.2), exposure("b", 5.1), exposure("c", 2.1), exposure("d", 2.0)]
    assert touched([conversion()], exposures, [setting(touch_unit=unit)]) == list(expected)


@pytest.mark.parametrize(("hours", "retained"), [((0.1, 23.9), 1), ((23.9, 24.1), 2)])
def test_a_placement_s_day_is_a_whole_day_in_utc(hours: tuple[float, float], retained: int) -> None:
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    exposures = [exposure(f"x{hour}", occurred_at=midnight + timedelta(hours=hour)) for hour in hours]
    assert len(touched([conversion()], exposures, [setting(touch_unit="placement_day")])) == retained


def test_touches_fade_by_the_half_life_of_their_campaign() -> None:
    exposures = [exposure("a", 7), exposure("b", 7, campaign_id="summer", placement_id="pre-roll"), exposure("c", 0)]
    built = paths([conversion()], exposures, [setting(), setting("summer", half_life_days=3.5)])
    credit = credit_touches(built, ["time_decay"]).sort("exposure_id")["credit"].to_list()
    assert credit == pytest.approx([0.5 / 1.75, 0.25 / 1.75, 1 / 1.75])


def test_clicks_are_touches_unless_the_campaign_leaves_them_out() -> None:
    exposures = [exposure("a", 2), exposure("b", 1, kind="click")]
    assert touched([conversion()], exposures) == ["a", "b"]
    assert touched([conversion()], exposures, [setting(include_clicks=False)]) == ["a"]


@pytest.mark.parametrize(("is_new", "retained"), [(False, []), (True, ["a"]), (None, ["a"])])
def test_prior_customers_are_kept_unless_the_campaign_leaves_them_out(is_new: bool | None, retained: list[str]) -> None:
    conversions = [conversion(is_new_customer=is_new)]
    assert touched(conversions, [exposure("a")]) == ["a"]
    assert touched(conversions, [exposure("a")], [setting(exclude_prior_customers=True)]) == retained


def test_a_touch_stays_eligible_for_later_conversions() -> None:
    path = paths([conversion(conversion_id="first"), conversion(conversion_id="second")], [exposure("a")])
    assert sorted(path.get_column("conversion_id")) == ["first", "second"]


def test_conversions_say_how_they_were_matched() -> None:
    conversions = [conversion(conversion_id="heard"), conversion(conversion_id="unknown", household_key=8)]
    result = matched_by(frame(conversions, CONVERSION), paths(conversions, [exposure("a")]))
    assert dict(result.select("conversion_id", "matched_by").iter_rows()) == {"heard": "household", "unknown": "none"}


drawn_exposures = st.lists(
    st.tuples(st.floats(-5, 70), st.sampled_from([7, 8]), st.sampled_from(["spring", "summer"])), max_size=15
)


@settings(max_examples=30, deadline=None)
@given(drawn_exposures, st.floats(1, 60), st.randoms(use_true_random=False))
def test_every_touch_shares_the_key_lies_inside_the_window_and_order_does_not_matter(
    drawn: list[tuple[float, int, str]], window_days: float, shuffler: random.Random
) -> None:
    exposures = [
        exposure(f"x{number:02}", days, household_key=key, campaign_id=campaign, placement_id=f"{campaign}-pre")
        for number, (days, key, campaign) in enumerate(drawn)
    ]
    configs = [setting(window_days=window_days), setting("summer", window_days=1.0)]
    conversions = [conversion(conversion_id="seven"), conversion(conversion_id="eight", household_key=8)]
    path = paths(conversions, exposures, configs)
    windows = {"spring": timedelta(days=window_days), "summer": timedelta(days=1)}
    expected = {
        (name, each["exposure_id"])
        for name, key in (("seven", 7), ("eight", 8))
        for each in exposures
        if each["household_key"] == key
        and timedelta(0) <= NOON - each["occurred_at"] <= windows[str(each["campaign_id"])]  # type: ignore[operator]
    }
    assert set(path.select("conversion_id", "exposure_id").iter_rows()) == expected
    shuffler.shuffle(exposures)
    noise = [{**each, "tenant_id": "lighthouse"} for each in exposures]
    assert paths(conversions, [*noise, *exposures], configs).equals(path)
