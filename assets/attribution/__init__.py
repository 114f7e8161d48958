"""Attribution: which ads led to which conversions, and what each of them is worth.

Here: the public functions on ready-made paths, which a notebook can call without a database.
Not here: the daily computing (day.py) and its wiring (assets.py).
"""

from assets.attribution.channels import channel_totals, credit_paths
from assets.attribution.transforms import (
    collapse_repeats,
    count_repeats,
    drop_channel,
    drop_channel_at_end,
    keep_firsts,
    keep_latest,
)

__all__ = [
    "channel_totals",
    "collapse_repeats",
    "count_repeats",
    "credit_paths",
    "drop_channel",
    "drop_channel_at_end",
    "keep_firsts",
    "keep_latest",
]
