"""Invented facts for the reports' tests: a campaign with names that break careless renderers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from reports.compose import compose
from reports.content.report import ReportContent, Tile
from reports.content.tables.grouping import together
from reports.facts.comparisons import Benchmark, Benchmarks, Lift, ModelResult, ModelTotals
from reports.facts.report_facts import (
    Brand,
    CampaignRow,
    Daily,
    Measure,
    Method,
    ModelRow,
    OpenWindows,
    Pacing,
    Period,
    PlacementRow,
    ReportFacts,
    ShowRow,
    SignalCounts,
    Totals,
)
from reports.facts.to_date import Figures, ToDate
from sql.values import Interval

LONG_TITLE = (
    "A title that goes on and on: what forty years of small decisions, none of them "
    "wrong by itself, did to one very ordinary payroll system in the north of the country"
)

# show, episode, position, aired, booked, delivered, conversions, revenue before a factor
EPISODES = (
    ("Build & Ship", 'Deep Dive #142: Founders on pricing', 'mid',
     date(2026, 7, 15), 39_600, 42_595, 54.0, 140_400),
    ("Night Shift", 'Deep Dive #145: Open source, closed wallets', 'mid',
     date(2026, 8, 5), 37_700, 40_552, 43.0, 111_800),
    ("Build & Ship", 'Deep Dive #149: The last sprint', 'mid',
     date(2026, 9, 2), 36_600, 39_406, 44.0, 114_400),
    ("Build & Ship", 'Deep Dive #143: Latency budgets', 'mid',
     date(2026, 7, 22), 35_000, 34_272, 38.0, 98_800),
    ('Hardware Weekly', 'Deep Dive #141: Why databases lie <to you> & me', 'pre',
     date(2026, 7, 8), 33_000, 32_890, 45.0, 117_000),
    ('Hardware Weekly', 'Deep Dive #140: The GPU shortage, revisited', 'mid',
     date(2026, 7, 1), 30_000, 26_706, 29.0, 75_400),
    ("Night Shift", '=HYPERLINK("http://example.com","claim your prize")', 'post',
     date(2026, 8, 12), 20_000, 21_004, 22.0, 57_200),
    ("Night Shift", LONG_TITLE, 'mid',
     date(2026, 8, 19), 25_000, 24_871, 25.0, 65_000),
    ("Build & Ship", "“Quotes”, 'apostrophes' and \\backslashes\\", 'mid',
     date(2026, 8, 26), 22_000, 22_618, 24.0, 62_400),
    ("Build & Ship", '#show: it => [not markup] *either* $x$', 'pre',
     date(2026, 9, 9), 18_000, 17_402, 19.0, 49_400),
    ('Hardware Weekly', '{{ 7 * 7 }} templates', 'mid',
     date(2026, 9, 16), 12_000, 12_940, 6.0, 15_600),
    ('Hardware Weekly', 'Deep Dive #151: Röntgen, Ångström & Škoda', 'mid',
     date(2026, 9, 23), 8_000, 8_156, 1.0, 2_600),
)  # fmt: skip


def _placements() -> tuple[PlacementRow, ...]:
    spend = [round(840_871 * delivered / 323_412) for *_, delivered, _, _ in EPISODES]
    spend[0] += 840_871 - sum(spend)
    return tuple(
        PlacementRow(
            "Acme Cloud — Q3 launch", show, episode, f"{show} {position}-roll", position, aired, booked, delivered,
            conversions, round(revenue * 3.2), cost, "USD", by_model=_under_models(conversions, number),
            to_date=Figures(delivered, conversions, int(conversions), round(revenue * 3.2), cost),
        )
        for number, ((show, episode, position, aired, booked, delivered, conversions, revenue), cost) in enumerate(
            zip(EPISODES, spend, strict=True)
        )
    )  # fmt: skip


def shows_of(placements: Iterable[PlacementRow]) -> tuple[ShowRow, ...]:
    """The shows of these placements, as if there had been no others since the start."""
    found: dict[tuple[str, str], list[Figures]] = {}
    for row in placements:
        if row.to_date is not None and not row.is_folded:
            found.setdefault((row.show, row.currency), []).append(row.to_date)
    return tuple(ShowRow(*show, together(figures)) for show, figures in found.items())


def _under_models(conversions: float, number: int) -> tuple[tuple[str, float], ...]:
    """Every other placement gets one more for each first touch that the one after it loses."""
    moved = (1.0 if number % 2 == 0 else -1.0) if number < 4 else 0.0
    return (("first_touch", conversions + moved), ("last_touch", conversions - moved), ("linear", conversions))


def _spread(total: int, days: int, phase: float = 0.0) -> tuple[int, ...]:
    """A total over days in weekly waves, exact to the last ad."""
    weights = [1.4 + math.exp(-((day + phase) % 7) / 2.2) * 2.2 + math.sin(day / 9) * 0.5 for day in range(days)]
    parts = [int(total * weight / sum(weights)) for weight in weights]
    return (*parts[:-1], parts[-1] + total - sum(parts))


SUNDAY = date(2026, 9, 27)
DATA_DRIVEN_TOTALS = ModelTotals(
    SUNDAY,
    tuple(
        ModelResult(
            "Acme Cloud — Q3 launch", model, Interval(*credit), revenue, 840_871 / credit[0], revenue / 840_871, "USD"
        )
        for model, credit, revenue in (
            ("linear", (344.0, 308.5, 382.4), 2_861_000),
            ("counterfactual", (351.0, 315.2, 389.7), 2_920_100),
            ("markov", (338.2, 297.0, 384.1), 2_813_700),
        )
    ),
)  # fmt: skip
BENCHMARKS = Benchmarks(
    SUNDAY,
    "linear",
    (
        Benchmark("frequency", "ratio", 2.66, 2.31, 9, 5),
        Benchmark("cpa", "minor", 2444.39, 3178.2, 7, 4),
        Benchmark("roas", "ratio", 3.402, 2.2481, 7, 4),
        Benchmark("conversion_rate", "ratio", 0.0028, 0.00213, 7, 4),
        Benchmark("roi", "ratio", None, None, 2, 1),
    ),
)


def make_facts(**changes: Any) -> ReportFacts:
    """A whole quarter of an invented campaign; any field can be changed."""
    placements = _placements()
    delivered = sum(row.delivered for row in placements)
    revenue = sum(row.revenue_minor or 0 for row in placements)
    whole = ReportFacts(
        report_id="3f6c1a52-9d0b-5c1e-8a77-5b1d7a5b2e10",
        revision=1,
        brand=Brand("Signal Network", "#2d5be3", "Europe/Berlin", "en_US", "reports@signal.example"),
        sponsor="Acme <Cloud> & Co",
        campaign="Acme Cloud — Q3 launch",
        cadence="end_of_campaign",
        goal_kind="purchase",
        period=Period(date(2026, 7, 1), date(2026, 9, 30)),
        previous_period=Period(date(2026, 3, 31), date(2026, 6, 30)),
        currency="USD",
        now=Totals(
            delivered, 121_480, 350.0, 350, revenue, 840_871,
            Interval(350, 313.9, 389.2), Interval(revenue, revenue * 0.88, revenue * 1.13),
            Interval(revenue / 840_871, 3.08, 3.96), Interval(2402.49, 2160.5, 2678.8),
            modelled=Interval(401.2, 360.0, 446.0), usable_share=0.87,
            reached=(("household", 118_200), ("commercial", 2_100), ("unknown", 1_180)), own_conversions=301.5,
        ),
        previous=Totals(
            284_690, 109_210, 283.0, 283, 2_310_000, 709_930, Interval(283, 251.0, 318.0), own_conversions=283.0,
        ),
        daily=Daily(_spread(delivered, 92), tuple(350 / 92 for _ in range(92))),
        previous_daily=Daily(_spread(284_690, 92, phase=0.6)),
        placements=placements,
        shows=shows_of(placements),
        models=(
            ModelRow("linear", 350.0, revenue),
            ModelRow("first_touch", 344.0, revenue - 21_000),
            ModelRow("last_touch", 357.0, revenue + 12_000),
            ModelRow("time_decay", 352.0, revenue + 3_100),
            ModelRow("position_based", 348.0, revenue - 5_400),
        ),
        signals=SignalCounts((("pixel", 240), ("server", 131), ("promo_code", 96), ("vanity_url", 12)), 109),
        method=Method(
            "calendar_day", (Decimal(30),), "linear", "2026.1", "3", "0.1.0",
            datetime(2026, 10, 2, 22, 0, tzinfo=UTC), True, 48, half_life_days=(Decimal("3.5"),),
        ),
        pacing=Pacing(316_900, delivered, 316_900, ended=False),
        windows=OpenWindows(12, 2, 0.91),
        unsubscribe="mailto:reports@signal.example?subject=unsubscribe",
        lifts=(Lift("Acme Cloud — Q3 launch", Interval(0.123, 0.02, 0.23), False, 98_310, 24_077, 0.19),),
        model_totals=DATA_DRIVEN_TOTALS,
        benchmarks=BENCHMARKS,
        fewest_households=10,
        to_date=(
            ToDate(
                "USD", date(2026, 7, 1), date(2026, 9, 30), Figures(delivered, 350.0, 350, revenue, 840_871),
                316_900, 1_000_000, Interval(350, 313.9, 389.2), Interval(revenue, revenue * 0.88, revenue * 1.13),
                Interval(revenue / 840_871, 3.08, 3.96), Interval(2402.49, 2160.5, 2678.8),
                measures=(
                    Measure("cpv", Interval(562.1, 510.0, 623.4), True),
                    Measure("cpl", None, True, is_small=True),
                    Measure("roi", None, False),
                ),
                campaigns=("Acme Cloud — Q3 launch",),
                period=Figures(delivered, 350.0, 350, revenue, 840_871),
            ),
        ),
        response=(
            Measure("conversion_rate", Interval(0.00288, 0.00259, 0.0032), False, counted=350, reached=121_480),
            Measure("visitor_rate", Interval(0.0123, 0.0111, 0.0137), False, counted=1_494, reached=121_480),
            Measure("aov", Interval(8320.0, 7911.2, 8728.8), True, is_doubtful=True),
        ),
    )  # fmt: skip
    return replace(whole, **changes)


def make_quiet_facts() -> ReportFacts:
    """A week in which nothing happened."""
    return make_facts(
        cadence="weekly",
        period=Period(date(2026, 10, 5), date(2026, 10, 11)),
        previous_period=None,
        now=Totals(0, 0, 0.0, 0, 0, 0),
        previous=None,
        daily=Daily((0,) * 7),
        previous_daily=None,
        placements=(),
        shows=(),
        models=(),
        signals=SignalCounts(),
        pacing=None,
        windows=None,
        lifts=(),
        model_totals=None,
        benchmarks=None,
        response=(),
        to_date=(),
    )


def make_portfolio() -> ReportFacts:
    """One sponsor with two campaigns; credit is shared between them, so conversions are fractions."""
    rows = _placements()
    first, second = rows[:6], tuple(replace(row, campaign="Acme Edge — always on") for row in rows[6:])

    def campaign(name: str, part: tuple[PlacementRow, ...], extra: float) -> CampaignRow:
        return CampaignRow(
            name, date(2026, 7, 1), date(2026, 12, 31), sum(row.booked or 0 for row in part),
            sum(row.delivered for row in part), 80_000, sum(row.conversions for row in part) + extra, 120,
            sum(row.revenue_minor or 0 for row in part), sum(row.spend_minor or 0 for row in part), "USD",
            Figures(300_000, 200.0, 200, 1_800_000, 750_000),
        )  # fmt: skip

    shared = (replace(first[0], conversions=53.75), *first[1:])
    edge = tuple(
        replace(row, campaign="Acme Edge — always on", is_fallback=row.model != "linear")
        for row in DATA_DRIVEN_TOTALS.rows
    )
    return make_facts(
        model_totals=replace(DATA_DRIVEN_TOTALS, rows=(*DATA_DRIVEN_TOTALS.rows, *edge)),
        benchmarks=None,
        campaign=None,
        cadence="monthly",
        placements=shared + second,
        campaigns=(
            campaign("Acme Cloud — Q3 launch", first, -0.25),
            campaign("Acme Edge — always on", second, 0.25),
        ),
    )


def make_large_portfolio(letters: int = 60) -> ReportFacts:
    """40 campaigns with 100 placements and a comparison each. letters: of every campaign's and episode's name."""
    base, first = make_portfolio(), _placements()[0]
    names = [f"Campaign {number:02d} for listeners {'of the autumn ' * 40}"[:letters] for number in range(40)]
    rows = tuple(
        replace(first, campaign=name, episode=f"Episode {part} of {name}"[:letters], conversions=1.0, delivered=1000)
        for number, name in enumerate(names)
        for part in range(3 if number < 20 else 2)
    )
    return replace(
        base,
        placements=rows,
        campaigns=tuple(
            replace(base.campaigns[0], name=name, delivered=1000 * parts, conversions=float(parts))
            for name in names
            for parts in [sum(row.campaign == name for row in rows)]
        ),
        lifts=tuple(
            Lift(name, Interval(0.123, 0.02, 0.23), True, 98_310, 24_077, 0.19, Interval(1.2, 0.5, 2.0))
            for name in names
        ),
    )


@pytest.fixture(scope="session")
def facts() -> ReportFacts:
    return make_facts()


@pytest.fixture(scope="session")
def change_facts() -> Callable[..., ReportFacts]:
    return make_facts


@pytest.fixture(scope="session")
def quiet_facts() -> ReportFacts:
    return make_quiet_facts()


@pytest.fixture(scope="session")
def portfolio() -> ReportFacts:
    return make_portfolio()


@pytest.fixture(scope="session")
def content(facts: ReportFacts) -> ReportContent:
    return compose(facts)


@pytest.fixture(scope="session")
def large_portfolio() -> Callable[..., ReportFacts]:
    return make_large_portfolio


def tile(content: ReportContent, start: str) -> Tile:
    return next(tile for tile in content.tiles if tile.label.startswith(start))
