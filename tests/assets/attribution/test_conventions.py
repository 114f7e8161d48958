"""The conventions in which tools differ, public names, and what is refused by name."""

from __future__ import annotations

import doctest
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from assets import attribution, campaigns
from assets.attribution import (
    Conventions,
    MissingColumnsError,
    Touch,
    build_paths,
    channel_totals,
    collapse_repeats,
    credit_paths,
    paths,
    removal_effects,
    split_paths,
)
from assets.attribution.journeys import exported_paths
from sql.values import PermanentError

WHOLE = pl.DataFrame(
    {
        "path": ["ads > mail > ads", "mail", "ads > mail", "shop"],
        "conversions": [3, 5, 2, 0],
        "nulls": [4, 1, 9, 6],
        "value": [90.0, 100.0, 50.0, 0.0],
    }
)
HOWEVER_FEW: dict[str, Any] = {"fewest_conversions": 1}


def credited(path: str, model: str, conventions: Conventions, **columns: list[object]) -> list[float]:
    frame = pl.DataFrame({"path": [path.split()], **columns})
    return credit_paths(frame, [model], conventions)["credit"].to_list()


@pytest.mark.parametrize("module", [exported_paths, paths])
def test_the_examples_in_the_docs_are_true(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_every_public_name_is_there_and_says_what_it_does() -> None:
    for name in attribution.__all__:
        held = getattr(attribution, name)
        assert not callable(held) or held.__doc__, name


def test_what_campaigns_are_measured_with_is_there_too_and_loads_at_first_use() -> None:
    assert all(callable(getattr(campaigns, name)) for name in campaigns.__all__)
    with pytest.raises(AttributeError, match="no 'significance'"):
        campaigns.significance  # noqa: B018
    loaded = "import sys, assets.attribution, assets.campaigns; print('scipy' in sys.modules, 'dagster' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


def test_shuffled_paths_change_nothing_to_the_bit() -> None:
    result = channel_totals(WHOLE.with_columns(pl.col("value") / 7), **HOWEVER_FEW)
    shuffled = WHOLE.with_columns(pl.col("value") / 7).sample(fraction=1, shuffle=True, seed=3)
    assert channel_totals(shuffled, **HOWEVER_FEW).equals(result)


def test_journeys_without_a_touch_earn_nobody_anything_and_tell_the_chance_without_ads() -> None:
    """a converts half the time, nothing at all a quarter: a alone gets all, a b shares the rest by what each adds."""
    counts = {"path": ["a", "", "a > b"], "conversions": [5, 1, 6], "nulls": [5, 3, 2]}
    totals = channel_totals(pl.DataFrame(counts), ["linear", "markov"], **HOWEVER_FEW)
    assert totals.group_by("model").agg(pl.col("conversions").sum())["conversions"].to_list() == pytest.approx([11, 11])
    with_b = pl.DataFrame({**counts, "path": ["b", "", "a > b"]})
    result = credit_paths(with_b, ["counterfactual"]).filter(path_id=2)
    assert result["credit"].to_list() == pytest.approx([(0.75 - 0.5) / (0.25 + 0.75), 0.75])


def test_half_lives_may_be_longer_counted_whole_or_in_touches() -> None:
    ages: dict[str, list[object]] = {"age_days": [[10.0, 3.0]]}
    assert credited("a b", "time_decay", Conventions(half_life=3.5), **ages) == pytest.approx([1 / 5, 4 / 5])
    assert credited("a b", "time_decay", Conventions(whole_half_lives=True), **ages) == pytest.approx([1 / 3, 2 / 3])
    by_place = Conventions(decay_by="position", half_life=1)
    assert credited("a b c", "time_decay", by_place) == pytest.approx([1 / 7, 2 / 7, 4 / 7])


def test_the_ends_of_a_path_may_get_other_shares() -> None:
    ends = Conventions(ends=(0.3, 0.3))
    assert credited("a b c d", "position_based", ends) == pytest.approx([0.3, 0.2, 0.2, 0.3])
    assert credited("a b", "position_based", Conventions(ends=(0.2, 0.6))) == pytest.approx([0.25, 0.75])
    assert credited("a", "position_based", ends) == [1.0]


def test_last_paid_touch_passes_over_channels_by_name_or_by_flag() -> None:
    direct = Conventions(excluded=["direct"])
    assert credited("mail direct", "last_paid_touch", direct) == [1, 0]
    flags: dict[str, list[object]] = {"is_excluded": [[True, False]]}
    assert credited("mail direct", "last_paid_touch", direct, **flags) == [0, 1]
    assert credited("mail shop", "last_paid_touch", direct, **flags) == [0, 1]


def test_repeats_change_removal_effects_only_where_other_channels_stand_between() -> None:
    looped = pl.DataFrame({"path": ["a > a > b", "a > a", "b > a"], "conversions": [2, 1, 1], "nulls": [3, 4, 5]})
    plain = collapse_repeats(split_paths(looped))
    there, here = removal_effects(looped), removal_effects(plain)
    assert there["removal_effect"].to_list() == pytest.approx(here["removal_effect"].to_list(), abs=1e-12)


def test_a_channel_that_never_led_to_a_conversion_earns_only_under_the_bare_chain() -> None:
    counts = pl.DataFrame({"path": ["a > c", "a > b > c"], "conversions": [4, 0], "nulls": [0, 4]})
    assert removal_effects(counts).filter(channel="b")["removal_effect"].to_list() == [0.0]
    assert removal_effects(counts, unearning=True).filter(channel="b")["removal_effect"].to_list() == [0.5]


@pytest.mark.parametrize(
    "frame",
    [WHOLE.clear(), split_paths(WHOLE).clear(), WHOLE.head(1).with_columns(path=pl.lit(""))],
)
def test_without_paths_nobody_earns_anything(frame: pl.DataFrame) -> None:
    timed = frame.with_columns(converted=pl.lit(True), touched_at=pl.lit(datetime(2026, 3, 9, tzinfo=UTC)))
    for each in (frame, timed.drop("conversions", "nulls")):
        assert channel_totals(each, ["linear", "markov", "counterfactual"], **HOWEVER_FEW).is_empty()
        assert credit_paths(each).is_empty()
        assert removal_effects(each).is_empty()


def test_without_any_conversion_nothing_is_lost_without_a_channel() -> None:
    result = removal_effects(pl.DataFrame({"path": ["a > b"], "conversions": [0], "nulls": [3]}))
    assert result["conversions"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize(("option", "stated"), [({"half_life": 0}, "half-life"), ({"ends": (0.8, 0.4)}, "at most 1")])
def test_conventions_that_make_no_sense_are_refused(option: dict[str, object], stated: str) -> None:
    with pytest.raises(PermanentError, match=stated):
        Conventions(**option)  # type: ignore[arg-type]


def test_frames_that_no_path_can_be_built_from_are_refused_by_name() -> None:
    orders = pl.DataFrame(
        {"conversion_id": ["o"], "converted_at": [datetime(2026, 3, 9, tzinfo=UTC)], "household_key": ["mill"]}
    )
    exposed = pl.DataFrame(
        {"exposure_id": ["x"], "occurred_at": [datetime(2026, 3, 8, tzinfo=UTC)], "household_key": ["mill"]}
    )
    with pytest.raises(MissingColumnsError, match="exposures need the columns placement_id"):
        build_paths(orders, exposed)
    with pytest.raises(MissingColumnsError, match="matched by one of household_key"):
        build_paths(orders.drop("household_key"), exposed)
    named = orders.with_columns(promo_code=pl.lit("mill20"))
    with pytest.raises(MissingColumnsError, match="placements and airings"):
        build_paths(named, exposed.with_columns(placement_id=pl.lit("p")), codes=pl.DataFrame())


def test_an_order_with_a_code_needs_no_key_and_gets_the_placement_s_last_airing() -> None:
    orders = pl.DataFrame(
        {"conversion_id": ["o"], "converted_at": [datetime(2026, 3, 9, tzinfo=UTC)], "promo_code": ["mill20"]}
    )
    exposed = pl.DataFrame(
        {
            "exposure_id": ["x"],
            "occurred_at": [datetime(2026, 3, 8, tzinfo=UTC)],
            "placement_id": ["p"],
            "household_key": [7],
        }
    )
    utc = pl.Datetime("us", "UTC")
    same = {"tenant_id": [""], "sponsor_id": [""], "placement_id": ["p"]}
    codes = pl.DataFrame({**same, "code": ["mill20"], "kind": ["code"], "valid_from": [None], "valid_until": [None]})
    booked = pl.DataFrame({**same, "campaign_id": ["spring"], "kind": ["baked_in"]}).with_columns(
        flight_starts_at=pl.lit(None, dtype=utc), flight_ends_at=pl.lit(None, dtype=utc)
    )
    aired = pl.DataFrame(
        {
            "tenant_id": [""] * 2,
            "placement_id": ["p"] * 2,
            "episode_id": ["one", "two"],
            "aired_at": [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 5)],
        }
    )
    result = build_paths(orders, exposed, codes, booked, aired)
    assert result.select("matched_by", "episode_id", "campaign_id").rows() == [("promo_code", "two", "spring")]


def doubled_ends(touch: Touch) -> pl.Expr:
    """Twice as much to the ends as to each touch between."""
    return pl.when(touch.is_first | touch.is_last).then(2.0).otherwise(1.0)


def older_than_a_half_life(touch: Touch) -> pl.Expr:
    """All to the touches that are at least a half-life older than the last."""
    return (touch.halvings - touch.fewest_halvings >= 1).cast(pl.Float64)


def test_a_model_of_one_s_own_is_one_function() -> None:
    path = pl.DataFrame({"path": ["a > b > c"], "age_days": [[9.0, 7.5, 0.0]]})
    assert credit_paths(path, [doubled_ends])["credit"].to_list() == [0.4, 0.2, 0.4]
    totals = channel_totals(path, [doubled_ends, older_than_a_half_life])
    assert totals["conversions"].to_list() == [0.4, 0.2, 0.4, 0.5, 0.5, 0.0]
    assert totals["fitted_by"].unique(maintain_order=True).to_list() == ["doubled_ends", "older_than_a_half_life"]
    with pytest.raises(MissingColumnsError, match="older_than_a_half_life needs the columns age_days"):
        credit_paths(path.drop("age_days"), [older_than_a_half_life])


def test_a_model_that_credits_nobody_is_refused() -> None:
    def nobody(touch: Touch) -> pl.Expr:
        return 0.0 * touch.number

    with pytest.raises(PermanentError, match="model nobody gives no weight"):
        channel_totals(WHOLE, [nobody])
