"""Listening: from raw requests to dispositions, downloads, audiences and ads delivered.

Here: the public functions of this room: frames in, frames out, usable without a database (docs/notebook.md shows the
way through them).
Not here: how they work (the charter of each module), and the assets that run them.

They are imported at their first use (assets/facade.py).
"""

from typing import TYPE_CHECKING

from assets.facade import lazily

if TYPE_CHECKING:
    from assets.frames import MissingColumnsError
    from assets.listening.audience.breakdowns import measure_breakdowns, measure_dimensions
    from assets.listening.audience.day import compute_audience_day
    from assets.listening.audience.episode_age import band_hours, count_release_hours, draw_pacing, measure_ages
    from assets.listening.audience.episode_metrics import measure_audience
    from assets.listening.audience.first_listens import find_first_listens
    from assets.listening.audience.overlaps import measure_overlaps
    from assets.listening.audience.periods import count_first_listens, measure_periods
    from assets.listening.audience.recent_keys import RecentKeys
    from assets.listening.day import compute_listening_day
    from assets.listening.downloads.ad_delivery import collect_signals, find_delivered_ads
    from assets.listening.downloads.byte_coverage import add_intervals, add_new_bytes, merge_intervals
    from assets.listening.downloads.catalogue import Catalogue, index_catalogue, name_episodes
    from assets.listening.downloads.counting import count_downloads, dispose, qualify_requests
    from assets.listening.downloads.counting import qualify_requests as settle_requests
    from assets.listening.downloads.dispositions import DISPOSITIONS
    from assets.listening.downloads.method import Method, MethodError, check_methods
    from assets.listening.downloads.numbering import number_episodes
    from assets.listening.downloads.windows import cut_windows
    from assets.listening.identity.addresses import AddressRanges, classify_addresses, load_ranges
    from assets.listening.identity.agent_rules import Rules, load_rules, match_agents, match_referrers
    from assets.listening.identity.enrichment import enrich_requests, enrich_signals
    from assets.listening.identity.keys import Key, Keyring, derive_keys
    from assets.listening.playback.consumption import measure_consumption
    from assets.listening.playback.day import compute_playback_day
    from assets.listening.playback.retention import (
        count_ad_plays,
        draw_consumption,
        draw_retention,
        follow_playbacks,
        measure_completion,
        measure_retention,
        measure_spread,
    )

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
    "qualify_requests",
    "settle_requests",
]

__getattr__ = lazily(
    __name__,
    {
        ".identity.addresses": ["AddressRanges", "classify_addresses", "load_ranges"],
        ".audience.episode_age": ["band_hours", "count_release_hours", "draw_pacing", "measure_ages"],
        ".audience.episode_metrics": ["measure_audience"],
        ".audience.day": ["compute_audience_day"],
        ".downloads.catalogue": ["Catalogue", "index_catalogue", "name_episodes"],
        "assets.frames": ["MissingColumnsError"],
        ".playback.consumption": ["measure_consumption"],
        ".downloads.byte_coverage": ["add_intervals", "add_new_bytes", "merge_intervals"],
        ".day": ["compute_listening_day"],
        ".audience.breakdowns": ["measure_breakdowns", "measure_dimensions"],
        ".downloads.dispositions": ["DISPOSITIONS"],
        ".downloads.counting": ["count_downloads", "dispose", "qualify_requests"],
        ".identity.enrichment": ["enrich_requests", "enrich_signals"],
        ".downloads.ad_delivery": ["collect_signals", "find_delivered_ads"],
        ".audience.first_listens": ["find_first_listens"],
        ".identity.keys": ["Key", "Keyring", "derive_keys"],
        ".downloads.method": ["Method", "MethodError", "check_methods"],
        ".downloads.numbering": ["number_episodes"],
        ".audience.overlaps": ["measure_overlaps"],
        ".audience.periods": ["count_first_listens", "measure_periods"],
        ".playback.day": ["compute_playback_day"],
        ".audience.recent_keys": ["RecentKeys"],
        ".playback.retention": [
            "count_ad_plays",
            "draw_consumption",
            "draw_retention",
            "follow_playbacks",
            "measure_completion",
            "measure_retention",
            "measure_spread",
        ],
        ".identity.agent_rules": ["Rules", "load_rules", "match_agents", "match_referrers"],
        ".downloads.windows": ["cut_windows"],
    },
    renamed={"settle_requests": "qualify_requests"},
)
