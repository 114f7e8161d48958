"""Locks: one writer at a time, by rows that only the pipeline can touch.

Here: taking them. Not here: who needs one, and how long to wait (limits.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg


def take_locks(
    connection: psycopg.Connection[tuple[object, ...]], names: Iterable[str], shared: Iterable[str] = ()
) -> None:
    """Take these locks to the end of the transaction, in one order, so that two writers never wait crosswise.

    shared: locks that any number of transactions may share, as long as nobody takes them for itself.
    """
    wanted, together = sorted(set(names)), sorted(set(shared))
    connection.execute(
        "INSERT INTO public.work_locks (name) SELECT unnest(%s::text[]) EXCEPT SELECT name FROM public.work_locks "
        "ORDER BY 1 ON CONFLICT DO NOTHING",
        [wanted + together],
    )
    connection.execute("SELECT name FROM public.work_locks WHERE name = ANY(%s) ORDER BY name FOR UPDATE", [wanted])
    if together:
        connection.execute(
            "SELECT name FROM public.work_locks WHERE name = ANY(%s) ORDER BY name FOR SHARE", [together]
        )
