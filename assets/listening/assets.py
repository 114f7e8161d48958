"""Listening assets: what an operator sees of a day of listening.

Here: the metadata of a day, over all tenants. Not here: its assets (assets/steps.py), what the numbers mean (the rooms
beside this module).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dagster import MetadataValue

from assets.assets import Description
from assets.markdown import table
from sql.values import Reader


def describe_listening(read: Reader, day: date) -> Mapping[str, Description]:
    """What an operator looks at of a day, over all tenants: the split of requests, and the totals that matter."""
    split = read("read_disposition_totals", day=day)
    lines = ((name, f"{count:,}") for name, count in split.iter_rows())
    per_disposition = {f"requests_{name}": MetadataValue.int(count) for name, count in split.iter_rows()}
    downloads, heard_hours = read("read_metric_totals", day=day).row(0)
    return {
        "request_dispositions": {
            "raw_requests": MetadataValue.int(int(split["requests"].sum())),
            "split": MetadataValue.md(table(("disposition", "requests"), lines, right=["requests"])),
            **per_disposition,
        },
        "listener_metrics": {
            "downloads": MetadataValue.int(downloads),
            "heard_hours": MetadataValue.float(round(heard_hours, 1)),
        },
    }
