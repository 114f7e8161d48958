"""Other packages' answers on one small set of paths, wherever they are right: 48 paths over six channels, with repeats.

peers.json holds the paths and what each package of the named version returned for them. ChannelAttribution's Markov is
left out, because it is drawn by lot, and that of DP6's package, because it splits the totals again inside journeys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.attribution import Conventions, channel_totals, removal_effects

GIVEN = json.loads(Path(__file__).with_name("peers.json").read_text(encoding="utf-8"))
PATHS = pl.DataFrame(GIVEN["paths"])
AGED = PATHS.with_columns(age_days=pl.col("hours").list.eval(pl.element() / 24))
DP6, CHANNEL_ATTRIBUTION, DO_ATTRIBUTION = (
    GIVEN["peers"][name] for name in ("marketing-attribution-models", "ChannelAttribution", "do-attribution")
)


def result(frame: pl.DataFrame, column: str) -> dict[str, float]:
    return dict(frame.select("channel", column).iter_rows())


def close(answer: dict[str, Any]) -> Any:
    return pytest.approx(answer, abs=1e-9)


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear", "position_based"])
def test_models_of_single_paths_are_those_of_dp6(model: str) -> None:
    assert result(channel_totals(PATHS, [model]), "conversions") == close(DP6[model])


@pytest.mark.parametrize(("half_life", "answer"), [(7.0, "time_decay"), (2.0, "time_decay_two_days")])
def test_time_decay_is_that_of_dp6(half_life: float, answer: str) -> None:
    totals = channel_totals(AGED, ["time_decay"], conventions=Conventions(half_life=half_life))
    assert result(totals, "conversions") == close(DP6[answer])


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear"])
@pytest.mark.parametrize("amount", ["conversions", "value"])
def test_models_of_single_paths_are_those_of_channel_attribution(model: str, amount: str) -> None:
    assert result(channel_totals(PATHS, [model]), amount) == close(CHANNEL_ATTRIBUTION[model][amount])


def test_markov_is_that_of_do_attribution() -> None:
    effects = removal_effects(PATHS)
    assert result(effects, "removal_effect") == close(DO_ATTRIBUTION["removal_effect"])
    assert result(effects, "share") == close(DO_ATTRIBUTION["share"])
    total = PATHS["conversions"].sum()
    totals = channel_totals(PATHS, ["markov"], fewest_conversions=1)
    shares = {channel: share * total for channel, share in DO_ATTRIBUTION["share"].items()}
    assert result(totals, "conversions") == close(shares)
