"""Community: what TimescaleDB's Community edition has besides, switched on and off for the raw tables.

Here: the statements, and running them: old chunks of raw rows in columns, counts by hour and day as continuous
aggregates, and chunks that are dropped after so many days where that is asked for. TimescaleDB's own jobs do it.
Not here: the raw tables and the views that these counts replace (sql/migrations), comparing them with the rollups
(assets/raw/quality.py).

Measured on 2.19.3: a table with row-level security, even one where it is only forced, takes neither columns nor
aggregates. So it goes from the raw tables, on which nobody but the pipeline and the owner has any privilege. A job runs
as the owner of its table, who must be able to log in; without a password nobody can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from sql.connections.connecting import connect, statement_error
from sql.connections.limits import Limits
from sql.schema.applied import Connection
from sql.schema.catalogue import write_comments
from sql.schema.status import EDITIONS, edition
from sql.tables import RAW
from sql.values import PermanentError

# The counts, and the width of one.
COUNTS = {"listener_events_hourly": ("1 hour", "hour"), "listener_events_daily": ("1 day", "day")}

# From the beginning where nothing is dropped; else a day short of it, because what is gone must not be counted again.
FROM_THE_BEGINNING = "NULL"


@dataclass(frozen=True, slots=True)
class Choice:
    """After how many days raw rows lie in columns, and after how many they are dropped (None: never)."""

    columns_after: int = 40
    dropped_after: int | None = None


def switch_on() -> Iterator[str]:
    """The statements, for earshot_owner in one transaction, that make raw tables ready for columns, and the aggregates.

    What an aggregate has not counted yet is counted when it is read.
    """
    for table in RAW:
        yield f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY"
        yield f"ALTER TABLE public.{table} DISABLE ROW LEVEL SECURITY"
        yield (
            f"ALTER TABLE public.{table} SET (timescaledb.compress, timescaledb.compress_segmentby = 'tenant_id', "
            "timescaledb.compress_orderby = 'occurred_at, event_id')"
        )
    for view, (width, _) in COUNTS.items():
        yield f"DROP VIEW public.{view}"
        yield (
            f"CREATE MATERIALIZED VIEW public.{view} WITH (timescaledb.continuous, "  # noqa: S608 - names of ours
            "timescaledb.materialized_only = false) AS "
            f"SELECT tenant_id, time_bucket(interval '{width}', occurred_at) AS starts_at, event_type, "
            "count(*) AS events FROM public.listener_events GROUP BY 1, 2, 3 WITH NO DATA"
        )
        yield f"GRANT SELECT ON public.{view} TO earshot_etl"


def choose(choice: Choice) -> Iterator[str]:
    """The statements that make the jobs, in place of those of an earlier choice; the counts' run each hour."""
    for table in RAW:
        yield f"SELECT remove_compression_policy('public.{table}', if_exists => true)"
        yield f"SELECT add_compression_policy('public.{table}', interval '{choice.columns_after} days')"
        yield f"SELECT remove_retention_policy('public.{table}', if_exists => true)"
        if choice.dropped_after is not None:
            yield f"SELECT add_retention_policy('public.{table}', interval '{choice.dropped_after} days')"
    days = choice.dropped_after
    start = FROM_THE_BEGINNING if days is None else f"interval '{days - 1} days'"
    for view in COUNTS:
        yield f"SELECT remove_continuous_aggregate_policy('public.{view}', if_exists => true)"
        yield (
            f"SELECT add_continuous_aggregate_policy('public.{view}', start_offset => {start}, "
            "end_offset => interval '1 hour', schedule_interval => interval '1 hour')"
        )


