"""Attribution: which ads led to which conversions, and the credit of each.

Here: the public functions of this room: frames in, frames out, usable without a database.
Not here: how they work (the charter of each module), the daily computing (day.py) and its wiring (assets.py).

They are imported at their first use (assets/facade.py).
"""

from typing import TYPE_CHECKING

from assets.facade import lazily

if TYPE_CHECKING:
    from assets.attribution.conversions import adjust_conversions, merge_conversions
    from assets.attribution.journeys.channels import (
        ALL_MODELS,
        Conventions,
        channel_totals,
        credit_paths,
        removal_effects,
    )
    from assets.attribution.journeys.exported_paths import PathError, index_paths, split_paths
    from assets.attribution.journeys.reading import all_journeys, fit_totals, non_converting_journeys
    from assets.attribution.journeys.transforms import (
        collapse_repeats,
        count_repeats,
        drop_channel,
        drop_channel_at_end,
        keep_firsts,
        keep_latest,
    )
    from assets.attribution.models import MODELS, Touch, credit_shows, credit_touches, model, model_on_request
    from assets.attribution.money import attribute_money, net_values, rates_of, split_by_largest_remainder
    from assets.attribution.paths import build_paths
    from assets.frames import MissingColumnsError

__all__ = [
    "ALL_MODELS",
    "MODELS",
    "Conventions",
    "MissingColumnsError",
    "PathError",
    "Touch",
    "adjust_conversions",
    "all_journeys",
    "attribute_money",
    "build_paths",
    "channel_totals",
    "collapse_repeats",
    "count_repeats",
    "credit_paths",
    "credit_shows",
    "credit_touches",
    "drop_channel",
    "drop_channel_at_end",
    "fit_totals",
    "index_paths",
    "keep_firsts",
    "keep_latest",
    "merge_conversions",
    "model",
    "model_on_request",
    "net_values",
    "non_converting_journeys",
    "rates_of",
    "removal_effects",
    "split_by_largest_remainder",
    "split_paths",
]

__getattr__ = lazily(
    __name__,
    {
        ".journeys.channels": ["ALL_MODELS", "Conventions", "channel_totals", "credit_paths", "removal_effects"],
        "assets.frames": ["MissingColumnsError"],
        ".conversions": ["adjust_conversions", "merge_conversions"],
        ".journeys.reading": ["all_journeys", "fit_totals", "non_converting_journeys"],
        ".models": ["MODELS", "Touch", "credit_shows", "credit_touches", "model", "model_on_request"],
        ".money": ["attribute_money", "net_values", "rates_of", "split_by_largest_remainder"],
        ".paths": ["build_paths"],
        ".journeys.exported_paths": ["PathError", "index_paths", "split_paths"],
        ".journeys.transforms": [
            "collapse_repeats",
            "count_repeats",
            "drop_channel",
            "drop_channel_at_end",
            "keep_firsts",
            "keep_latest",
        ],
    },
)
