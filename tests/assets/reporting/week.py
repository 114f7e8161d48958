"""A week that a report may be made of: every day of it in the ledger, final, and judged."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import polars as pl

from assets.reporting.figures.periods import week_of
from sql.values import Window
from sql.warehouse import Warehouse
from tests.sql.rows import RUN, line

WEEK = week_of(date(2026, 3, 9), "UTC")


def add_days(warehouse: Warehouse, tenant: UUID) -> None:
    """The tenant's days with a line for downloads and a check that passed."""
    days = list(WEEK.window.days())
    for day in days:
        warehouse.replace([], Window.of_day(day), [tenant], [line("downloads", tenant, 1, day)])
    judged = {"check_name": "credits_sum", "passed": True, "detail": "", "run_id": RUN.bytes}
    warehouse.insert("check_results", pl.DataFrame([{"tenant_id": tenant.bytes, "day": day, **judged} for day in days]))
