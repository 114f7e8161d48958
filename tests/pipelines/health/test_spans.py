"""The span of days that is computed again at once: whatever clock a row had, a run plans at most a year of days."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import polars as pl

from pipelines.health.freshness import LONGEST_SPAN, StaleDays, fold_stale

TENANT = UUID(int=7)


def stale(*days: date, last: date) -> pl.DataFrame:
    return pl.DataFrame(
        {"day": days, "asset": "downloads", "tenant_id": TENANT.bytes, "last_day": last},
        schema_overrides={"tenant_id": pl.Binary},
    )


def folded(*days: date, last: date) -> StaleDays:
    found = fold_stale(stale(*days, last=last))
    assert found is not None
    return found


def test_a_span_reaches_the_last_day_that_its_tenants_have_computed() -> None:
    found = folded(date(2026, 3, 4), date(2026, 3, 9), last=date(2026, 5, 1))
    assert (found.first, found.last) == (date(2026, 3, 4), date(2026, 5, 1))
    assert (found.tenants, found.tables) == ((TENANT,), 2)


def test_a_day_of_years_ago_does_not_make_a_span_of_years() -> None:
    long_ago, now = date(2009, 1, 1), date(2026, 5, 1)
    found = folded(long_ago, now, last=now)
    assert (found.first, found.last) == (long_ago, long_ago + LONGEST_SPAN - timedelta(days=1))
    assert found.digest != folded(now, last=now).digest, "what is left is another request"
    assert folded(now, last=now).first == now


def test_nothing_stale_is_no_span() -> None:
    assert fold_stale(stale(last=date(2026, 5, 1))) is None
