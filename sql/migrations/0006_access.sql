-- 0006_access: who may see and change what.
-- Chunks and partitions have no policies and inherit their parent's grants, so readers hold nothing on a series:
-- they see it through security_barrier views that show one tenant.

SET LOCAL ROLE earshot_owner;

-- External readers: one login per tenant. Only the owner's functions read this table.
CREATE TABLE role_tenants (
    role name PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);

-- The one tenant that this session may see. A login of a tenant has no choice, whatever app.current_tenant says;
-- a login that may act as earshot_report chooses one per transaction; anybody else sees nothing.
CREATE FUNCTION visible_tenant() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $function$
    SELECT CASE
        WHEN EXISTS (SELECT FROM public.role_tenants WHERE role = session_user)
            THEN (SELECT tenant_id FROM public.role_tenants WHERE role = session_user)
        WHEN pg_has_role(session_user, 'earshot_report', 'MEMBER') THEN public.current_tenant()
    END
$function$;

-- Row-level security with its three policies on one table. FORCE binds the owner too, hence the owner's own policy.
CREATE FUNCTION earshot_protect(protected regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('CREATE POLICY every_tenant_etl ON %s TO earshot_etl USING (true) WITH CHECK (true)', protected);
    EXECUTE format('CREATE POLICY every_tenant_owner ON %s TO earshot_owner USING (true) WITH CHECK (true)', protected);
    EXECUTE format(
        'CREATE POLICY one_tenant ON %s TO earshot_report, earshot_readonly '
        'USING (tenant_id = (SELECT public.visible_tenant())) WITH CHECK (tenant_id = (SELECT public.visible_tenant()))',
        protected
    );
END
$function$;

-- The view through which a series is read: same columns, one tenant.
CREATE FUNCTION earshot_create_reader(series text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public
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

SELECT earshot_protect(tables.oid::regclass)
FROM pg_class AS tables
INNER JOIN pg_attribute AS columns ON tables.oid = columns.attrelid
WHERE tables.relnamespace = 'public'::regnamespace
    AND tables.relkind IN ('r', 'p')
    AND NOT tables.relispartition
    AND tables.relowner = 'earshot_owner'::regrole
    AND columns.attname = 'tenant_id'
ORDER BY tables.relname;

-- The pipeline works on everything; readers read plain tables, where the policies hold.
DO $do$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT
            tables.oid::regclass AS name,
            series.table_name IS NOT NULL AS is_series
        FROM pg_class AS tables
        LEFT JOIN earshot_series AS series ON tables.relname = series.table_name
        WHERE tables.relnamespace = 'public'::regnamespace
            AND tables.relkind IN ('r', 'p')
            AND NOT tables.relispartition
            AND tables.relowner = 'earshot_owner'::regrole
            AND tables.relname NOT IN ('schema_migrations', 'earshot_series', 'role_tenants')
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO earshot_etl', found.name);
        IF NOT found.is_series THEN
            EXECUTE format('GRANT SELECT ON %s TO earshot_report, earshot_readonly', found.name);
        END IF;
    END LOOP;
END
$do$;

SELECT earshot_create_reader(table_name)
FROM earshot_series
ORDER BY table_name;

-- The long form that dashboards expect.
CREATE VIEW metrics_daily WITH (security_barrier = true) AS
SELECT
    metrics.day,
    metrics.tenant_id,
    metrics.episode_id,
    long.metric_name,
    long.value
FROM listener_metrics AS metrics
CROSS JOIN
    LATERAL (
        VALUES
        ('downloads', metrics.downloads::double precision),
        ('listeners', metrics.listeners::double precision),
        ('households', metrics.households::double precision),
        ('playback_starts', metrics.playback_starts::double precision),
        ('completion', metrics.completion),
        ('heard_seconds', metrics.heard_seconds),
        ('ads_delivered_pre', metrics.ads_delivered_pre::double precision),
        ('ads_delivered_mid', metrics.ads_delivered_mid::double precision),
        ('ads_delivered_post', metrics.ads_delivered_post::double precision)
    ) AS long (metric_name, value)
WHERE metrics.tenant_id = (SELECT visible_tenant());
GRANT SELECT ON metrics_daily TO earshot_report, earshot_readonly, earshot_etl;

-- Whoever builds reports also freezes them and queues their mails; external readers only read.
GRANT INSERT, UPDATE ON reports, report_deliveries TO earshot_report;
GRANT INSERT ON report_artefacts, delivery_attempts, delivery_events, suppressions TO earshot_report;

-- History that is written once: results and mails refer to it.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $function$
BEGIN
    RAISE EXCEPTION '% rows are written once and never changed', tg_table_name
        USING ERRCODE = 'restrict_violation', HINT = tg_argv[0];
END
$function$;

CREATE TRIGGER attribution_configs_immutable
BEFORE UPDATE OR DELETE ON attribution_configs
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row with the next version: results name the version they used.');
CREATE TRIGGER delivery_attempts_append_only
BEFORE UPDATE OR DELETE ON delivery_attempts
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row for a new attempt.');
CREATE TRIGGER delivery_events_append_only
BEFORE UPDATE OR DELETE ON delivery_events
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row for a new event.');
REVOKE UPDATE, DELETE ON attribution_configs, delivery_attempts, delivery_events FROM earshot_etl;

-- A login for one tenant's own people: sees that tenant's rows and nothing else. Its password is set apart
-- (ALTER ROLE ... PASSWORD, or psql's \password, which never shows it to the server's log).
-- Not a definer's function: making a login takes the rights of the person who calls it.
CREATE FUNCTION earshot_add_reader(reader name, tenant uuid) RETURNS void
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

-- Takes the tenant away from a login; the login itself may have other uses and stays.
CREATE FUNCTION earshot_remove_reader(reader name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
DECLARE
    caller text := current_setting('role');
BEGIN
    EXECUTE format('REVOKE earshot_readonly FROM %I', reader);
    PERFORM set_config('role', 'earshot_owner', true);
    DELETE FROM role_tenants WHERE role = reader;
    PERFORM set_config('role', caller, true);
END
$function$;
