"""What ads of a span earned of the conversions of the same span, to the touch."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from assets.attribution.models import EXTRA_MODELS, MODELS
from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import summarise
from assets.campaigns.results.own_ads import with_own_credit
from sql.values import Window
from tests.assets.campaigns.test_daily import add_campaign, add_exposures, add_signals, named, roll_up

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

WEEK = Window.of_days(date(2026, 3, 9), date(2026, 3, 15))
BOUGHT = datetime(2026, 3, 12, tzinfo=UTC)
# One path of three ads of one placement: ten and seven days before the order, and on its own day.
AGES = (10, 7, 0)
IDS = {"tenant_id": "harbour", "conversion_id": "order", "campaign_id": "spring", "placement_id": "mid"}
AD = {**IDS, "episode_id": "ep"}
SETTINGS = {"tenant_id": "harbour", "campaign_id": "spring", "version": 1, "half_life_days": 3.5}


def split(model: str, ages: tuple[float, ...] = AGES) -> float:
    credited = pl.DataFrame([{**AD, "model": model, "credit": 1.0, "converted_at": BOUGHT}])
    touches: list[dict[str, Any]] = [
        {**AD, "day": BOUGHT.date(), "touch_no": number, "touched_at": BOUGHT - timedelta(days=age),
         "config_version": 1, "is_excluded": False}
        for number, age in enumerate(ages, 1)
    ]  # fmt: skip
    result = with_own_credit(credited, pl.DataFrame(touches), pl.DataFrame([SETTINGS]), WEEK)
    return float(result["own_credit"].item())


@pytest.mark.parametrize(
    ("model", "own"),
    [
        ("first_touch", 0.0),
        ("last_touch", 1.0),
        ("last_paid_touch", 1.0),
        ("linear", 1 / 3),
        ("position_based", 0.4),
        ("j_shaped", 0.6),
        ("inverse_j", 0.2),
        # By a half-life of 3.5 days, seven days count a quarter: 1 of 1 + 1/4 + 2^(-10/3.5).
        ("time_decay", 1 / (1 + 0.25 + 2 ** (-10 / 3.5))),
    ],
)
def test_of_one_order_the_ad_of_its_own_week_earned(model: str, own: float) -> None:
    assert split(model) == pytest.approx(own)


@pytest.mark.parametrize("model", [*MODELS, *EXTRA_MODELS])
def test_a_path_inside_the_span_is_all_its_own_and_one_before_it_is_none(model: str) -> None:
    assert split(model, (2.5, 1, 0)) == pytest.approx(1)
    assert split(model, (10, 9, 5)) == 0


def test_a_span_begins_with_its_first_moment() -> None:
    assert split("linear", (3.0,)) == 1
    assert split("linear", (3.0 + 1 / 86_400,)) == 0


def test_nothing_earned_is_nothing_of_its_own() -> None:
    nothing = pl.DataFrame(schema={"model": pl.String})
    assert with_own_credit(nothing, pl.DataFrame(), pl.DataFrame(), WEEK).columns == ["model", "own_credit"]


@pytest.mark.parametrize(
    ("first", "own"),
    [
        # Six orders on the 5th: of homes 0 to 3 the ad of the 3rd earned half, that of the 4th the rest; of home 4
        # all by the 3rd; that of home 5 came by a code, whose placement aired on the 3rd.
        (date(2026, 3, 3), 6.0),
        (date(2026, 3, 4), 2.0),
        (date(2026, 3, 5), 0.0),
    ],
)
def test_a_period_is_told_apart_from_the_ads_before_it(warehouse: Warehouse, first: date, own: float) -> None:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    add_signals(warehouse, "harbour")
    roll_up(warehouse, [named("harbour")], date(2026, 3, 5))
    window = Window.of_days(first, date(2026, 3, 5))
    result = summarise(read_period(warehouse.read, named("harbour"), [named("spring")], window, "UTC", window.end))
    page = (Path(__file__).parents[4] / "docs" / "reports-numbers.md").read_text("utf-8")
    text = re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1].rstrip().rstrip(";")
    text = text.replace("2026-03-02 00:00 UTC", f"{window.start}").replace("2026-03-09 00:00 UTC", f"{window.end}")
    recomputed = warehouse.look(named("harbour"), text, "Reading the docs").row(0)
    assert [float(each) for each in recomputed] == pytest.approx([6, own, 6 - own])
    linear = result.shows.filter(model="linear")
    assert linear["conversions"].sum() == pytest.approx(6)
    assert linear["own_conversions"].sum() == pytest.approx(own)
