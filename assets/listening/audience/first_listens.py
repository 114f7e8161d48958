"""First listens: on which day somebody was first counted in a show, and in any show of the tenant.

Here: first listens found among downloads, in the form in which they are counted.
Not here: how many they are in a period (periods.py), those found in the database (read_first_listens).
"""

from __future__ import annotations

import polars as pl

from assets.facade import renamed_parameters
from assets.frames import need_columns
from assets.grain import PODCAST_LISTENER


@renamed_parameters(known="counted_before")
def find_first_listens(downloads: pl.DataFrame, counted_before: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per show and key that was not counted before: what periods.count_first_listens counts.

    downloads:      tenant_id, podcast_id, consumer_key, day (UTC), as count_downloads gives them, of any number of days
    counted_before: tenant_id, podcast_id, consumer_key of everybody counted before these days (earlier rows of this
                    function do); left out: none
    returns:        tenant_id, podcast_id, consumer_key, day, is_first_of_tenant: in no other show on an earlier
                    day either
    """
    need_columns(downloads, "downloads", [*PODCAST_LISTENER, "day"], "count_downloads gives them")
    person = ["tenant_id", "consumer_key"]
    firsts = downloads.group_by(PODCAST_LISTENER).agg(pl.col("day").min())
    earliest = firsts.group_by(person).agg(first_day=pl.col("day").min())
    if counted_before is not None:
        need_columns(counted_before, "listeners counted before", PODCAST_LISTENER)
        firsts = firsts.join(counted_before, on=PODCAST_LISTENER, how="anti")
        earliest = earliest.join(counted_before, on=person, how="anti")
    return (
        firsts.join(earliest, on=person, how="left", validate="m:1")
        .with_columns(is_first_of_tenant=(pl.col("day") == pl.col("first_day")).fill_null(False))
        .drop("first_day")
        .sort("day", *PODCAST_LISTENER)
    )
