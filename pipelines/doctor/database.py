"""The database: version, edition, extension, roles and rights, migrations, clocks, and the replica.

Here: what the server says of itself.
Not here: what has been computed (work.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from pipelines import runtime
from pipelines.doctor.finding import Finding, name_some, ok, problem, warning
from pipelines.settings import Settings
from sql.connections.connecting import connect, looking, statement_error
from sql.schema.checking import check_schema as compare_schema
from sql.schema.status import EDITIONS
from sql.schema.status import status as schema_status
from sql.values import EarshotError
from sql.warehouse import Warehouse

OLDEST_SERVER, NEWEST_SERVER = 15, 18

# Seconds. Claims of mails and the ends of days are judged by both clocks; a claim lives 15 minutes.
CLOCKS_APART_S, CLOCKS_WRONG_S = 2.0, 60.0

# Seconds that a replica may be behind; it is of no use long before (sql/reading/replica.py).
REPLICA_BEHIND_S = 300.0

_MIGRATE = "`earshot db migrate`"

RIGHT_FAULTS = {
    "missing": "roles that are not there: {names}",
    "strong": "roles that pass row-level security, so that one tenant's rows are shown to another: {names}",
    "member": "roles that the application's login cannot become: {names}",
    "open": "tables of tenants without row-level security: {names}",
    "closed": "tables that the pipeline may not read: {names}",
}


def check_answers(settings: Settings) -> Iterator[Finding]:
    """Whether the database can be reached and logged in to."""
    advice = "`earshot db up` starts the private one; for one of yours look at DATABASE_URL and at the server's log"
    try:
        with connect(runtime.database_url(settings), settings.limits) as connection:
            connection.begin("status", "earshot doctor")
    except EarshotError as error:
        yield problem("database", str(error), advice)
    except psycopg.Error as error:
        yield problem("database", str(statement_error(error, "Beginning a transaction")), advice)
    else:
        yield ok("database", "it answers")


def check_schema(settings: Settings) -> Iterator[Finding]:
    """Migrations, functions and views that are pending, and the edition."""
    try:
        found = schema_status(runtime.database_url(settings), settings.limits)
    except EarshotError as error:
        yield problem("migrations", str(error), "install the version of Earshot that made this schema, or restore it")
        return
    waiting = [*found.pending, *found.outdated]
    if waiting:
        yield problem("migrations", f"pending: {name_some(waiting)}", _MIGRATE)
    else:
        yield ok("migrations", f"all {len(found.migrations)} are applied")
    if found.edition:
        yield ok("edition", EDITIONS[found.edition])


def check_objects(settings: Settings) -> Iterator[Finding]:
    """Whether tables, rights and definitions are what the migrations make."""
    differences = compare_schema(runtime.database_url(settings), settings.limits)
    if differences:
        named = f"{len(differences)} difference(s) from what the migrations make, the first: {differences[0].what}"
        yield problem("schema", named, "`earshot db check` names all of them, and what mends each")
    else:
        yield ok("schema", "it is what the migrations make")


def check_server(warehouse: Warehouse) -> Iterator[Finding]:
    """The server's version, TimescaleDB's, both clocks, and whether one login does everything."""
    before = datetime.now(UTC)
    (row,) = warehouse.rows("read_server")
    after = datetime.now(UTC)
    yield _version(row)
    if row["extension"] and row["newest"] and row["extension"] != row["newest"]:
        yield warning(
            "extension",
            f"TimescaleDB {row['extension']} is installed, the server has {row['newest']}",
            'as a superuser, first in a new session: psql -X -c "ALTER EXTENSION timescaledb UPDATE" DATABASE',
        )
    elif row["extension"]:
        yield ok("extension", f"TimescaleDB {row['extension']}")
    else:
        yield ok("extension", "no TimescaleDB: tables are partitioned, and `earshot db upkeep` makes room")
    yield judge_clocks((row["now"] - before).total_seconds(), (row["now"] - after).total_seconds())
    yield (
        warning("logins", "one login migrates and runs everything", "docs/roles.md, 'Two logins', says how to make two")
        if row["migrator"]
        else ok("logins", f"{row['login']} runs, and cannot change the schema")
    )


def _version(row: Mapping[str, Any]) -> Finding:
    major = row["version_number"] // 10_000
    name = f"PostgreSQL {row['server_version']}"
    if major < OLDEST_SERVER:
        return problem("server", f"{name} is too old", f"upgrade it to PostgreSQL {OLDEST_SERVER} or newer")
    if major > NEWEST_SERVER:
        advice = f"nothing, if all works; it was tried with PostgreSQL {OLDEST_SERVER} to {NEWEST_SERVER}"
        return warning("server", f"{name} is newer than what Earshot was tried with", advice)
    return ok("server", name)


def judge_clocks(ahead_of_before: float, ahead_of_after: float) -> Finding:
    """The database's clock against this machine's, by the seconds that it was ahead of two moments of this one: before
    the question and after the answer. What the question took is no difference. Pure."""
    apart = max(-ahead_of_before, ahead_of_after, 0.0)
    if apart < CLOCKS_APART_S:
        return ok("clock", "the database's and this machine's agree")
    meaning = f"the database's and this machine's are at least {apart:.0f} s apart"
    advice = "`timedatectl set-ntp true` on both machines, then look with `timedatectl`"
    if apart < CLOCKS_WRONG_S:
        return warning("clock", meaning, advice)
    means = f"{meaning}: schedules begin at the wrong moment, and rows may count as yet to come"
    return problem("clock", means, advice)


def check_rights(warehouse: Warehouse) -> Iterator[Finding]:
    """Roles and rights, as far as they decide who sees what."""
    faults = warehouse.rows("read_right_faults")
    for fault, words in RIGHT_FAULTS.items():
        names = [row["name"] for row in faults if row["fault"] == fault]
        if names:
            advice = "`earshot db check` says what mends it; for roles docs/roles.md, 'Two logins'"
            yield problem("roles", words.format(names=name_some(names)), advice)
    if not faults:
        yield ok("roles", "all are there, and every table of tenants is under row-level security")


def check_replica(settings: Settings) -> Iterator[Finding]:
    """How far the replica of DATABASE_READ_URL is behind; nothing where there is none."""
    if settings.database_read_url is None:
        return
    advice = "look at pg_stat_replication on the primary; until it is mended unset DATABASE_READ_URL"
    try:
        behind = replica_behind_s(settings)
    except EarshotError as error:
        yield problem("replica", str(error), advice)
        return
    if behind is None:
        yield warning("replica", "DATABASE_READ_URL leads to a server that is no replica", "unset DATABASE_READ_URL")
    elif behind > REPLICA_BEHIND_S:
        yield problem("replica", f"it is {behind:.0f} s behind: runs read the primary instead", advice)
    else:
        yield ok("replica", f"it is {behind:.0f} s behind")


# A replica that has replayed all that it gets is not behind, however long ago the last transaction was.
_BEHIND = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
END::float
"""


def replica_behind_s(settings: Settings) -> float | None:
    """Seconds between the replica of DATABASE_READ_URL and its primary; None where it is no replica.

    Raises EarshotError where it does not answer.
    """
    doing = "Asking how far the replica is behind"
    with looking(settings.database_read_url or "", settings.limits, "earshot doctor", doing) as connection:
        ((behind,),) = connection.execute(_BEHIND).fetchall()
    return None if behind is None else float(str(behind))
