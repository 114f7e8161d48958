"""The table of mails: who got what, when, what failed and why, and nobody's address in full."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from assets.reporting.mails import mail_table

NOON = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)


def mail(state: str, detail: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": "harbor",
        "recipient": "alex@acme.example",
        "subject": "Acme Cloud: 3.4× return",
        "state": state,
        "updated_at": NOON,
        "attempts": 1,
        "detail": detail,
        "of_all": 2,
        **changes,
    }


def test_each_mail_is_a_row_with_its_reason_where_it_needs_one() -> None:
    bounced = mail("bounced", "550 alex@acme.example | no such user", attempts=3)
    shown = mail_table(pl.DataFrame([bounced, mail("delivered", "on 2026-10-12", recipient="kim@x.example")]))
    assert shown.splitlines() == [
        "| tenant | recipient | report | state | changed (UTC) | tries | why |",
        "|---|---|---|---|---|---:|---|",
        "| harbor | a…\\@acme.example | Acme Cloud: 3.4× return | bounced | 2026-10-12 12:00 | 3 "
        "| 550 a…\\@acme.example \\| no such user |",
        "| harbor | k…\\@x.example | Acme Cloud: 3.4× return | delivered | 2026-10-12 12:00 | 1 |  |",
    ]


def test_what_is_not_shown_is_counted_and_a_long_reason_is_cut() -> None:
    shown = mail_table(pl.DataFrame([mail("failed", "x" * 300, of_all=12)]))
    assert shown.endswith("And 11 more: `earshot deliveries list`.")
    assert "x" * 200 + "…" in shown


def test_a_quiet_day_says_so() -> None:
    assert mail_table(pl.DataFrame()) == "No mail changed in the last 24 hours."
