"""Steps: what is computed together for a UTC day, and what it is made of. The lineage, stated once, as data.

Here: the steps in their order; each with its assets and their tables, its sources with their spans, and the function
that computes it. The orchestrator's assets and their dependencies (partitions.py, assets.py), what makes a line of the
ledger stale (lineage.py), the jobs, the checks of a day and docs/lineage.md are derived from here.
Not here: the bounds of the spans (spans.py), by which column a table is cut (sql/tables.py), anything that computes:
functions are named by where they are, so that nothing is loaded until a day is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assets.spans import BEFORE, CAMPAIGN, DAY, HISTORY, ROLLING, WINDOW, Span

# What the ledger keeps of raw rows (sql/raw/watermarks.py), and the asset that shows them.
RAW_SOURCES: Mapping[str, str] = {
    "requests": "listener_events",
    "ads": "attribution_events",
    "signals": "attribution_events",
}
RAW_ASSETS = tuple(dict.fromkeys(RAW_SOURCES.values()))

# The groups of the graph, and whom to ask about their assets: the UI shows both.
OWNERS: Mapping[str, tuple[str, ...]] = {
    "raw": ("team:measurement",),
    "listening": ("team:measurement",),
    "attribution": ("team:attribution",),
    "campaigns": ("team:attribution",),
    "reporting": ("team:reporting",),
    "catalogue": ("team:operations",),
    "upkeep": ("team:operations",),
}


@dataclass(frozen=True, slots=True)
class DayAsset:
    """One asset of a step.

    group, description, kinds: as the UI shows them
    inputs: what the graph shows it to be made of: sources of the step, or assets of the same step; empty: all of the
            step's sources. The ledger knows all assets of a step by all sources of the step: they are computed together
    tables: what it stands for; rows in the ledger are those of the first. Empty: the table of its name
    """

    name: str
    group: str
    description: str
    inputs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset({"polars", "postgres"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", self.tables or (self.name,))


@dataclass(frozen=True, slots=True)
class DayStep:
    """What is computed together for a day.

    name:     of the op
    sources:  raw rows and assets that it reads, each with the days of it
    compute:  "module:function", called with a reader, the day's window and tenants, and by name with what is in given
    given:    rules, ranges, keyring: what listening is measured with
    state:    for each further argument a "module:class" that is made once a run, from the reader
    prepare:  "module:function", called once before the first day with the warehouse and the rules and ranges in force
    describe: "module:function", called with a reader and a day: what an operator would ask of it
    only_sundays: it has rows on Sundays alone
    """

    name: str
    assets: tuple[DayAsset, ...]
    sources: Mapping[str, Span]
    compute: str
    given: tuple[str, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    describe: str = ""
    only_sundays: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its assets."""
        return tuple(asset.name for asset in self.assets)

    @property
    def tables_of(self) -> dict[str, tuple[str, ...]]:
        """The tables of each of its assets."""
        return {asset.name: asset.tables for asset in self.assets}


