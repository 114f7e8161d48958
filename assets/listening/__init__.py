"""Listening: from raw requests to dispositions, downloads, audiences and ads delivered.

Here: the public functions of this room: frames in, frames out, usable without a database (docs/notebook.md shows the
way through them).
Not here: how they work (each module says what it holds), and the assets that run them.

They are imported when they are first asked for (assets/facade.py).
"""

from typing import TYPE_CHECKING

from assets.facade import lazily

if TYPE_CHECKING:
    from assets.listening.addresses import AddressRanges, classify_addresses, load_ranges
    from assets.listening.ages import band_hours, count_release_hours, draw_pacing, measure_ages
    from assets.listening.audience import measure_audience
    from assets.listening.audience_day import compute_audience_day
    from assets.listening.catalogue import Catalogue, index_catalogue, name_episodes
    from assets.listening.columns import MissingColumnsError
    from assets.listening.consumption import measure_consumption
    from assets.listening.coverage import add_intervals, add_new_bytes, merge_intervals
    from assets.listening.day import compute_listening_day
    from assets.listening.dimensions import measure_breakdowns, measure_dimensions
    from assets.listening.dispositions import DISPOSITIONS
    from assets.listening.downloads import count_downloads, dispose, settle_requests
    from assets.listening.enrichment import enrich_requests, enrich_signals
    from assets.listening.exposures import collect_signals, find_delivered_ads
    from assets.listening.first_listens import find_first_listens
    from assets.listening.keys import Key, Keyring, derive_keys
    from assets.listening.method import Method, MethodError, check_methods
    from assets.listening.numbering import number_episodes
    from assets.listening.overlaps import measure_overlaps
    from assets.listening.periods import count_first_listens, measure_periods
    from assets.listening.playback_day import compute_playback_day
    from assets.listening.recent_keys import RecentKeys
    from assets.listening.retention import (
        count_ad_plays,
        draw_consumption,
        draw_retention,
        follow_playbacks,
        measure_completion,
        measure_retention,
        measure_spread,
    )
    from assets.listening.rules import Rules, load_rules, match_agents, match_referrers
    from assets.listening.windows import cut_windows

__all__ = [
    "DISPOSITIONS",
    "AddressRanges",
    "Catalogue",
    "Key",
    "Keyring",
    "Method",
    "MethodError",
    "MissingColumnsError",
    "RecentKeys",
    "Rules",
    "add_intervals",
    "add_new_bytes",
    "band_hours",
    "check_methods",
    "classify_addresses",
    "collect_signals",
    "compute_audience_day",
    "compute_listening_day",
    "compute_playback_day",
    "count_ad_plays",
    "count_downloads",
    "count_first_listens",
    "count_release_hours",
    "cut_windows",
    "derive_keys",
    "dispose",
    "draw_consumption",
    "draw_pacing",
    "draw_retention",
    "enrich_requests",
    "enrich_signals",
    "find_delivered_ads",
    "find_first_listens",
    "follow_playbacks",
    "index_catalogue",
    "load_ranges",
    "load_rules",
    "match_agents",
    "match_referrers",
    "measure_ages",
    "measure_audience",
    "measure_breakdowns",
    "measure_completion",
    "measure_consumption",
    "measure_dimensions",
    "measure_overlaps",
    "measure_periods",
    "measure_retention",
    "measure_spread",
    "merge_intervals",
    "name_episodes",
    "number_episodes",
    "settle_requests",
]

__getattr__ = lazily(
    __name__,
    {
        "addresses": ["AddressRanges", "classify_addresses", "load_ranges"],
        "ages": ["band_hours", "count_release_hours", "draw_pacing", "measure_ages"],
        "audience": ["measure_audience"],
        "audience_day": ["compute_audience_day"],
        "catalogue": ["Catalogue", "index_catalogue", "name_episodes"],
        "columns": ["MissingColumnsError"],
        "consumption": ["measure_consumption"],
        "coverage": ["add_intervals", "add_new_bytes", "merge_intervals"],
        "day": ["compute_listening_day"],
        "dimensions": ["measure_breakdowns", "measure_dimensions"],
        "dispositions": ["DISPOSITIONS"],
        "downloads": ["count_downloads", "dispose", "settle_requests"],
        "enrichment": ["enrich_requests", "enrich_signals"],
        "exposures": ["collect_signals", "find_delivered_ads"],
        "first_listens": ["find_first_listens"],
        "keys": ["Key", "Keyring", "derive_keys"],
        "method": ["Method", "MethodError", "check_methods"],
        "numbering": ["number_episodes"],
        "overlaps": ["measure_overlaps"],
        "periods": ["count_first_listens", "measure_periods"],
        "playback_day": ["compute_playback_day"],
        "recent_keys": ["RecentKeys"],
        "retention": [
            "count_ad_plays",
            "draw_consumption",
            "draw_retention",
            "follow_playbacks",
            "measure_completion",
            "measure_retention",
            "measure_spread",
        ],
        "rules": ["Rules", "load_rules", "match_agents", "match_referrers"],
        "windows": ["cut_windows"],
    },
)
