"""Own ads: how much of what was earned in a span belongs to ads of the same span, and how much to earlier ones.

Here: the credit of single touches, made again from stored paths, because stored credits are sums over touches.
Not here: the credits themselves (attribution/), which touches are on a path (attribution/paths.py), sums (period/).
"""

from __future__ import annotations

import polars as pl

from assets.attribution.models import credit_touches
from assets.attribution.paths import DEFAULT_SETTINGS
from assets.frames import SECONDS_PER_DAY
from assets.grain import AD_IN_EPISODE, CAMPAIGN, CONVERSION
from sql.values import Window

CREDIT = [*CONVERSION, "model", "campaign_id", *AD_IN_EPISODE]


def with_own_credit(
    credited: pl.DataFrame, touches: pl.DataFrame, settings: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """The rows with own_credit: the part of their credit that belongs to touches inside the window.

    credited: of credited_conversions.read_credited
    touches:  of read_campaign_touches: the whole paths of the same conversions. A code's touch is its placement's last
              airing, so its time is that of the ad
    settings: of read_attribution_configs: the half-life of each version
    """
    if credited.is_empty():
        return credited.with_columns(own_credit=pl.lit(0.0))
    orders = credited.select(*CONVERSION, "converted_at").unique(CONVERSION, keep="any")
    half_lives = settings.select(*CAMPAIGN, "half_life_days", config_version="version")
    half_life = pl.col("half_life_days").fill_null(float(str(DEFAULT_SETTINGS["half_life_days"])))
    aged = (
        touches.join(orders, on=CONVERSION, validate="m:1")
        .join(half_lives, on=[*CAMPAIGN, "config_version"], how="left", validate="m:1")
        .with_columns(
            age_s=(pl.col("converted_at") - pl.col("touched_at")).dt.total_microseconds() / 1_000_000,
            half_life_s=half_life * SECONDS_PER_DAY,
        )
    )
    is_own = (pl.col("touched_at") >= window.start) & (pl.col("touched_at") < window.end)
    own = (
        credit_touches(aged, credited["model"].unique().sort().to_list())
        .filter(is_own)
        .sort(*CREDIT, "touch_no")
        .group_by(CREDIT, maintain_order=True)
        .agg(own_credit=pl.col("credit").sum())
    )
    # A part is no more than the whole, also in the last digit.
    part = pl.min_horizontal(pl.col("own_credit").fill_null(0.0), "credit")
    return credited.join(own, on=CREDIT, how="left", validate="1:1", maintain_order="left").with_columns(
        own_credit=part
    )
