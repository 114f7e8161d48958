"""Upkeep: what has to be done every night besides the numbers.

Here: the job of the unpartitioned upkeep assets, and its clock (UTC).
Not here: what they do (assets/methods, assets/privacy), the clocks of numbers and reports (schedules.py).
"""

from dagster import AssetSelection, DefaultScheduleStatus, ScheduleDefinition, define_asset_job

nightly_upkeep = define_asset_job(
    "nightly_upkeep",
    AssetSelection.assets(
        "rotated_keys",
        "methodologies",
        "expired_addresses",
        "archived_rows",
        "erased_listeners",
        "series_partitions",
        "raw_columns",
        "pruned_history",
    ),
    description="Brings new versions of keys into force, keeps each tenant's methodology as it is now, replaces raw "
    "addresses that are due by their keys, archives and drops raw rows that are due, erases who is to be "
    "erased, makes the partitions of the days to come, looks at those in columns, and prunes Dagster's history.",
)
# After the days of the night, one of which becomes final, have been computed.
nightly_upkeep_clock = ScheduleDefinition(
    name="nightly_upkeep_clock",
    job=nightly_upkeep,
    cron_schedule="37 4 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every night at 04:37 UTC: keys and methodologies that changed, addresses, raw rows and erasures due, "
    "partitions ahead.",
)
