"""Names that others import: what the four packages exported before their modules were moved into rooms.

Here: the list, as data. A name may be added to a package's exports without a change here; one that is listed may go or
change its meaning only with a line in the table of CHANGELOG.md.
Not here: what the functions compute; their own tests hold it.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from assets.campaigns import Side, incremental_value, minimum_detectable, newcombe, relative_lift

PUBLIC = {
    "assets.listening": """
        DISPOSITIONS AddressRanges Catalogue Key Keyring Method MethodError MissingColumnsError RecentKeys Rules
        add_intervals add_new_bytes band_hours check_methods classify_addresses collect_signals
        compute_audience_day compute_listening_day compute_playback_day count_ad_plays count_downloads
        count_first_listens count_release_hours cut_windows derive_keys dispose draw_consumption draw_pacing
        draw_retention enrich_requests enrich_signals find_delivered_ads find_first_listens follow_playbacks
        index_catalogue load_ranges load_rules match_agents match_referrers measure_ages measure_audience
        measure_breakdowns measure_completion measure_consumption measure_dimensions measure_overlaps
        measure_periods measure_retention measure_spread merge_intervals name_episodes number_episodes
        settle_requests
    """,
    "assets.attribution": """
        ALL_MODELS MODELS Conventions MissingColumnsError PathError Touch adjust_conversions all_journeys
        attribute_money build_paths channel_totals collapse_repeats count_repeats credit_paths credit_shows
        credit_touches drop_channel drop_channel_at_end fit_totals index_paths keep_firsts keep_latest
        merge_conversions model model_on_request net_values non_converting_journeys rates_of removal_effects
        split_by_largest_remainder split_paths
    """,
    "assets.campaigns": """
        Side assign_groups build_sketches campaign_levels compare_strata count_delivery count_reach
        estimate_levels expect_delivery gamma_bounds incremental_value measure measure_lift measure_reach
        merge_sketches minimum_detectable model_conversions newcombe price_campaigns read_sketches
        recognise_spend relative_lift respond unknown_spend wilson wilson_bounds
    """,
    "assets.importing": """
        FORMATS Batch EventMaker ImportSummary LogImport MadeBatch MediaPaths guess_format import_batches open_log
        parser_of read_batches
    """,
}


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_what_a_package_exported_is_still_exported(package: str) -> None:
    module = importlib.import_module(package)
    names = PUBLIC[package].split()
    assert set(names) <= set(module.__all__)
    missing = [name for name in names if not hasattr(module, name)]
    assert missing == []


def test_earlier_names_of_parameters_are_still_accepted() -> None:
    treated, control = Side(200.0, 9.0, 900.0, 90_000.0), Side(160.0, 4.0, 400.0, 40_000.0)
    earlier: dict[str, Any] = {"reached": treated, "base": control}
    assert minimum_detectable(**earlier) == minimum_detectable(treated, control)
    assert incremental_value(**earlier) == incremental_value(treated, control)
    rates: dict[str, Any] = {"base_successes": 4.0, "base_trials": 160.0}
    assert newcombe(9.0, 200.0, **rates) == newcombe(9.0, 200.0, 4.0, 160.0)
    assert relative_lift(9.0, 200.0, **rates) == relative_lift(9.0, 200.0, 4.0, 160.0)