def switch_off() -> Iterator[str]:
    """The statements that take all of it back: rows lie in rows again, counts are made when they are read."""
    for table in RAW:
        yield f"SELECT remove_retention_policy('public.{table}', if_exists => true)"
        yield f"SELECT remove_compression_policy('public.{table}', if_exists => true)"
    for view, (_, part) in COUNTS.items():
        yield f"DROP MATERIALIZED VIEW public.{view}"
        yield (
            f"CREATE VIEW public.{view} AS "  # noqa: S608 - names of ours
            f"SELECT tenant_id, date_trunc('{part}', occurred_at, 'UTC') AS starts_at, "
            "event_type, count(*) AS events FROM public.listener_events "
            f"GROUP BY tenant_id, date_trunc('{part}', occurred_at, 'UTC'), event_type"
        )
        yield f"GRANT SELECT ON public.{view} TO earshot_etl"
    for table in RAW:
        chunks = f"show_chunks('public.{table}') AS chunk"
        yield f"SELECT decompress_chunk(chunk, if_compressed => true) FROM {chunks}"  # noqa: S608 - names of ours
        yield f"ALTER TABLE public.{table} SET (timescaledb.compress = false)"
        yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY"


def use_community(
    url: str,
    choice: Choice | None,
    report: Callable[[str], object],
    limits: Limits = Limits(),  # noqa: B008  (an immutable value)
    *,
    archive: str | None = None,
) -> None:
    """Switch it on as chosen, or off (None), in one transaction; chunks follow in TimescaleDB's own time.

    archive: where raw rows are archived (EARSHOT_ARCHIVE). For the login that migrates. Raises PermanentError on
    another edition, where the owner may not log in, and for dropping rows that are to be archived.
    """
    with connect(url, limits) as connection:
        try:
            connection.begin("migrating", "earshot db community")
            _refuse_dropping(connection, choice, archive)
            _refuse_others(connection)
            has_counts = connection.execute("SELECT public.earshot_keeps_counts()").fetchone() == (True,)
            connection.execute("SET LOCAL ROLE earshot_owner")
            connection.execute("SET LOCAL search_path = public")
            if choice is None:
                statements = [*switch_off()] if has_counts else []
            else:
                statements = [*(() if has_counts else switch_on()), *choose(choice)]
            for each in statements:
                connection.execute(each.encode())
            write_comments(connection)
            connection.commit()
        except psycopg.Error as error:
            raise statement_error(error, "Switching what Community has") from error
        report(_said(choice))


def _said(choice: Choice | None) -> str:
    if choice is None:
        return "Raw rows lie in rows again, nothing is dropped, and counts are made when they are read."
    dropped = "never dropped" if choice.dropped_after is None else f"dropped after {choice.dropped_after} days"
    columns = f"Raw rows lie in columns after {choice.columns_after} days and are {dropped}"
    return f"{columns}; events are counted by hour and day."


def _refuse_dropping(connection: Connection, choice: Choice | None, archive: str | None) -> None:
    """Raises PermanentError where raw rows may only go by way of the archive."""
    if choice is None or choice.dropped_after is None:
        return
    if archive:
        raise PermanentError(
            f"Raw rows are archived at {archive} before they go: the nightly upkeep drops each day after its files "
            "were read back, as tenants.raw_days says, and TimescaleDB's job would drop chunks without looking for "
            "files. Nothing was changed: leave --drop-after out, or unset EARSHOT_ARCHIVE."
        )
    connection.execute("SET LOCAL ROLE earshot_owner")
    named = connection.execute("SELECT slug FROM public.tenants WHERE raw_days IS NOT NULL ORDER BY slug").fetchall()
    if named:
        slugs = ", ".join(str(slug) for (slug,) in named[:5]) + (" and others" if len(named) > 5 else "")
        raise PermanentError(
            f"Raw rows of {slugs} are to be archived before they go (tenants.raw_days), and TimescaleDB's job would "
            "drop them without looking for files. Nothing was changed: leave --drop-after out, or set raw_days to NULL."
        )


def _refuse_others(connection: Connection) -> None:
    found = edition(connection)
    if found != "community":
        raise PermanentError(
            f"This database is no TimescaleDB Community ({EDITIONS.get(found or '', 'it has no schema')}), which alone "
            "has columns, counts that are kept, and jobs. Nothing was changed."
        )
    owner = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'earshot_owner'").fetchone()
    if owner != (True,):
        raise PermanentError(
            "TimescaleDB runs its jobs as the owner of the tables, who may not log in. Nothing was changed: have a "
            "superuser run ALTER ROLE earshot_owner LOGIN; it has no password, so nobody can log in as it."
        )
