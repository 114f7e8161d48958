"""Objects: what a database has of the schema, object by object, in words that every edition and version shares.

Here: reading tables, columns, constraints, indexes, policies, triggers, views, functions, owners and grants, those too
that objects to come would have.
Left out: what depends on days and data (partitions, chunks), what TimescaleDB makes for itself, the owner's own
rights, the constraints that PostgreSQL 18 makes of NOT NULL, and grants to logins that may become a role that has them.
Not here: what should be there (expected.py), comparing the two (checking.py), comments (catalogue.py).
"""

from __future__ import annotations

import re
from typing import NamedTuple, cast

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]


class Key(NamedTuple):
    """One object: its kind, the relation or function that it is or belongs to, and its own name where it has one."""

    kind: str
    place: str
    name: str = ""


# ours: tables and views of the two schemas. Each query gives kind, place, name and definition.
_OURS = """
    WITH extended AS (
        SELECT objid, classid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
    ),
    ours AS (
        SELECT oid, relkind, relowner, relrowsecurity, relforcerowsecurity, reloptions, relacl,
            oid::regclass::text AS place
        FROM pg_class
        WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'bi'))
            AND NOT relispartition AND relkind IN ('r', 'p', 'v', 'm')
            AND oid NOT IN (SELECT objid FROM extended WHERE classid = 'pg_class'::regclass)
    ),
    functions AS (
        SELECT oid, proowner, proacl, oid::regprocedure::text AS place FROM pg_proc
        WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'bi'))
            AND prokind IN ('f', 'p')
            AND oid NOT IN (SELECT objid FROM extended WHERE classid = 'pg_proc'::regclass)
    )
"""

_QUERIES = (
    # A partitioned table is what a hypertable is elsewhere.
    """
    SELECT
        CASE WHEN relkind = 'v' THEN 'view' WHEN relkind = 'm' THEN 'materialized view' ELSE 'table' END, place, '',
        CASE WHEN relkind IN ('v', 'm') THEN
            coalesce('WITH (' || array_to_string(reloptions, ', ') || ') AS', 'AS') || pg_get_viewdef(oid) ELSE '' END
    FROM ours
    """,
    "SELECT 'owner', place, '', relowner::regrole::text FROM ours",
    "SELECT 'owner', place, '', proowner::regrole::text FROM functions",
    """
    SELECT 'row-level security', place, '', concat_ws(', ',
        CASE WHEN relrowsecurity THEN 'ENABLE' END, CASE WHEN relforcerowsecurity THEN 'FORCE' END)
    FROM ours WHERE relkind IN ('r', 'p')
    """,
    """
    SELECT 'column', place, attname, concat(
        format_type(atttypid, atttypmod),
        (SELECT ' COLLATE ' || quote_ident(collname) FROM pg_collation INNER JOIN pg_type ON pg_type.oid = atttypid
            WHERE pg_collation.oid = attcollation AND attcollation <> typcollation),
        CASE WHEN attnotnull THEN ' NOT NULL' END,
        CASE WHEN attidentity <> '' THEN
            ' GENERATED ' || CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END || ' AS IDENTITY' END,
        CASE
            WHEN attgenerated <> '' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ') STORED'
            ELSE ' DEFAULT ' || pg_get_expr(adbin, adrelid)
        END)
    FROM pg_attribute INNER JOIN ours ON attrelid = ours.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
    """,
    # Old rows may break a bound that came later: `earshot status` says so, and the bound is there all the same.
    """
    SELECT 'constraint', place, conname, regexp_replace(pg_get_constraintdef(pg_constraint.oid), ' NOT VALID$', '')
    FROM pg_constraint INNER JOIN ours ON conrelid = ours.oid WHERE contype NOT IN ('n', 't')
    """,
    """
    SELECT 'index', place, pg_class.relname,
        regexp_replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
        || CASE WHEN indisvalid THEN '' ELSE ' (invalid)' END
    FROM pg_index INNER JOIN ours ON indrelid = ours.oid INNER JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    """,
    """
    SELECT 'policy', place, polname, concat(
        CASE WHEN polpermissive THEN '' ELSE 'AS RESTRICTIVE ' END,
        CASE polcmd WHEN 'r' THEN 'FOR SELECT ' WHEN 'a' THEN 'FOR INSERT ' WHEN 'w' THEN 'FOR UPDATE '
            WHEN 'd' THEN 'FOR DELETE ' ELSE '' END,
        'TO ', (SELECT string_agg(CASE WHEN role = 0 THEN 'public' ELSE role::regrole::text END, ', '
            ORDER BY role::regrole::text) FROM unnest(polroles) AS role),
        ' USING (' || pg_get_expr(polqual, polrelid) || ')',
        ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
    FROM pg_policy INNER JOIN ours ON polrelid = ours.oid
    """,
    """
    SELECT 'trigger', place, tgname, pg_get_triggerdef(pg_trigger.oid)
        || CASE tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ' (disabled)' ELSE ' (enabled otherwise)' END
    FROM pg_trigger INNER JOIN ours ON tgrelid = ours.oid
    WHERE NOT tgisinternal AND tgfoid NOT IN (SELECT objid FROM extended)
    """,
    """
    SELECT 'rule', place, rulename, pg_get_ruledef(pg_rewrite.oid)
    FROM pg_rewrite INNER JOIN ours ON ev_class = ours.oid WHERE rulename <> '_RETURN'
    """,
    "SELECT 'function', place, '', pg_get_functiondef(oid) FROM functions",
    """
    SELECT 'grant', granted.what || granted.place,
        item.privilege_type || CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END || ' TO '
        || CASE WHEN item.grantee = 0 THEN 'public' ELSE item.grantee::regrole::text END, ''
    FROM (
        SELECT '' AS what, place, relowner AS owner, relacl AS acl, place LIKE 'bi.%' AS is_read FROM ours
        UNION ALL
        SELECT 'FUNCTION ', place, proowner, coalesce(proacl, acldefault('f', proowner)),
            place LIKE 'bi.%' OR place = 'public.visible_tenant()'
        FROM functions
        UNION ALL
        SELECT '(' || quote_ident(attname) || ') ', place, relowner, attacl, place LIKE 'bi.%'
        FROM pg_attribute INNER JOIN ours ON attrelid = ours.oid WHERE NOT attisdropped
        UNION ALL
        SELECT 'SCHEMA ', quote_ident(nspname), nspowner, nspacl, nspname = 'bi'
        FROM pg_namespace WHERE nspname IN ('public', 'bi')
        UNION ALL
        SELECT 'SEQUENCE ', oid::regclass::text, relowner, relacl, false FROM pg_class
        WHERE relkind = 'S' AND relowner = to_regrole('earshot_owner')
    ) AS granted
    CROSS JOIN LATERAL aclexplode(granted.acl) AS item
    WHERE item.grantee NOT IN (granted.owner, coalesce(to_regrole('pg_database_owner'), 0::oid))
        AND (
            item.grantee = 0
            OR item.grantee::regrole::text IN ('earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly')
            OR NOT (
                -- Who may become the pipeline or the owner reads all of this in any case.
                granted.is_read AND item.privilege_type IN ('SELECT', 'USAGE', 'EXECUTE')
                AND (
                    pg_has_role(item.grantee, 'earshot_etl', 'MEMBER')
                    OR pg_has_role(item.grantee, 'earshot_owner', 'MEMBER')
                )
                -- In public there may be others, who do not look at what is ours.
                OR granted.place = 'public' AND item.privilege_type = 'USAGE'
            )
        )
    """,
    # What the owner's next tables and functions would grant by themselves; functions and types do so to everybody.
    """
    SELECT 'default grant', given.what || coalesce(' IN SCHEMA ' || quote_ident(nspname), ''),
        item.privilege_type || ' TO '
        || CASE WHEN item.grantee = 0 THEN 'public' ELSE item.grantee::regrole::text END, ''
    FROM pg_default_acl LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace
    INNER JOIN (VALUES ('r', 'TABLES'), ('S', 'SEQUENCES'), ('f', 'FUNCTIONS'), ('T', 'TYPES'), ('n', 'SCHEMAS'))
        AS given (kind, what) ON given.kind = defaclobjtype
    CROSS JOIN LATERAL aclexplode(defaclacl) AS item
    WHERE defaclrole = to_regrole('earshot_owner') AND item.grantee <> defaclrole
        AND NOT (defaclnamespace = 0 AND item.grantee = 0 AND given.kind IN ('f', 'T'))
    """,
)

