"""Method: the numbers by which a download is measured, in one place, so that they can be disclosed.

Here: the settings of the measurement with their sources, and the frame with the settings of each tenant.
Not here: what is done with them (windows.py, byte_coverage.py, counting.py), and the rules on agents and addresses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

import polars as pl

from assets.frames import need_columns
from assets.spans import CALENDAR_DAY, ROLLING_AHEAD, ROLLING_BACK
from sql.values import PermanentError

# The three ways to cut a consumer's requests of one episode into windows; calendar_day is the standard's default.
FIRST_TOUCH: Final = "first_touch"
LAST_TOUCH: Final = "last_touch"
WINDOWS: Final = (CALENDAR_DAY, FIRST_TOUCH, LAST_TOUCH)

# PTMG 2.3: both rolling windows are 24 hours long.
WINDOW_LENGTH: Final = timedelta(hours=24)
# What is read of a tenant with rolling windows beside the day itself.
LOOK_BACK: Final = ROLLING_BACK
LOOK_FORWARD: Final = ROLLING_AHEAD

# What requests show of a file, beyond the settings below. Whoever changes what add_intervals or add_new_bytes make of a
# request raises it, so that every row says by which rule it was counted. 2: a 206 without a range shows its bytes, less
# the file's header (1: nothing).
COVERAGE_RULE: Final = 2


class MethodError(PermanentError):
    """The settings of a tenant's measurement are missing or not valid."""


@dataclass(frozen=True, slots=True)
class Method:
    """What one minute of content is.

    minute_seconds:     PTMG 2.3 requires one minute of content.
    assumed_minute:     bytes of that minute where the size of a file is unknown: 60 s at 128 kbit/s.
    whole_file_slack:   bytes that may be missing where the whole file is required (short or of unknown duration), of
                        tenants without a setting of their own.
    """

    minute_seconds: int = 60
    assumed_minute: int = 960_000
    whole_file_slack: int = 0


def name_method(window: str, suspect_pairs: int, whole_file_slack: int | None, method: Method | None = None) -> str:
    """The version of a tenant's settings and of the rule on what requests show: equal ones, equal version."""
    chosen = method or Method()
    slack = chosen.whole_file_slack if whole_file_slack is None else whole_file_slack
    settings = [window, suspect_pairs, slack, chosen.minute_seconds, chosen.assumed_minute, COVERAGE_RULE]
    return sha256(json.dumps(settings).encode()).hexdigest()[:8]


def name_methods(methods: pl.DataFrame, method: Method | None = None) -> pl.DataFrame:
    """tenant_id, method_version of tenants, by the columns of check_methods."""
    chosen = method or Method()
    slack = pl.lit(None) if "whole_file_slack" not in methods.columns else pl.col("whole_file_slack")
    settings = methods.select("download_window", "suspect_pairs", slack.alias("slack"))
    names = [name_method(window, pairs, missing, chosen) for window, pairs, missing in settings.iter_rows()]
    return methods.select("tenant_id", method_version=pl.Series(names, dtype=pl.String))


def check_methods(methods: pl.DataFrame) -> pl.DataFrame:
    """The frame as it is. Raises MethodError for a window that does not exist and a limit that is no number.

    methods: tenant_id, download_window, suspect_pairs (0: the rule on suspect addresses is off), whole_file_slack
             (bytes; may be left out)
    """
    need_columns(methods, "methods", ["tenant_id", "download_window", "suspect_pairs"])
    unknown = methods.filter(~pl.col("download_window").is_in(WINDOWS).fill_null(False))
    if unknown.height:
        found = ", ".join(sorted(map(str, unknown["download_window"].unique())))
        raise MethodError(
            f"{unknown.height} tenants measure with a download window that does not exist ({found}): "
            f"set tenants.download_window to one of {', '.join(WINDOWS)}"
        )
    if (methods["suspect_pairs"].fill_null(-1) < 0).any():
        raise MethodError("suspect_pairs must be 0 (the rule is off) or the most pairs that a household may have")
    if "whole_file_slack" in methods.columns and (methods["whole_file_slack"].drop_nulls() < 0).any():
        raise MethodError("whole_file_slack is a number of bytes that may be missing: it cannot be negative")
    return methods
