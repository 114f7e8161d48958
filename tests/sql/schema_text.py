"""What the database tests share: empty databases, and a schema described as text to compare.

Here: reading the catalogue. Partitions and chunks are left out: they depend on the day and on the data.
Not here: fixtures that every floor uses (tests/conftest.py), assertions.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from sql.embedded import Server

# Each query gives lines of text about our tables, views and functions; together they are the schema.
_OURS = """WITH ours AS (
    SELECT * FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'bi'))
        AND NOT relispartition AND relkind IN ('r', 'p', 'v')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
) """
_CATALOGUE = (
    """SELECT format('%s %s owner %s rls %s %s options %s',
        relkind, oid::regclass, relowner::regrole, relrowsecurity, relforcerowsecurity, reloptions) FROM ours""",
    """SELECT format('grant on %s: %s', ours.oid::regclass, item)
    FROM ours CROSS JOIN LATERAL unnest(coalesce(relacl, acldefault('r', relowner))) AS item""",
    """SELECT format('column %s.%s %s not null %s default %s',
        ours.oid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
    FROM pg_attribute INNER JOIN ours ON attrelid = ours.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped""",
    """SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
    FROM pg_constraint INNER JOIN ours ON conrelid = ours.oid""",
    "SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM pg_index INNER JOIN ours ON indrelid = ours.oid",
    """SELECT format('policy %s %s %s %s using %s check %s', relname, polname, polcmd, polroles::regrole[],
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy INNER JOIN ours ON polrelid = ours.oid""",
    """SELECT format('trigger %s', pg_get_triggerdef(pg_trigger.oid))
    FROM pg_trigger INNER JOIN ours ON tgrelid = ours.oid WHERE NOT tgisinternal""",
    "SELECT format('view %s %s', oid::regclass, pg_get_viewdef(oid)) FROM ours WHERE relkind = 'v'",
    """SELECT format('function owner %s grants %s %s', proowner::regrole,
        (SELECT array_agg(item::text ORDER BY item::text)
            FROM unnest(coalesce(proacl, acldefault('f', proowner))) AS item),
        pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'bi'))
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
)


def described(url: str) -> str:
    """The schemas public and bi as sorted text: relations, columns, constraints, policies, triggers, functions."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = ''")
        lines = [
            str(line) for query in _CATALOGUE for (line,) in connection.execute((_OURS + query).encode()).fetchall()
        ]
        if connection.execute("SELECT to_regclass('public.earshot_series')").fetchone() != (None,):
            series = connection.execute("SELECT table_name, time_column, step FROM public.earshot_series").fetchall()
            lines += [f"series {each}" for each in series]
    return "\n".join(sorted(lines))


@contextmanager
def empty_database(server: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases that belong to the application's login; drops them at the end."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER earshot").format(sql.Identifier(name)))
        made.append(name)
        return server.url.rsplit("/", 1)[0] + f"/{name}"

    try:
        yield make
    finally:
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            for name in made:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
