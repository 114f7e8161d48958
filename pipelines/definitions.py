"""Definitions: all that Dagster loads.

Here: the code location, with the job and the sensors that compute what came in late; these run its jobs themselves, so
they are no part of it.
Not here: assets, the other jobs, schedules and resources (code_location.py).
"""

from __future__ import annotations

from dagster import Definitions

from pipelines.backfill.early_days import early_days
from pipelines.code_location import RESOURCES, define
from pipelines.first_day import loaded_first_day
from pipelines.sensors import early_rows, late_rows

defs = Definitions.merge(
    define(RESOURCES, loaded_first_day()),
    Definitions(jobs=[early_days], sensors=[late_rows, early_rows]),
)
