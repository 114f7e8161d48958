"""Tables: which ones hold raw rows, and how each table that runs write is cut by time.

Here: the raw tables, the time column of every table that is replaced by window. Columns and keys are in the catalogue.
Not here: frames, connections.
"""

from __future__ import annotations

import difflib

from sql.values import PermanentError

# What others write and grows by what happens; runs read it for days or weeks and rarely after that.
RAW = ("listener_events", "attribution_events")

# The column that decides to which window a row belongs: a day, or the moment on which the series is cut.
TIME_COLUMNS = {
    "listener_events": "occurred_at",
    "attribution_events": "occurred_at",
    "event_keys": "occurred_at",
    "attribution_event_keys": "occurred_at",
    "request_dispositions": "day",
    "downloads": "downloaded_at",
    "listener_metrics": "day",
    "listener_dimension_metrics": "day",
    "listener_breakdowns": "day",
    "audience_periods": "day",
    "listener_firsts": "day",
    "audience_overlaps": "day",
    "episode_pacing": "day",
    "episode_age_downloads": "day",
    "episode_consumption": "day",
    "consumption_spread": "day",
    "retention_curves": "day",
    "ad_plays": "day",
    "ad_exposures": "occurred_at",
    "conversions": "converted_at",
    "conversion_adjustments": "day",
    "attribution_touches": "day",
    "attribution_credits": "day",
    "placement_delivery": "day",
    "campaign_reach": "day",
    "reach_sketches": "day",
    "campaign_roi": "day",
    "model_totals": "day",
    "lift_results": "day",
    "campaign_benchmarks": "day",
    "check_results": "day",
}

# Replaced by day, but small: ordinary tables with row-level security instead of series.
PLAIN = frozenset({"conversion_adjustments", "model_totals", "lift_results", "campaign_benchmarks", "check_results"})
SERIES = frozenset(TIME_COLUMNS) - PLAIN


def time_column(table: str) -> str:
    """The time column of a table. Raises PermanentError if runs do not replace it by window."""
    if table not in TIME_COLUMNS:
        near = difflib.get_close_matches(table, TIME_COLUMNS, n=3)
        advice = (
            f"; did you mean {' or '.join(near)}?" if near else f"; those that are: {', '.join(sorted(TIME_COLUMNS))}"
        )
        raise PermanentError(f"Table {table!r} is not replaced by window{advice}")
    return TIME_COLUMNS[table]
