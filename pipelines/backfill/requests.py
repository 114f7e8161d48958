"""Requests: the run that computes what is stale, as the orchestrator is asked for it.

Here: its days, its tenants, and the tags by which it is found again.
Not here: what is stale (health/freshness.py), asking for it (sensors.py), running it in this process (computing.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster import RunRequest

from assets.resources import day_tags, scope_tags
from pipelines.health.freshness import StaleDays

# The tag of such a run: what was stale, as a digest.
LATE = "earshot/late_rows"


def request_for(stale: StaleDays, attempts: int = 0, slugs: Sequence[str] = ()) -> RunRequest:
    """The run that makes these days good again. Asking twice for the same attempt runs it once."""
    days = {
        "dagster/asset_partition_range_start": stale.first.isoformat(),
        "dagster/asset_partition_range_end": stale.last.isoformat(),
    }
    return RunRequest(
        run_key=f"late-{stale.first}-{stale.digest}-{attempts}",
        tags={**days, **day_tags(days), **scope_tags(slugs), LATE: stale.digest},
        run_config={
            "resources": {"scope": {"config": {"tenants": [str(each) for each in stale.tenants], "stale_only": True}}}
        },
    )
