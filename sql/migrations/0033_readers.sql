-- 0033_readers: a tenant that is not there is no empty answer; a reader's sessions cannot fill the disk, nor stay for ever.

SET LOCAL ROLE earshot_owner;

-- The one tenant that this session may see. A login of a tenant has no choice, whatever app.current_tenant says; a login
-- that may act as earshot_report chooses one, for its session (bi.use_tenant) or for a transaction (set_tenant_context).
-- Raises for a login that has not chosen, for a choice that is no tenant, and for a login that belongs to no tenant: an
-- empty answer would be a lie.
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

-- A login for one tenant's own people (0006, 0027). At most five sessions at once, and as much room for temporary files
-- as its sorts may need: a full disk stops everybody. Neither it can change itself; its time limits it can, for a session
-- of its own. Who may not set the room (docs/roles.md: a superuser gives that right) makes a login without this limit.
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
        IF has_parameter_privilege('temp_file_limit', 'SET') THEN
            EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', reader);
        END IF;
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = reader AND rolconnlimit < 0) THEN
        RAISE WARNING 'login % was there before and has no limit of sessions', quote_ident(reader)
            USING HINT = format('Whoever made it sets one: ALTER ROLE %I CONNECTION LIMIT 5.', reader);
    END IF;
    EXECUTE format('GRANT earshot_readonly TO %I', reader) || may_inherit;
    PERFORM set_config('role', 'earshot_owner', true);
    INSERT INTO public.role_tenants (role, tenant_id) VALUES (reader, tenant) ON CONFLICT (role) DO NOTHING;
    PERFORM set_config('role', caller, true);
END
$function$;

-- A reader can set its own limits of time aside (SET). So what one keeps open for longer than that is ended from here, by
-- the pipeline: who, which process, since when. An open transaction keeps old rows, locks and notifications for everybody.
-- Ends nobody where earshot_owner may not see and end sessions: a superuser gives it that (roles.sql).
CREATE FUNCTION earshot_end_overdue_readers(longest interval DEFAULT '15 minutes')
RETURNS TABLE (login name, process integer, since timestamptz)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT
        overdue.usename,
        overdue.pid,
        overdue.xact_start
    FROM (
        SELECT
            sessions.usename,
            sessions.pid,
            sessions.xact_start
        FROM pg_stat_activity AS sessions
        INNER JOIN public.role_tenants AS readers ON sessions.usename = readers.role
        WHERE sessions.datname = current_database() AND sessions.xact_start < now() - longest
    ) AS overdue
    WHERE CASE WHEN pg_has_role('pg_signal_backend', 'USAGE') THEN pg_terminate_backend(overdue.pid) ELSE false END
$function$;
REVOKE ALL ON FUNCTION earshot_end_overdue_readers(interval) FROM public;
GRANT EXECUTE ON FUNCTION earshot_end_overdue_readers(interval) TO earshot_etl;