LISTENING = DayStep(
    "listening_day",
    (
        DayAsset(
            "request_dispositions",
            "listening",
            "What became of every raw request: eighteen dispositions that sum to the raw rows.",
            inputs=("requests",),
        ),
        DayAsset(
            "downloads",
            "listening",
            "One row per download that reached a minute of content (follows PTMG 2.3).",
            inputs=("request_dispositions",),
        ),
        DayAsset(
            "ad_exposures",
            "attribution",
            "Ads delivered in full inside a counted download, and explicit impressions and clicks.",
            inputs=("downloads", "ads"),
        ),
        DayAsset(
            "listener_metrics",
            "listening",
            "Downloads, listeners, completion and ads delivered, by show and episode.",
            inputs=("downloads",),
        ),
        DayAsset(
            "listener_dimension_metrics",
            "listening",
            "Downloads and listeners by app, device, system, place, referrer and hour.",
            inputs=("downloads",),
            tables=("listener_dimension_metrics", "listener_breakdowns"),
        ),
    ),
    {"requests": ROLLING, "ads": DAY},
    "assets.listening.day:compute_listening_day",
    given=("rules", "ranges", "keyring"),
    prepare="assets.methods.publishing:record_rules",
    describe="assets.listening.assets:describe_listening",
)
AUDIENCES = DayStep(
    "audience_day",
    (
        DayAsset(
            "audience_periods",
            "listening",
            "Distinct listeners and households by day, week, month and rolling period, new and returning.",
            tables=("audience_periods", "listener_firsts"),
        ),
        DayAsset(
            "audience_overlaps",
            "listening",
            "Listeners that two shows have in common over four weeks.",
        ),
        DayAsset(
            "episode_age_downloads",
            "listening",
            "Downloads of episodes at 1 to 90 days, their percentile in the show, and the hourly pacing.",
            tables=("episode_age_downloads", "episode_pacing"),
        ),
    ),
    {"downloads": HISTORY, "audience_periods": BEFORE, "episode_age_downloads": BEFORE},
    "assets.listening.audience.day:compute_audience_day",
    state={"recent": "assets.listening.audience.recent_keys:RecentKeys"},
)
PLAYBACK = DayStep(
    "playback_day",
    (
        DayAsset(
            "retention_curves",
            "listening",
            "Where playbacks stopped, completion and consumption, and ad plays that clients confirm.",
            tables=("retention_curves", "episode_consumption", "consumption_spread", "ad_plays"),
        ),
    ),
    {"requests": DAY},
    "assets.listening.playback.day:compute_playback_day",
)
ATTRIBUTION = DayStep(
    "attribution_day",
    (
        DayAsset(
            "conversions",
            "attribution",
            "One row per order (or event without one) on the day of its earliest signal, with its refunds.",
            tables=("conversions", "conversion_adjustments"),
        ),
        DayAsset(
            "attribution_credits",
            "attribution",
            "Each model's credit for each conversion by placement and episode; fractions that sum to 1.",
            inputs=("conversions", "ad_exposures"),
            tables=("attribution_credits", "attribution_touches"),
        ),
    ),
    {"signals": DAY, "ad_exposures": WINDOW},
    "assets.attribution.day:compute_attribution_day",
    given=("keyring", "ranges"),
)
DELIVERY = DayStep(
    "placement_delivery",
    (
        DayAsset(
            "placement_delivery",
            "campaigns",
            "Impressions, households and clicks by placement and episode.",
        ),
    ),
    {"ad_exposures": DAY},
    "assets.campaigns.daily:compute_delivery",
)
REACH = DayStep(
    "campaign_reach",
    (
        DayAsset(
            "campaign_reach",
            "campaigns",
            "Distinct households and listeners since the campaign's start, counted, or estimated where very large.",
            tables=("campaign_reach", "reach_sketches"),
        ),
    ),
    {"ad_exposures": CAMPAIGN},
    "assets.campaigns.daily:compute_reach",
)
RETURNS = DayStep(
    "campaign_roi",
    (
        DayAsset(
            "campaign_roi",
            "campaigns",
            "Every KPI of a campaign as of the day, per model, with its interval, sample and badge.",
        ),
        DayAsset(
            "model_totals",
            "campaigns",
            "As of each Sunday, what placements are worth to all journeys so far, those without a conversion too.",
        ),
    ),
    {
        "placement_delivery": CAMPAIGN,
        "campaign_reach": DAY,
        "ad_exposures": CAMPAIGN,
        "conversions": CAMPAIGN,
        "attribution_credits": CAMPAIGN,
        "episode_age_downloads": HISTORY,
    },
    "assets.campaigns.daily:compute_roi",
)
WEEKLY = DayStep(
    "campaign_week",
    (
        DayAsset(
            "lift_results",
            "campaigns",
            "As of each Sunday, households that a campaign reached against those that it did not.",
        ),
        DayAsset(
            "campaign_benchmarks",
            "campaigns",
            "As of each Sunday, KPIs of a campaign beside the median of the tenant's campaigns for other sponsors.",
        ),
    ),
    {"downloads": CAMPAIGN, "ad_exposures": CAMPAIGN, "conversions": CAMPAIGN, "campaign_roi": HISTORY},
    "assets.campaigns.weekly:compute_week",
    only_sundays=True,
)
# In the order in which a day is computed.
COMPUTED = (LISTENING, AUDIENCES, PLAYBACK, ATTRIBUTION, DELIVERY, REACH, RETURNS, WEEKLY)
DAILY_ASSETS = tuple(name for step in COMPUTED for name in step.names)
# What is computed of raw rows themselves.
MADE_OF_RAW = tuple(name for step in COMPUTED if set(step.sources) & set(RAW_SOURCES) for name in step.names)

# It judges the day as a whole, and comes last: a day that has its line is a day that was computed.
VERDICT = "tenant_checks"
VERDICTS = DayStep(
    VERDICT,
    (
        DayAsset(
            VERDICT,
            "upkeep",
            "Each promise of a day, looked at per tenant and kept where the gate of the reports reads it.",
            tables=("check_results",),
            kinds=frozenset({"postgres"}),
        ),
    ),
    {"requests": DAY, **dict.fromkeys(DAILY_ASSETS, DAY)},
    "assets.upkeep.checks:compute_checks",
    describe="assets.upkeep.assets:describe_checks",
)
STEPS = (*COMPUTED, VERDICTS)


def step_of(asset: str) -> DayStep | None:
    """The step that makes an asset; None for raw rows."""
    return next((step for step in STEPS if asset in step.names), None)


def _history_assets() -> Iterable[str]:
    """All assets of the steps that are read over a window or a campaign."""
    spans = [(source, span) for step in COMPUTED for source, span in step.sources.items()]
    read_back = {source for source, span in spans if span in (WINDOW, CAMPAIGN)}
    return (name for step in COMPUTED if read_back & set(step.names) for name in step.names)


# What the days before the first that is reported on must have: later days look back at it over windows and campaigns.
LOOK_BACK_ASSETS = tuple(_history_assets())
