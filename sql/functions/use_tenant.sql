-- use_tenant: chooses the tenant, by slug or id, whose rows the session sees from now on; says which one it is. NULL chooses none.
-- A reader's login stays with its own tenant: a notice says so, whether the other one exists or not.
CREATE OR REPLACE FUNCTION bi.use_tenant(tenant text) RETURNS text
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
REVOKE ALL ON FUNCTION bi.use_tenant(text) FROM public;
