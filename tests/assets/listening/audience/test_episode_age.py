"""Downloads at an age: counted from the release, unknown until they are complete, compared with the show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import draw_pacing, measure_ages
from assets.listening.audience.episode_age import AGES, band_hours

RELEASED = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
TENANTS = pl.DataFrame({"tenant_id": ["quayside"], "lateness_hours": [48]})
LONG_AGO, LATER = date(2026, 1, 1), date(2027, 12, 31)


def episodes_of(**released: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tenant_id": ["quayside"] * len(released),
            "podcast_id": ["harbour"] * len(released),
            "episode_id": list(released),
            "published_at": list(released.values()),
        },
        schema_overrides={"published_at": pl.Datetime("us", "UTC")},
    )


def hours_of(*rows: tuple[str, int, int]) -> pl.DataFrame:
    """Downloads as (episode, hour since its release, how many)."""
    schema = {"episode_id": pl.String, "hour": pl.Int32, "downloads": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(tenant_id=pl.lit("quayside"))


def paced(*spans: tuple[date, date]) -> pl.DataFrame:
    rows = [("quayside", first, last) for first, last in spans or [(LONG_AGO, LATER)]]
    return pl.DataFrame(rows, schema=["tenant_id", "first_day", "last_day"], orient="row")


def at(age: int, end: datetime, hours: pl.DataFrame, spans: pl.DataFrame | None = None) -> dict[str, Any]:
    """What is said of the episode "h1" at an age."""
    found = measure_ages(episodes_of(h1=RELEASED), band_hours(hours), paced() if spans is None else spans, TENANTS, end)
    return found.filter(episode_id="h1", age_days=age).row(0, named=True)


def test_an_age_ends_with_its_last_hour_and_not_an_hour_later() -> None:
    hours = hours_of(("h1", 0, 1), ("h1", 23, 10), ("h1", 24, 100), ("h1", 71, 1_000), ("h1", 72, 10_000))
    end = RELEASED + timedelta(days=200)
    assert [at(age, end, hours)["downloads"] for age in (1, 3, 7)] == [11, 1_111, 11_111]


def test_an_age_is_unknown_until_its_lateness_has_passed_to_the_instant() -> None:
    hours = hours_of(("h1", 0, 5))
    mature = RELEASED + timedelta(days=1 + 2)
    assert at(1, mature, hours)["downloads"] == 5
    assert at(1, mature - timedelta(microseconds=1), hours)["downloads"] is None
    assert at(3, mature, hours)["downloads"] is None


def test_an_episode_that_nobody_downloaded_has_none_and_not_null() -> None:
    assert at(1, RELEASED + timedelta(days=10), hours_of())["downloads"] == 0


def test_an_episode_from_before_the_first_computed_day_is_unknown() -> None:
    end, hours = RELEASED + timedelta(days=100), hours_of(("h1", 30, 5))
    assert at(3, end, hours, paced((date(2026, 11, 2), LATER)))["downloads"] is None
    assert at(3, end, hours, paced((date(2026, 11, 1), LATER)))["downloads"] == 5


def test_a_gap_in_the_computed_days_hides_the_ages_that_reach_over_it() -> None:
    end, hours = RELEASED + timedelta(days=100), hours_of(("h1", 0, 5))
    spans = paced((LONG_AGO, date(2026, 11, 4)), (date(2026, 11, 6), LATER))
    assert [at(age, end, hours, spans)["downloads"] for age in (1, 3, 7)] == [5, 5, None]


def test_an_age_that_ends_at_midnight_does_not_ask_for_the_day_that_begins() -> None:
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    spans = paced((date(2026, 11, 1), date(2026, 11, 1)))
    found = measure_ages(
        episodes_of(h1=midnight), band_hours(hours_of(("h1", 0, 5))), spans, TENANTS, midnight + timedelta(days=30)
    )
    assert found.filter(age_days=1)["downloads"].to_list() == [5]


def compared(counts: list[int]) -> pl.DataFrame:
    """Episodes a day apart, the first the oldest, at an age of one day."""
    names = [f"h{number:02}" for number in range(len(counts))]
    released = {name: RELEASED + timedelta(days=number) for number, name in enumerate(names)}
    hours = hours_of(*((name, 0, count) for name, count in zip(names, counts, strict=True) if count))
    found = measure_ages(
        episodes_of(**released), band_hours(hours), paced(), TENANTS, RELEASED + timedelta(days=len(counts) + 9)
    )
    return found.filter(age_days=1).sort("published_at")


def test_the_percentile_is_the_share_of_the_other_episodes_with_fewer_downloads() -> None:
    assert compared([10, 20, 30, 40, 50])["percentile"].to_list() == [0, 25, 50, 75, 100]


def test_ties_count_half() -> None:
    assert compared([10, 10, 10])["percentile"].to_list() == [50, 50, 50]


def test_an_only_episode_is_compared_with_none() -> None:
    assert compared([10]).select("percentile", "compared_with").row(0) == (None, 0)


def test_an_episode_is_compared_with_the_last_twenty_others() -> None:
    found = compared([1_000, 1_000, *range(1, 22)])
    assert found["compared_with"].to_list() == [20] * 23
    newest, oldest = found["percentile"][-1], found["percentile"][0]
    assert (newest, oldest) == (100, 100)


def test_an_episode_that_is_not_mature_is_in_nobodys_benchmark() -> None:
    end = RELEASED + timedelta(days=3)
    episodes = episodes_of(h1=RELEASED, h2=RELEASED + timedelta(hours=1))
    found = measure_ages(episodes, band_hours(hours_of(("h1", 0, 1), ("h2", 0, 9))), paced(), TENANTS, end)
    assert found.filter(age_days=1)["compared_with"].to_list() == [0, 0]


def test_the_pacing_curve_has_every_hour_and_ends_after_thirty_days() -> None:
    curve = draw_pacing(hours_of(("h1", 0, 5), ("h1", 3, 2), ("h1", 3, 1), ("h1", 720, 9)))
    assert curve["hour"].to_list() == [0, 1, 2, 3]
    assert curve["downloads_so_far"].to_list() == [5, 5, 5, 8]


hours = st.lists(st.tuples(st.sampled_from(["h1", "h2", "h3"]), st.integers(0, 2_159), st.integers(1, 9)), max_size=30)
modest = settings(max_examples=30, deadline=None)
THREE = episodes_of(h1=RELEASED, h2=RELEASED + timedelta(days=7), h3=RELEASED + timedelta(days=70))


def ages(rows: list[tuple[str, int, int]], days: int) -> pl.DataFrame:
    return measure_ages(THREE, band_hours(hours_of(*rows)), paced(), TENANTS, RELEASED + timedelta(days=days))


@modest
@given(hours, st.integers(1, 200))
def test_downloads_never_fall_with_age_and_are_known_without_a_gap(rows: list[tuple[str, int, int]], days: int) -> None:
    found = ages(rows, days)
    for (_episode,), rising in found.group_by("episode_id", maintain_order=True):
        assert rising["age_days"].to_list() == list(AGES)
        filled = rising["downloads"].drop_nulls()
        assert rising["downloads"].head(filled.len()).null_count() == 0
        assert filled.is_sorted()
    assert found["percentile"].drop_nulls().is_between(0, 100).all()


@modest
@given(hours)
def test_in_the_end_the_last_age_has_every_download_of_ninety_days(rows: list[tuple[str, int, int]]) -> None:
    found = ages(rows, 400).filter(age_days=90)
    assert found["downloads"].sum() == sum(count for _, _, count in rows)


@modest
@given(hours, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_age(rows: list[tuple[str, int, int]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert_frame_equal(ages(shuffled, 120), ages(rows, 120), check_exact=True)


@modest
@given(hours, st.integers(0, 30))
def test_days_one_after_another_add_up_to_all_at_once(rows: list[tuple[str, int, int]], cut: int) -> None:
    parts = pl.concat([band_hours(hours_of(*rows[:cut])), band_hours(hours_of(*rows[cut:]))])
    end = RELEASED + timedelta(days=400)
    assert_frame_equal(measure_ages(THREE, parts, paced(), TENANTS, end), ages(rows, 400), check_exact=True)
