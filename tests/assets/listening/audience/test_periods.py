"""Audiences of periods: distinct people, never a sum; new and returning ones; what shows have in common."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import count_first_listens, measure_overlaps, measure_periods, number_episodes
from assets.listening.audience.periods import LONGEST_LOOK_BACK, PERIOD_KINDS, PeriodKind, first_day, is_last_day

# A Tuesday: its ISO week began the day before, its month two days before.
DAY = date(2026, 11, 3)

EPISODES = number_episodes(
    pl.DataFrame(
        {
            "tenant_id": ["quayside", "quayside", "quayside", "millbrook"],
            "podcast_id": ["harbour", "harbour", "tides", "harbour"],
            "episode_id": ["h1", "h2", "t1", "h1"],
        }
    )
)
H1, H2, T1 = 2, 3, 4
NO_FIRSTS = pl.DataFrame(
    schema={
        "tenant_id": pl.String,
        "day": pl.Date,
        "podcast_id": pl.String,
        "consumer_key": pl.Int64,
        "is_first_of_tenant": pl.Boolean,
    }
)

Download = tuple[int, int, int]


def keys_of(downloads: list[Download]) -> pl.DataFrame:
    """Downloads as (episode number, days before DAY, person); every two people share a household."""
    return pl.DataFrame(
        [(episode, DAY - timedelta(days=ago), person, person // 2) for episode, ago, person in downloads],
        schema={"episode_no": pl.Int32, "day": pl.Date, "consumer_key": pl.Int64, "household_key": pl.Int64},
        orient="row",
    )


def measured(downloads: list[Download], firsts: pl.DataFrame = NO_FIRSTS) -> pl.DataFrame:
    return measure_periods(keys_of(downloads), EPISODES, count_first_listens(firsts), DAY)


def one(
    found: pl.DataFrame, kind: str, level: str, scope: str = "quayside", tenant: str = "quayside"
) -> dict[str, Any]:
    return found.filter(tenant_id=tenant, period_kind=kind, level=level, scope_id=scope).row(0, named=True)


def test_a_person_who_comes_back_is_one_listener_of_the_week() -> None:
    found = measured([(H1, 0, 1), (H2, 1, 1), (H2, 0, 2)])
    week = one(found, "iso_week", "podcast", "harbour")
    assert (week["downloads"], week["listeners"], week["households"]) == (3, 2, 2)
    assert one(found, "iso_week", "episode", "h2")["listeners"] == 2


@pytest.mark.parametrize("numbered_first", [False, True])
def test_downloads_name_their_episode_whatever_number_it_had_where_they_were_counted(numbered_first: bool) -> None:
    downloads = pl.DataFrame(
        {
            "tenant_id": ["quayside"] * 4,
            "episode_id": ["h1", "h1", "h1", "t1"],
            "episode_no": [1, 1, 1, 0],
            "tenant_no": [0, 0, 0, 0],
            "downloaded_at": [datetime(2026, 11, 3, hour, tzinfo=UTC) for hour in (0, 1, 2, 23)],
            "consumer_key": [1, 2, 3, 1],
            "household_key": [1, 2, 3, 1],
        },
        schema_overrides={"downloaded_at": pl.Datetime("us", "UTC")},
    )
    episodes = EPISODES if numbered_first else EPISODES.select("tenant_id", "podcast_id", "episode_id")
    found = measure_periods(downloads, episodes, count_first_listens(NO_FIRSTS), DAY)
    assert one(found, "day", "episode", "h1")["listeners"] == 3
    assert one(found, "day", "podcast", "tides")["listeners"] == 1
    assert one(found, "day", "tenant")["listeners"] == 3
    overlap = measure_overlaps(downloads, episodes).filter(podcast_id="harbour").row(0, named=True)
    assert (overlap["listeners"], overlap["other_listeners"], overlap["shared_listeners"]) == (3, 1, 1)


def test_two_shows_of_a_tenant_share_their_listeners_at_the_level_of_the_tenant() -> None:
    found = measured([(H1, 0, 1), (T1, 0, 1)])
    assert one(found, "day", "tenant")["listeners"] == 1


def test_shows_of_two_tenants_with_the_same_id_are_apart() -> None:
    found = measured([(1, 0, 1), (H1, 0, 2), (H1, 0, 3)])
    assert one(found, "day", "podcast", "harbour", "millbrook")["listeners"] == 1
    assert one(found, "day", "podcast", "harbour")["listeners"] == 2


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("day", date(2026, 11, 3)),
        ("iso_week", date(2026, 11, 2)),
        ("month", date(2026, 11, 1)),
        ("rolling_7", date(2026, 10, 28)),
        ("rolling_28", date(2026, 10, 7)),
    ],
)
def test_a_period_begins_where_its_kind_says(kind: PeriodKind, first: date) -> None:
    before = (DAY - first).days + 1
    found = measured([(H1, before - 1, 1), (H1, before, 2), (H1, 0, 1)])
    row = one(found, kind, "podcast", "harbour")
    assert (row["first_day"], row["listeners"]) == (first, 1)


@pytest.mark.parametrize(
    ("kind", "day", "is_over"),
    [
        ("iso_week", date(2026, 11, 7), False),
        ("iso_week", date(2026, 11, 8), True),
        ("month", date(2026, 2, 27), False),
        ("month", date(2026, 2, 28), True),
        ("month", date(2024, 2, 28), False),
        ("rolling_7", date(2026, 11, 3), True),
        ("day", date(2026, 11, 3), True),
    ],
)
def test_a_period_is_complete_on_its_last_day(kind: PeriodKind, day: date, is_over: bool) -> None:
    assert is_last_day(kind, day) is is_over


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.sampled_from(PERIOD_KINDS))
def test_no_period_reaches_back_further_than_what_is_read(day: date, kind: PeriodKind) -> None:
    assert timedelta(0) <= day - first_day(kind, day) <= LONGEST_LOOK_BACK


def firsts_of(*rows: tuple[int, str, int, bool]) -> pl.DataFrame:
    """First listens as (days before DAY, show, person, first of the tenant)."""
    return pl.DataFrame(
        [("quayside", DAY - timedelta(days=ago), show, person, tenant) for ago, show, person, tenant in rows],
        schema=NO_FIRSTS.schema,
        orient="row",
    )


def test_a_listener_is_new_in_the_periods_that_hold_the_first_download_and_returning_in_the_others() -> None:
    found = measured([(H1, 2, 1), (H1, 0, 1)], firsts_of((2, "harbour", 1, True)))
    month, week = (one(found, kind, "podcast", "harbour") for kind in ("month", "iso_week"))
    assert (month["new_listeners"], month["returning_listeners"]) == (1, 0)
    assert (week["new_listeners"], week["returning_listeners"]) == (0, 1)


def test_who_is_new_to_a_show_can_be_an_old_acquaintance_of_the_tenant() -> None:
    found = measured([(T1, 0, 1), (H1, 20, 1)], firsts_of((0, "tides", 1, False)))
    assert one(found, "day", "podcast", "tides")["new_listeners"] == 1
    assert one(found, "day", "tenant")["new_listeners"] == 0


def test_who_begins_with_two_shows_on_one_day_is_one_new_listener_of_the_tenant() -> None:
    firsts = firsts_of((0, "tides", 1, True), (0, "harbour", 1, True))
    assert one(measured([(T1, 0, 1), (H1, 0, 1)], firsts), "day", "tenant")["new_listeners"] == 1


def test_where_a_day_of_the_period_is_not_computed_nothing_is_said_of_new_listeners() -> None:
    uncovered = pl.DataFrame({"tenant_id": ["quayside"], "day": [DAY - timedelta(days=5)]})
    firsts = count_first_listens(firsts_of((0, "harbour", 1, True)))
    found = measure_periods(keys_of([(H1, 0, 1), (1, 0, 1)]), EPISODES, firsts, DAY, uncovered)
    assert one(found, "iso_week", "podcast", "harbour")["new_listeners"] == 1
    assert one(found, "rolling_7", "podcast", "harbour")["new_listeners"] is None
    assert one(found, "rolling_7", "podcast", "harbour", "millbrook")["new_listeners"] == 0


def test_of_an_episode_nobody_is_said_to_be_new() -> None:
    row = one(measured([(H1, 0, 1)], firsts_of((0, "harbour", 1, True))), "day", "episode", "h1")
    assert (row["new_listeners"], row["returning_listeners"]) == (None, None)


downloads = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 9)), max_size=40)
modest = settings(max_examples=40, deadline=None)


@modest
@given(downloads)
def test_an_audience_is_at_most_the_sum_of_its_parts_and_at_least_the_largest(made: list[Download]) -> None:
    found = measured(made)
    shows = found.filter(level="podcast").group_by("tenant_id", "period_kind")
    parts = shows.agg(pl.col("listeners", "households", "downloads").sum(), largest=pl.col("listeners").max())
    whole = found.filter(level="tenant").join(parts, on=["tenant_id", "period_kind"], validate="1:1", suffix="_sum")
    assert whole.height == parts.height
    assert (whole["listeners"] <= whole["listeners_sum"]).all()
    assert (whole["households"] <= whole["households_sum"]).all()
    assert (whole["listeners"] >= whole["largest"]).all()
    assert (whole["downloads"] == whole["downloads_sum"]).all()
    assert (found["households"] <= found["listeners"]).all()
    assert (found["listeners"] <= found["downloads"]).all()


@modest
@given(downloads)
def test_a_longer_period_has_no_smaller_audience_and_no_more_than_its_days_together(made: list[Download]) -> None:
    found = (
        measured(made)
        .filter(level="podcast")
        .pivot("period_kind", index=["tenant_id", "scope_id"], values="listeners", aggregate_function=None)
    )
    for shorter, longer in (("day", "rolling_7"), ("rolling_7", "rolling_28"), ("day", "iso_week"), ("day", "month")):
        if shorter in found.columns and longer in found.columns:
            both = found.drop_nulls([shorter, longer])
            assert (both[shorter] <= both[longer]).all()
    people = {(episode, person) for episode, ago, person in made if ago < 28}
    assert found.get_column("rolling_28", default=pl.Series([0])).sum() <= len(people)


@modest
@given(downloads, st.randoms(use_true_random=False))
def test_the_order_of_downloads_changes_nothing(made: list[Download], random: Any) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    assert_frame_equal(measured(shuffled), measured(made), check_exact=True)
    overlaps = [measure_overlaps(keys_of(each), EPISODES) for each in (made, shuffled)]
    assert_frame_equal(*overlaps, check_exact=True)


@modest
@given(downloads)
def test_another_tenants_downloads_change_nothing(made: list[Download]) -> None:
    alone = [each for each in made if each[0] != 1]
    assert_frame_equal(measured(made).filter(tenant_id="quayside"), measured(alone), check_exact=True)


def test_an_overlap_has_a_row_for_each_direction() -> None:
    exposed = [(H1, 0, person) for person in (1, 2, 3)] + [(T1, 0, person) for person in (3, 4)]
    there, back = measure_overlaps(keys_of(exposed), EPISODES).to_dicts()
    assert (there["podcast_id"], there["other_podcast_id"], there["shared_listeners"]) == ("harbour", "tides", 1)
    assert (there["listeners"], there["other_listeners"], there["jaccard"]) == (3, 2, 0.25)
    assert (there["share_of_listeners"], back["share_of_listeners"]) == (1 / 3, 1 / 2)


def test_people_of_two_tenants_are_never_in_common() -> None:
    assert measure_overlaps(keys_of([(1, 0, 7), (H1, 0, 7)]), EPISODES).is_empty()


@modest
@given(downloads)
def test_overlaps_are_symmetric_and_no_larger_than_either_audience(made: list[Download]) -> None:
    found = measure_overlaps(keys_of(made), EPISODES)
    swapped = found.select("tenant_id", "jaccard", podcast_id="other_podcast_id", other_podcast_id="podcast_id")
    both = found.join(swapped, on=["tenant_id", "podcast_id", "other_podcast_id"], validate="1:1", suffix="_back")
    assert both.height == found.height
    assert (both["jaccard"] == both["jaccard_back"]).all()
    assert (found["shared_listeners"] <= found["listeners"]).all()
    assert found["jaccard"].is_between(0, 1, closed="right").all()
