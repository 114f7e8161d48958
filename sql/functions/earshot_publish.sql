-- earshot_publish: makes the view in bi of every table that readers may see and that has none yet, or whose columns have changed.
-- Returns how many it made. A table is seen if it is one of a tenant's (its policies in place) and a series or granted to
-- earshot_readonly; without tenant_id, if it is granted to earshot_readonly by name. Then grants all of bi to those who read
-- it. Run by every `earshot db migrate`.
CREATE OR REPLACE FUNCTION earshot_publish() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    found record;
    made integer := 0;
BEGIN
    FOR found IN
        SELECT
            tables.relname AS name,
            scoped.is_scoped,
            (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
            ) AS columns
        FROM pg_class AS tables
        CROSS JOIN LATERAL (
            SELECT
                EXISTS (
                    SELECT FROM pg_attribute
                    WHERE attrelid = tables.oid AND attname = 'tenant_id' AND NOT attisdropped
                ) AS is_scoped,
                EXISTS (SELECT FROM pg_policy WHERE polrelid = tables.oid AND polname = 'one_tenant') AS is_protected,
                EXISTS (SELECT FROM earshot_series WHERE table_name = tables.relname) AS is_series,
                EXISTS (
                    SELECT FROM aclexplode(tables.relacl) AS item
                    WHERE item.grantee = 'earshot_readonly'::regrole AND item.privilege_type = 'SELECT'
                ) AS is_granted
        ) AS scoped
        WHERE tables.relnamespace = 'public'::regnamespace
            AND tables.relkind IN ('r', 'p')
            AND NOT tables.relispartition
            AND tables.relowner = 'earshot_owner'::regrole
            AND CASE WHEN scoped.is_scoped THEN scoped.is_protected AND (scoped.is_series OR scoped.is_granted)
                ELSE scoped.is_granted END
            -- Names and types, in order, as the view has them.
            AND (
                SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
            ) IS DISTINCT FROM (
                SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = to_regclass(format('bi.%I', tables.relname)) AND attnum > 0 AND NOT attisdropped
            )
        ORDER BY tables.relname
    LOOP
        EXECUTE format('DROP VIEW IF EXISTS bi.%I', found.name);
        EXECUTE format(
            'CREATE VIEW bi.%I WITH (security_barrier = true) AS SELECT %s FROM public.%I', found.name, found.columns, found.name
        ) || CASE WHEN found.is_scoped THEN ' WHERE tenant_id = (SELECT public.visible_tenant())' ELSE '' END;
        made := made + 1;
    END LOOP;
    GRANT USAGE ON SCHEMA bi TO earshot_report, earshot_readonly, earshot_etl;
    GRANT SELECT ON ALL TABLES IN SCHEMA bi TO earshot_report, earshot_readonly, earshot_etl;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bi TO earshot_report, earshot_readonly, earshot_etl;
    GRANT EXECUTE ON FUNCTION public.visible_tenant() TO earshot_report, earshot_readonly, earshot_etl;
    -- The application's login inherits nothing (0001), and reads bi all the same.
    EXECUTE format('GRANT USAGE ON SCHEMA bi TO %I', session_user);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA bi TO %I', session_user);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bi TO %I', session_user);
    EXECUTE format('GRANT EXECUTE ON FUNCTION public.visible_tenant() TO %I', session_user);
    RETURN made;
END
$function$;
REVOKE ALL ON FUNCTION earshot_publish() FROM public;
