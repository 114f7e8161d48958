-- Takes back 0001_foundation, and the functions. Roles and extensions stay: other databases and other schemas may use them.
SET LOCAL ROLE earshot_owner;
-- Nothing stands on the functions any more but other functions.
DO $do$
DECLARE
    made regprocedure;
BEGIN
    LOOP
        SELECT oid INTO made FROM pg_proc
        WHERE proowner = 'earshot_owner'::regrole AND pronamespace IN ('public'::regnamespace, 'bi'::regnamespace)
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        EXECUTE format('DROP FUNCTION %s CASCADE', made);
    END LOOP;
END
$do$;
DROP TABLE earshot_series;
DROP TABLE schema_migrations;
DROP SCHEMA bi;
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM earshot_owner, earshot_etl, earshot_report, earshot_readonly;
DO $do$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM earshot_etl, earshot_owner', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO public', current_database());
END
$do$;
