"""Functions and views: made anew whenever their files change, with everything that stands on them.

Here: which of them a database lacks or has otherwise, dropping these and those whose files are gone, making them.
Not here: their text (sql/functions, sql/views), who may use what is in bi (earshot_publish), transactions (migrate.py).

A changed view is dropped together with the views that read it, and all of them are made again. So is a changed
function, unless a constraint, a policy, a default, an index, a trigger or another function stands on it: that one is
replaced in place, with the grants of a new one. It keeps its arguments; one with other arguments takes another name.
Rows that a changed condition would refuse stay: a constraint looks at rows when it is made (earshot_add_bound).
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from sql.connections.connecting import StatementError, statement_error
from sql.schema.applied import record_repeatables
from sql.schema.files import Kind, Repeatable

Connection = psycopg.Connection[tuple[object, ...]]

_PRESENT = """
    SELECT 'functions/' || proname FROM pg_proc
    WHERE proowner = to_regrole('earshot_owner') AND pronamespace IN (to_regnamespace('public'), to_regnamespace('bi'))
    UNION
    SELECT 'views/' || relname FROM pg_class
    WHERE relowner = to_regrole('earshot_owner') AND relnamespace = to_regnamespace('bi') AND relkind = 'v'
"""

# The functions of these names, whether something other than views stands on them, and what gives one the grants of a
# new one.
_FUNCTIONS = """
    SELECT
        oid,
        proname::text,
        oid::regprocedure::text,
        EXISTS (
            SELECT FROM pg_depend
            WHERE refclassid = 'pg_proc'::regclass AND refobjid = pg_proc.oid AND deptype = 'n'
                AND classid <> 'pg_rewrite'::regclass
        ),
        (
            SELECT coalesce(string_agg(
                format('REVOKE ALL ON FUNCTION %%s FROM %%s; ', pg_proc.oid::regprocedure, item.grantee::regrole), ''
            ), '')
            FROM aclexplode(proacl) AS item WHERE item.grantee NOT IN (proowner, 0)
        ) || format('GRANT EXECUTE ON FUNCTION %%s TO public', oid::regprocedure)
    FROM pg_proc
    WHERE proname = ANY(%s) AND proowner = 'earshot_owner'::regrole
        AND pronamespace IN ('public'::regnamespace, 'bi'::regnamespace)
"""

# These views, the views that call these functions, and every view of bi that reads one of them.
_VIEWS = """
    WITH RECURSIVE leaving AS (
        (
            SELECT oid FROM pg_class
            WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v' AND relname = ANY(%(views)s)
            UNION
            SELECT rules.ev_class
            FROM pg_depend INNER JOIN pg_rewrite AS rules ON objid = rules.oid AND classid = 'pg_rewrite'::regclass
            WHERE refclassid = 'pg_proc'::regclass AND refobjid = ANY(%(functions)s)
        )
        UNION
        SELECT rules.ev_class
        FROM leaving
        INNER JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = leaving.oid
        INNER JOIN pg_rewrite AS rules ON objid = rules.oid AND classid = 'pg_rewrite'::regclass
    )

    SELECT oid::regclass::text FROM pg_class
    WHERE oid IN (SELECT oid FROM leaving) AND relnamespace = 'bi'::regnamespace AND relowner = 'earshot_owner'::regrole
"""


def outdated(
    connection: Connection, wanted: Sequence[Repeatable], applied: dict[str, str]
) -> tuple[list[Repeatable], list[str]]:
    """What is to be made, because it is not there or its file has changed, in order; and the keys of what is to go.

    applied: key to checksum, as schema_migrations has them.
    """
    present = {str(key) for (key,) in connection.execute(_PRESENT).fetchall()}
    make = [each for each in wanted if each.key not in present or applied.get(each.key) != each.checksum]
    return make, sorted(set(applied) - {each.key for each in wanted})


def refresh(
    connection: Connection, wanted: Sequence[Repeatable], applied: dict[str, str], only: Kind | None = None
) -> tuple[list[Repeatable], list[str]]:
    """Make what is outdated and drop what is gone, in this transaction; returns both.

    only: of this kind alone, dropping nothing for good. Raises StatementError, naming the file or what stands on it.
    """
    make, gone = outdated(connection, [each for each in wanted if only in (None, each.kind)], applied)
    gone = [] if only else gone
    if not make and not gone:
        return [], []
    connection.execute("SET LOCAL ROLE earshot_owner")
    # What a function's body names may come later, by a migration.
    connection.execute("SET LOCAL check_function_bodies = off")
    connection.execute("SET LOCAL search_path = public")
    _drop(connection, [each.key for each in make], gone)
    make, _ = outdated(connection, [each for each in wanted if only in (None, each.kind)], applied)
    for each in make:
        try:
            # The text is a packaged file; nothing from outside is put into it.
            connection.execute(each.text.encode())
        except psycopg.Error as error:
            raise statement_error(error, f"Making sql/{each.key}.sql") from error
    record_repeatables(connection, make, gone)
    connection.execute("RESET ROLE")
    return make, gone


def _drop(connection: Connection, changed: Sequence[str], gone: Sequence[str]) -> None:
    """Drop what is to be made anew, as far as nothing but views stands on it, and what is gone."""
    functions: dict[object, str] = {}
    for oid, name, signature, is_needed, as_new in connection.execute(
        _FUNCTIONS, [_names([*changed, *gone], "functions")]
    ).fetchall():
        if is_needed and f"functions/{name}" in changed:
            connection.execute(str(as_new).encode())
        else:
            functions[oid] = str(signature)
    views = connection.execute(
        _VIEWS, {"views": _names([*changed, *gone], "views"), "functions": list(functions)}
    ).fetchall()
    try:
        # One statement for all of a kind: the server finds the order.
        if views:
            connection.execute(f"DROP VIEW {', '.join(str(name) for (name,) in views)}".encode())
        if functions:
            connection.execute(f"DROP FUNCTION {', '.join(functions.values())}".encode())
    except psycopg.errors.DependentObjectsStillExist as error:
        standing = (error.diag.message_detail or "").replace("\n", "; ")
        raise StatementError(
            f"Dropping what this version makes anew or has no more failed: {error.diag.message_primary} ({standing}). "
            "What stands on it is another program's: drop that, migrate, and make it again."
        ) from error


def _names(keys: Sequence[str], kind: Kind) -> list[str]:
    return [key.removeprefix(f"{kind}/") for key in keys if key.startswith(f"{kind}/")]
