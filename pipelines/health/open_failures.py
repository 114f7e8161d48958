"""Open failures: what waits for a person, as lines of text: which tenant, since which day, why, and what to do.

Here: the lines that `earshot status` prints.
Not here: finding and keeping failures (sql/failures.py), which of them are open (sql/queries/read_open_failures.sql).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# A screen full; the rest is in the table tenant_failures.
SHOWN = 20

WHAT_TO_DO = {
    "computing": "mend the cause, then `{backfill}`; reports of these days wait until then",
    "check": "mend the cause, then `{backfill}`; reports of these days that are not frozen yet wait until then",
    "reports": "mend the cause; `earshot reports list --state held --tenant {tenant}` says which wait. Held ones are "
    "looked at again every morning; for a period without any, run the reports' job of that period in the UI",
    "delivery": "look at it with `earshot deliveries list --tenant {tenant}`; once mended, it leaves by itself, or by "
    "`earshot deliveries retry`",
    "schedule": "mend the cause (a time zone: tenants.timezone); the clock looks again every hour, and starts no "
    "report of this tenant until then",
    "sensor": "mend the cause; it is tried again every ten minutes, or by `earshot heal`",
    "importing": "`earshot sources check {tenant}/SOURCE` looks at it; it is looked at again every five minutes",
    "methodology": "mend the cause; it is tried again every night, and by `earshot methodology --tenant {tenant}`",
    "catalogue": "what the cause says; it is tried again by itself, or by `earshot catalogue read-feeds`",
    "privacy": "mend the cause; raw addresses of this tenant stay until a night on which it succeeds",
}


def describe_failures(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines for a screen; none where nothing is open. found: of read_open_failures."""
    if not found:
        return
    yield f"Open failures: {len(found)}"
    for row in found[:SHOWN]:
        yield f"  {row['tenant']}: {row['stage']} {row['subjects']}{_days(row)}"
        yield f"      why: {row['cause']}"
        yield f"      what to do: {_advice(row)}"
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more, in the table tenant_failures"


def _days(row: Mapping[str, Any]) -> str:
    if row["first_day"] is None:
        return ""
    if row["first_day"] == row["last_day"]:
        return f", {row['first_day']}"
    return f", {row['days']} days from {row['first_day']} to {row['last_day']}"


def _advice(row: Mapping[str, Any]) -> str:
    span = f"--from {row['first_day']} --to {row['last_day']}" if row["first_day"] else "--from DAY --to DAY"
    backfill = f"earshot backfill --tenant {row['tenant']} {span}"
    advice = WHAT_TO_DO.get(row["stage"], "mend the cause; it is tried again by itself")
    return advice.format(tenant=row["tenant"], backfill=backfill)
