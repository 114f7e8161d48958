-- Takes back 0027_access.
SET LOCAL ROLE earshot_owner;

GRANT EXECUTE ON FUNCTION
earshot_extend_series(text, date, date), earshot_create_series(text, text, interval, text), earshot_protect(regclass)
TO public;
DROP FUNCTION earshot_make_partition(text, date);
DROP FUNCTION earshot_missing_partitions();

CREATE OR REPLACE FUNCTION earshot_add_reader(reader name, tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
DECLARE
    caller text := current_setting('role');
    may_inherit text := CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE ''
    END;
BEGIN
    IF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = reader AND (rolsuper OR rolbypassrls OR rolcreaterole OR pg_has_role(oid, 'earshot_report', 'MEMBER')
            OR pg_has_role(oid, 'earshot_etl', 'MEMBER') OR pg_has_role(oid, 'earshot_owner', 'MEMBER'))
    ) THEN
        RAISE EXCEPTION 'role % can see more than one tenant and cannot be a reader', quote_ident(reader)
            USING ERRCODE = 'invalid_role_specification', HINT = 'Choose a name that no role has yet.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
        EXECUTE format('CREATE ROLE %I LOGIN', reader);
    END IF;
    EXECUTE format('GRANT earshot_readonly TO %I', reader) || may_inherit;
    PERFORM set_config('role', 'earshot_owner', true);
    INSERT INTO role_tenants (role, tenant_id) VALUES (reader, tenant)
    ON CONFLICT (role) DO UPDATE SET tenant_id = excluded.tenant_id;
    PERFORM set_config('role', caller, true);
END
$function$;

DO $do$
DECLARE
    kept regclass;
    made text;
BEGIN
    FOR kept IN SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'never_emptied' LOOP
        EXECUTE format('DROP TRIGGER never_emptied ON %s', kept);
    END LOOP;
    FOREACH made IN ARRAY ARRAY['set_tenant_context(uuid)', 'current_tenant()', 'refuse_change()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog', made);
    END LOOP;
    FOREACH made IN ARRAY ARRAY[
        'earshot_edition()', 'earshot_extend_series(text, date, date)', 'earshot_create_series(text, text, interval, text)',
        'visible_tenant()', 'earshot_protect(regclass)', 'earshot_create_reader(text)', 'earshot_remove_reader(name)',
        'record_config_change()', 'refuse_nested_part()', 'reach_between(uuid, date, date)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public', made);
    END LOOP;
END
$do$;
DROP TABLE work_locks;

-- As the login that migrates.
RESET ROLE;
DO $do$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO public', current_database());
END
$do$;