_SERIES = (
    "SELECT 'series', 'public.' || quote_ident(table_name), '', time_column || ' ' || step FROM public.earshot_series"
)


def read_objects(connection: Connection) -> dict[Key, str]:
    """What is there, with its definition. Anybody may read it; names in definitions carry their schema.

    The transaction has no search path afterwards.
    """
    connection.execute("SET LOCAL search_path = ''")
    rows: list[tuple[object, ...]] = []
    for query in _QUERIES:
        rows += connection.execute((_OURS + query).encode()).fetchall()
    if connection.execute("SELECT to_regclass('public.earshot_series') IS NOT NULL").fetchone() == (True,):
        rows += connection.execute(_SERIES).fetchall()
    found = cast("list[tuple[str, str, str, str]]", rows)
    return {Key(kind, place, name): definition for kind, place, name, definition in found}


def as_made_here(connection: Connection, key: Key, definition: str) -> str:
    """The definition of a view or function as this server would write it: versions put names and brackets differently.

    It is made under pg_temp and taken back. As it was given where this server cannot make it, or the login may not.
    """
    if key.kind not in ("view", "function"):
        return definition
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL check_function_bodies = off")
            if key.kind == "view":
                options, _, query = definition.partition("AS")
                connection.execute(f"CREATE TEMPORARY VIEW as_made_here AS {query}".encode())
                row = connection.execute("SELECT pg_get_viewdef('pg_temp.as_made_here'::regclass)").fetchone()
                return f"{options}AS{row[0]}" if row else definition
            schema, _, rest = key.place.partition(".")
            name = rest.partition("(")[0]
            connection.execute(definition.replace(f"{schema}.{name}(", f"pg_temp.{name}(", 1).encode())
            row = connection.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = pg_my_temp_schema() AND proname = %s",
                [name],
            ).fetchone()
            return re.sub(r"\bpg_temp_\d+\.", f"{schema}.", str(row[0]), count=1) if row else definition
    except psycopg.Error:
        return definition
