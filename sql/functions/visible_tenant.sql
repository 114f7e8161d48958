-- visible_tenant: the one tenant that this session may see.
-- A login of a tenant has no choice, whatever app.current_tenant says; a login that may act as earshot_report chooses one, for
-- its session (bi.use_tenant) or for a transaction (set_tenant_context). Raises for a login that has not chosen, for a choice
-- that is no tenant, and for a login that belongs to no tenant: an empty answer would be a lie.
CREATE OR REPLACE FUNCTION visible_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    visible uuid := (SELECT tenant_id FROM public.role_tenants WHERE role = session_user);
    reason text := 'no tenant is chosen';
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
    IF visible IS NOT NULL THEN
        IF EXISTS (SELECT FROM public.tenants WHERE tenant_id = visible) THEN
            RETURN visible;
        END IF;
        reason := format('the tenant that is chosen, %s, is not there', visible);
    END IF;
    RAISE EXCEPTION '%', reason
        USING ERRCODE = 'invalid_parameter_value',
        HINT = 'SELECT bi.use_tenant(''slug'') chooses one for the session; set_tenant_context() holds to the end of '
            || 'its transaction only. Tenants: '
            || coalesce((SELECT string_agg(slug, ', ') FROM (SELECT slug FROM public.tenants ORDER BY slug LIMIT 20)
                AS first_ones), 'none yet') || '.';
END
$function$;
REVOKE ALL ON FUNCTION visible_tenant() FROM public;
