-- 0031_bi: the one schema that people read. Its views have the tables' names and show one tenant.
-- A reader's login sees its own tenant; a login that may see several chooses one: SELECT bi.use_tenant('harbor-lane').

-- As the login that migrates: earshot_owner may not make schemas.
CREATE SCHEMA bi AUTHORIZATION earshot_owner;

SET LOCAL ROLE earshot_owner;

-- The one tenant that this session may see. A login of a tenant has no choice, whatever app.current_tenant says; a login
-- that may act as earshot_report chooses one, for its session (bi.use_tenant) or for a transaction (set_tenant_context).
-- Raises for a login that has not chosen, and for one that belongs to no tenant: an empty answer would be a lie.
CREATE OR REPLACE FUNCTION visible_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    visible uuid := (SELECT tenant_id FROM public.role_tenants WHERE role = session_user);
BEGIN
    IF visible IS NOT NULL THEN
        RETURN visible;
    END IF;
    IF NOT pg_has_role(session_user, 'earshot_report', 'MEMBER') THEN
        RAISE EXCEPTION 'login % belongs to no tenant', quote_ident(session_user)
            USING ERRCODE = 'insufficient_privilege',
            HINT = 'An operator makes a login of a tenant: SELECT earshot_add_reader(login, tenant_id).';
    END IF;
    visible := public.current_tenant();
    IF visible IS NULL THEN
        RAISE EXCEPTION 'no tenant is chosen'
            USING ERRCODE = 'invalid_parameter_value',
            HINT = 'SELECT bi.use_tenant(''slug'') chooses one for the session; set_tenant_context() holds to the end of '
                || 'its transaction only. Tenants: '
                || coalesce((SELECT string_agg(slug, ', ') FROM (SELECT slug FROM public.tenants ORDER BY slug LIMIT 20)
                    AS first_ones), 'none yet') || '.';
    END IF;
    RETURN visible;
END
$function$;

-- Chooses the tenant, by slug or id, whose rows the session sees from now on; says which one it is. NULL chooses none.
-- A reader's login stays with its own tenant: a notice says so, whether the other one exists or not.
CREATE FUNCTION bi.use_tenant(tenant text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    chosen record;
BEGIN
    SELECT tenants.tenant_id, tenants.slug INTO chosen
    FROM public.role_tenants INNER JOIN public.tenants USING (tenant_id)
    WHERE role_tenants.role = session_user;
    IF FOUND THEN
        IF lower(btrim(tenant)) NOT IN (chosen.slug, chosen.tenant_id::text) THEN
            RAISE NOTICE 'login % always sees tenant %', quote_ident(session_user), chosen.slug;
        END IF;
        RETURN chosen.slug;
    END IF;
    IF NOT pg_has_role(session_user, 'earshot_report', 'MEMBER') THEN
        RAISE EXCEPTION 'login % belongs to no tenant and may not choose one', quote_ident(session_user)
            USING ERRCODE = 'insufficient_privilege',
            HINT = 'An operator makes a login of a tenant: SELECT earshot_add_reader(login, tenant_id).';
    END IF;
    IF tenant IS NULL THEN
        PERFORM set_config('app.current_tenant', '', false);
        RETURN NULL;
    END IF;
    SELECT tenants.tenant_id, tenants.slug INTO chosen
    FROM public.tenants
    WHERE lower(btrim(tenant)) IN (tenants.slug, tenants.tenant_id::text);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no tenant %', quote_literal(tenant)
            USING ERRCODE = 'no_data_found',
            HINT = 'Tenants: ' || coalesce((SELECT string_agg(slug, ', ') FROM (
                SELECT slug FROM public.tenants ORDER BY slug LIMIT 20) AS first_ones), 'none yet') || '.';
    END IF;
    PERFORM set_config('app.current_tenant', chosen.tenant_id::text, false);
    RETURN chosen.slug;
END
$function$;

-- Makes the view of every table that readers may see and that has none yet, or whose columns have changed; returns how
-- many it made. A table is seen if it is one of a tenant's (its policies in place) and a series or granted to
-- earshot_readonly; without tenant_id, if it is granted to earshot_readonly by name. Run by every `earshot db migrate`.
CREATE FUNCTION earshot_publish() RETURNS integer
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

-- Drops the views of tables, so that a migration can change or drop what they show; earshot_publish() makes them again.
CREATE FUNCTION earshot_hide() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    shown name;
BEGIN
    FOR shown IN
        SELECT views.relname FROM pg_class AS views
        INNER JOIN pg_class AS tables ON views.relname = tables.relname AND tables.relnamespace = 'public'::regnamespace
        WHERE views.relnamespace = 'bi'::regnamespace AND views.relkind = 'v' AND tables.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('DROP VIEW bi.%I', shown);
    END LOOP;
END
$function$;

-- The views over several tables move as they are: what they read goes through the owner, what they show is one tenant.
DO $do$
DECLARE
    moved name;
BEGIN
    FOR moved IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' AND relowner = 'earshot_owner'::regrole
            AND relname NOT LIKE 'reader\_%'
    LOOP
        EXECUTE format('ALTER VIEW public.%I SET SCHEMA bi', moved);
    END LOOP;
    FOR moved IN SELECT table_name FROM earshot_series LOOP
        EXECUTE format('DROP VIEW public.%I', 'reader_' || moved);
    END LOOP;
END
$do$;
ALTER FUNCTION reach_between(uuid, date, date, text) SET SCHEMA bi;
DROP FUNCTION earshot_create_reader(text);

REVOKE ALL ON FUNCTION
visible_tenant(), bi.use_tenant(text), bi.reach_between(uuid, date, date, text), earshot_publish(), earshot_hide()
FROM public;

SELECT earshot_publish();
