"""Listening: from raw requests to dispositions, downloads, audiences and ads delivered.

Here: the public functions of this room: frames in, frames out, usable without a database.
Not here: how they work (each module says what it holds), and the assets that run them.
"""

from assets.listening.ages import draw_pacing, measure_ages
from assets.listening.audience import measure_audience
from assets.listening.audience_day import compute_audience_day
from assets.listening.catalogue import index_catalogue
from assets.listening.consumption import measure_consumption
from assets.listening.day import compute_listening_day
from assets.listening.dimensions import measure_dimensions
from assets.listening.dispositions import DISPOSITIONS
from assets.listening.downloads import count_downloads, dispose, settle_requests
from assets.listening.enrichment import enrich_requests
from assets.listening.exposures import collect_signals, find_delivered_ads
from assets.listening.method import Method
from assets.listening.numbering import number_episodes
from assets.listening.overlaps import measure_overlaps
from assets.listening.periods import count_first_listens, measure_periods
from assets.listening.playback_day import compute_playback_day
from assets.listening.recent_keys import RecentKeys
from assets.listening.retention import (
    count_ad_plays,
    draw_retention,
    follow_playbacks,
    measure_completion,
    measure_retention,
)
from assets.listening.windows import cut_windows

__all__ = [
    "DISPOSITIONS",
    "Method",
    "RecentKeys",
    "collect_signals",
    "compute_audience_day",
    "compute_listening_day",
    "compute_playback_day",
    "count_ad_plays",
    "count_downloads",
    "count_first_listens",
    "cut_windows",
    "dispose",
    "draw_pacing",
    "draw_retention",
    "enrich_requests",
    "find_delivered_ads",
    "follow_playbacks",
    "index_catalogue",
    "measure_ages",
    "measure_audience",
    "measure_completion",
    "measure_consumption",
    "measure_dimensions",
    "measure_overlaps",
    "measure_periods",
    "measure_retention",
    "number_episodes",
    "settle_requests",
]
