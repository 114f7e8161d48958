-- read_right_faults: where roles and rights of the database are not those of docs/roles.md, as far as it concerns who sees what.
-- fault: missing (a role that is not there), strong (a role of ours, or the login, that passes row-level security), member (a role
-- that the login cannot become), open (a table of tenants without row-level security), closed (a table that the pipeline
-- cannot read). Grain: one row per fault. Parameters: none.
WITH ours (name) AS (
    VALUES ('earshot_owner'), ('earshot_etl'), ('earshot_report'), ('earshot_readonly')
),

tenant_tables AS (
    SELECT
        pg_class.oid,
        pg_class.relname,
        pg_class.relrowsecurity AND pg_class.relforcerowsecurity AS is_protected
    FROM pg_class
    INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid
    WHERE
        pg_class.relnamespace = 'public'::regnamespace
        AND pg_class.relkind IN ('r', 'p')
        AND NOT pg_class.relispartition
        AND pg_attribute.attname = 'tenant_id'
        AND NOT pg_attribute.attisdropped
        AND pg_class.relname <> 'role_tenants'
)

SELECT
    'missing' AS fault,
    ours.name
FROM ours
WHERE to_regrole(ours.name) IS NULL
UNION ALL
SELECT
    'strong' AS fault,
    rolname::text AS name
FROM pg_roles
WHERE (rolname IN (SELECT ours.name FROM ours) OR rolname = session_user) AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT
    'member' AS fault,
    ours.name
FROM ours
WHERE ours.name <> 'earshot_owner' AND to_regrole(ours.name) IS NOT NULL AND NOT pg_has_role(session_user, ours.name, 'MEMBER')
UNION ALL
SELECT
    'open' AS fault,
    tenant_tables.relname::text AS name
FROM tenant_tables
WHERE
    NOT tenant_tables.is_protected
    -- Where what Community has is switched on, raw tables cannot have it, and grant nothing to readers.
    AND NOT (earshot_keeps_counts() AND tenant_tables.relname IN ('listener_events', 'attribution_events'))
UNION ALL
SELECT
    'closed' AS fault,
    tenant_tables.relname::text AS name
FROM tenant_tables
WHERE NOT has_table_privilege('earshot_etl', tenant_tables.oid, 'SELECT')
ORDER BY fault, name
