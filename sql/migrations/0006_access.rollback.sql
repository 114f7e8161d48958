-- Takes back 0006_access: tables lose their policies, grants and reader views; logins of tenants see nothing any more.
SET LOCAL ROLE earshot_owner;

DROP FUNCTION earshot_remove_reader(name);
DROP FUNCTION earshot_add_reader(name, uuid);

DROP TRIGGER attribution_configs_immutable ON attribution_configs;
DROP TRIGGER delivery_attempts_append_only ON delivery_attempts;
DROP TRIGGER delivery_events_append_only ON delivery_events;
DROP FUNCTION refuse_change();

DROP VIEW metrics_daily;
DO $do$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT table_name FROM earshot_series LOOP
        EXECUTE format('DROP VIEW public.%I', 'reader_' || found.table_name);
    END LOOP;
    FOR found IN SELECT DISTINCT polrelid::regclass AS name FROM pg_policy
        INNER JOIN pg_class ON pg_policy.polrelid = pg_class.oid
        WHERE pg_class.relowner = 'earshot_owner'::regrole LOOP
        EXECUTE format('DROP POLICY every_tenant_etl ON %s', found.name);
        EXECUTE format('DROP POLICY every_tenant_owner ON %s', found.name);
        EXECUTE format('DROP POLICY one_tenant ON %s', found.name);
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', found.name);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', found.name);
    END LOOP;
    FOR found IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND relowner = 'earshot_owner'::regrole
            AND relname NOT IN ('schema_migrations', 'earshot_series') LOOP
        EXECUTE format('REVOKE ALL ON %s FROM earshot_etl, earshot_report, earshot_readonly', found.name);
    END LOOP;
END
$do$;

DROP FUNCTION earshot_create_reader(text);
DROP FUNCTION earshot_protect(regclass);
DROP FUNCTION visible_tenant();
DROP TABLE role_tenants;
