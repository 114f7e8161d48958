"""Dividing: the tenants in groups of about equal work, for processes or machines beside each other.

Here: counting the raw rows of each, and the groups.
Not here: what becomes of a group (job.py), days that are divided (pipelines/backfill/stages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sql.failures import is_isolatable
from sql.values import Window
from sql.warehouse import Warehouse


def count_rows(warehouse: Warehouse, first: date, last: date, tenants: Mapping[str, UUID]) -> dict[str, int]:
    """How many raw rows of these days each tenant has, by slug; none where that cannot be read.

    tenants: slug to id.
    """
    window = Window.of_days(first, last)
    counted = dict.fromkeys(tenants, 0)
    for slug, tenant in tenants.items():
        try:
            found = warehouse.read("count_raw_rows", start=window.start, end=window.end, tenants=[tenant]).row(0)
        except BaseException as error:
            # To count is no condition of computing, which names the tenant whose rows cannot be read.
            if not is_isolatable(error):
                raise
        else:
            counted[slug] = sum(found)
    return counted


def divide(rows_of: Mapping[str, int], groups: int) -> list[tuple[str, ...]]:
    """Tenants in at most so many groups of about equal raw rows, the largest group first; none is empty.

    rows_of: slug to number of raw rows.
    """
    divided: list[list[str]] = [[] for _ in range(min(groups, len(rows_of)))]
    sizes = [0] * len(divided)
    for slug in sorted(rows_of, key=lambda slug: (-rows_of[slug], slug)):
        smallest = min(range(len(divided)), key=lambda number: (sizes[number], len(divided[number])))
        divided[smallest].append(slug)
        sizes[smallest] += rows_of[slug]
    order = sorted(range(len(divided)), key=lambda number: -sizes[number])
    return [tuple(sorted(divided[number])) for number in order]
