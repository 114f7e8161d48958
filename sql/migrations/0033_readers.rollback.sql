-- Takes back 0033_readers: any tenant may be chosen, and new readers have no limit of room for temporary files.
SET LOCAL ROLE earshot_owner;

DROP FUNCTION earshot_end_overdue_readers(interval);

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

CREATE OR REPLACE FUNCTION earshot_add_reader(reader name, tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    caller text := current_setting('role');
    is_new boolean := NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
    may_inherit text := CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE ''
    END;
    known uuid;
BEGIN
    IF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = reader AND (rolsuper OR rolbypassrls OR rolcreaterole OR pg_has_role(oid, 'earshot_report', 'MEMBER')
            OR pg_has_role(oid, 'earshot_etl', 'MEMBER') OR pg_has_role(oid, 'earshot_owner', 'MEMBER'))
    ) THEN
        RAISE EXCEPTION 'role % can see more than one tenant and cannot be a reader', quote_ident(reader)
            USING ERRCODE = 'invalid_role_specification', HINT = 'Choose a name that no role has yet.';
    END IF;
    PERFORM set_config('role', 'earshot_owner', true);
    SELECT role_tenants.tenant_id INTO known FROM public.role_tenants WHERE role_tenants.role = reader;
    PERFORM set_config('role', caller, true);
    IF known <> tenant THEN
        RAISE EXCEPTION 'login % already belongs to tenant %', quote_ident(reader), known
            USING ERRCODE = 'invalid_role_specification',
            HINT = format('Take it from that tenant first: SELECT earshot_remove_reader(%L).', reader);
    END IF;
    IF is_new THEN
        EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 5', reader);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''5min''', reader);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', reader);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''5min''', reader);
        EXECUTE format('ALTER ROLE %I SET idle_session_timeout = ''1h''', reader);
    END IF;
    EXECUTE format('GRANT earshot_readonly TO %I', reader) || may_inherit;
    PERFORM set_config('role', 'earshot_owner', true);
    INSERT INTO public.role_tenants (role, tenant_id) VALUES (reader, tenant) ON CONFLICT (role) DO NOTHING;
    PERFORM set_config('role', caller, true);
END
$function$;
