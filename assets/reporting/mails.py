"""Mails: what became of the mails of the last day, as the orchestrator's pages show it.

Here: the table, who got what, when, what failed and why; addresses are shortened.
Not here: sending (reports/delivery), the whole outbox (`earshot deliveries list`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from assets.markdown import table
from reports.delivery.addresses import shorten_addresses
from sql.values import Reader

HEADINGS = ("tenant", "recipient", "report", "state", "changed (UTC)", "tries", "why")
# What is shown of a day; the troubles come first.
MOST_ROWS = 200
LONGEST_REASON = 200
# States whose reason is shown. That of a mail that left is the provider's number.
_EXPLAINED = frozenset({"failed", "bounced", "dropped", "unknown", "held", "suppressed", "cancelled", "queued"})


def describe_mails(read: Reader, now: datetime) -> str:
    """Markdown: the mails that changed in the last 24 hours."""
    return mail_table(read("read_recent_mails", since=now - timedelta(days=1), most=MOST_ROWS))


def mail_table(mails: pl.DataFrame) -> str:
    """Markdown, in the order of the rows. Pure.

    mails: tenant, recipient, subject, state, updated_at, attempts, detail, of_all (how many rows there are, with those
    that are not among these).
    """
    if mails.is_empty():
        return "No mail changed in the last 24 hours."
    rows = [
        (
            row["tenant"],
            shorten_addresses(row["recipient"]),
            row["subject"] or "",
            row["state"],
            f"{row['updated_at']:%Y-%m-%d %H:%M}",
            row["attempts"],
            _reason(row["detail"] or "") if row["state"] in _EXPLAINED else "",
        )
        for row in mails.iter_rows(named=True)
    ]
    more = int(mails["of_all"][0]) - mails.height
    note = f"\n\nAnd {more} more: `earshot deliveries list`." if more else ""
    return table(HEADINGS, rows, right=["tries"]) + note


def _reason(detail: str) -> str:
    text = shorten_addresses(detail)
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"
