"""Inclusions: which shared addresses have to be looked at again.

Here: entries of the inclusion list whose 90 days are over, or soon will be.
Not here: what an entry excuses (assets/listening/identity/addresses.py).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from assets.listening.identity.addresses import INCLUSION_VALIDITY

# Time enough to ask a dormitory or an office whether the address is still theirs.
NOTICE = timedelta(days=14)


def lapsing_inclusions(entries: pl.DataFrame, today: date) -> pl.DataFrame:
    """The entries that have lapsed or will within two weeks: tenant_id, network, reason, counts_through, days_left.

    entries: tenant_id, network, reason, validated_at (UTC). days_left is negative for an entry that counts no more.
    """
    return (
        entries.with_columns(counts_through=pl.col("validated_at").dt.date() + INCLUSION_VALIDITY)
        .with_columns(days_left=(pl.col("counts_through") - today).dt.total_days())
        .filter(pl.col("days_left") <= NOTICE.days)
        .select("tenant_id", "network", "reason", "counts_through", "days_left")
    )
