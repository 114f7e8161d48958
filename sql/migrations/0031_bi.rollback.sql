-- Takes back 0031_bi: series are read through reader_ views again, and a session without a tenant sees nothing.
SET LOCAL ROLE earshot_owner;

SELECT earshot_hide();
DROP FUNCTION earshot_hide();
DROP FUNCTION earshot_publish();
DROP FUNCTION bi.use_tenant(text);

CREATE OR REPLACE FUNCTION visible_tenant() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT CASE
        WHEN EXISTS (SELECT FROM public.role_tenants WHERE role = session_user)
            THEN (SELECT tenant_id FROM public.role_tenants WHERE role = session_user)
        WHEN pg_has_role(session_user, 'earshot_report', 'MEMBER') THEN public.current_tenant()
    END
$function$;

-- What was granted to logins by name goes; the roles keep what they had.
DO $do$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT views.relname AS name, views.oid::regclass AS view
        FROM pg_class AS views
        WHERE views.relnamespace = 'bi'::regnamespace AND views.relkind = 'v'
    LOOP
        EXECUTE (
            SELECT coalesce(string_agg(format('REVOKE ALL ON %s FROM %s', found.view, item.grantee::regrole), ';'), '')
            FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS item
            WHERE pg_class.oid = found.view AND item.grantee <> ALL (
                ARRAY['earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly']::regrole[]
            )
        );
        EXECUTE format('ALTER VIEW bi.%I SET SCHEMA public', found.name);
    END LOOP;
    FOR found IN
        SELECT item.grantee::regrole AS login
        FROM pg_proc CROSS JOIN LATERAL aclexplode(proacl) AS item
        WHERE pg_proc.oid = 'visible_tenant()'::regprocedure AND item.grantee <> 'earshot_owner'::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION visible_tenant() FROM %s', found.login);
    END LOOP;
    FOR found IN
        SELECT item.grantee::regrole AS login
        FROM pg_proc CROSS JOIN LATERAL aclexplode(proacl) AS item
        WHERE pg_proc.oid = 'bi.reach_between(uuid, date, date, text)'::regprocedure AND item.grantee <> ALL (
            ARRAY['earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly']::regrole[]
        )
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION bi.reach_between(uuid, date, date, text) FROM %s', found.login);
    END LOOP;
END
$do$;
GRANT EXECUTE ON FUNCTION visible_tenant() TO public;
ALTER FUNCTION bi.reach_between(uuid, date, date, text) SET SCHEMA public;

CREATE FUNCTION earshot_create_reader(series text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    EXECUTE format(
        'CREATE VIEW public.%I WITH (security_barrier = true) AS '
        'SELECT * FROM public.%I WHERE tenant_id = (SELECT public.visible_tenant())',
        'reader_' || series, series
    );
    EXECUTE format('GRANT SELECT ON public.%I TO earshot_report, earshot_readonly', 'reader_' || series);
END
$function$;
SELECT earshot_create_reader(table_name)
FROM earshot_series
ORDER BY table_name;

DROP SCHEMA bi;
