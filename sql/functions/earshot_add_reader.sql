-- earshot_add_reader: makes a login for one tenant's own people, which sees that tenant's rows and nothing else.
-- Its password is set apart (ALTER ROLE ... PASSWORD, or psql's \password, which never shows it to the server's log). Not a
-- definer's function: making a login takes the rights of the person who calls it. A login that belongs to another tenant is
-- not re-pointed in passing. At most five sessions at once, and as much room for temporary files as its sorts may need: a full
-- disk stops everybody. Neither it can change itself; its time limits it can, for a session of its own. Who may not set the
-- room (docs/roles.md: a superuser gives that right) makes a login without this limit.
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
