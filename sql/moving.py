"""Moving: a conversion stands on one day, in whatever order days are computed.

Here: what becomes of a conversion that a day makes while it stands on another one.
Not here: which day it belongs to (assets/attribution/conversions.py), writing tables (writing.py).

A conversion belongs to the day of its earliest signal. If that signal arrives late and its day is computed alone, the
conversion still stands on the day that had made it. It leaves that day in the transaction that makes it anew, and that
day is stale from then on: it is computed again, from what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import psycopg
from psycopg import sql

from sql.values import Window

Connection = psycopg.Connection[tuple[object, ...]]

# The tables that hold a conversion by its day, and the assets whose ledger lines cover them.
HELD = ("conversions", "conversion_adjustments", "attribution_touches", "attribution_credits")
ASSETS = ["conversions", "attribution_credits"]


def lock_conversions(connection: Connection) -> None:
    """One writer of conversions at a time: two that move the same one would wait for each other."""
    connection.execute("LOCK TABLE public.conversion_days IN SHARE ROW EXCLUSIVE MODE")


def release_conversions(connection: Connection, window: Window, tenants: Sequence[UUID]) -> None:
    """The conversions of these days are about to be replaced: they may stand anywhere."""
    days = list(window.days())
    connection.execute(
        "DELETE FROM public.conversion_days WHERE tenant_id = ANY(%s) AND day = ANY(%s)", [list(tenants), days]
    )


def claim_conversions(connection: Connection, window: Window, tenants: Sequence[UUID]) -> int:
    """Assign the conversions just written to these days, and delete them from others; returns how many moved."""
    here = {"tenants": list(tenants), "start": window.start, "end": window.end}
    connection.execute(
        "CREATE TEMPORARY TABLE moved ON COMMIT DROP AS "
        "SELECT old.tenant_id, old.conversion_id, old.day FROM public.conversions AS made "
        "INNER JOIN public.conversion_days AS old USING (tenant_id, conversion_id) "
        "WHERE made.tenant_id = ANY(%(tenants)s) AND made.converted_at >= %(start)s AND made.converted_at < %(end)s",
        here,
    )
    count = connection.execute("SELECT count(*) FROM moved").fetchone()
    if moved := int(str(count[0])) if count else 0:
        _take_off(connection)
    connection.execute(
        "INSERT INTO public.conversion_days (tenant_id, conversion_id, day) "
        "SELECT tenant_id, conversion_id, day FROM public.conversions "
        "WHERE tenant_id = ANY(%(tenants)s) AND converted_at >= %(start)s AND converted_at < %(end)s",
        here,
    )
    connection.execute("DROP TABLE moved")
    return moved


def _take_off(connection: Connection) -> None:
    """Delete what moved from the days where it stood, and make those days stale."""
    for table in (*HELD, "conversion_days"):
        connection.execute(
            sql.SQL(
                "DELETE FROM public.{} AS held USING moved WHERE held.tenant_id = moved.tenant_id "
                "AND held.day = moved.day AND held.conversion_id = moved.conversion_id"
            ).format(sql.Identifier(table))
        )
    # What the other days are made of has changed, unless that is known already, and so has what they hold.
    connection.execute(
        "UPDATE public.ingest_watermarks AS arrived SET changed_at = clock_timestamp() "
        "FROM moved INNER JOIN public.rollup_ledger AS line USING (tenant_id, day) "
        "WHERE arrived.tenant_id = moved.tenant_id AND arrived.day = moved.day AND arrived.source = 'signals' "
        "AND line.asset = 'conversions' AND line.began_at >= arrived.changed_at"
    )
    connection.execute(
        "UPDATE public.rollup_ledger AS line SET content_hash = NULL, changed_at = clock_timestamp() FROM moved "
        "WHERE line.tenant_id = moved.tenant_id AND line.day = moved.day AND line.asset = ANY(%s)",
        [ASSETS],
    )
