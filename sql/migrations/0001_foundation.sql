-- 0001_foundation: roles, extensions, the context of a tenant, and series: tables that grow with time.
-- Runs as the login that migrates; everything after the roles belongs to earshot_owner.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Only a preloaded TimescaleDB knows this setting; shared_preload_libraries itself is hidden from ordinary logins.
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('timescaledb.disable_load', true) IS NOT NULL THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    END IF;
END
$do$;

-- Roles belong to the whole cluster: another database may have them, or be making them at this moment.
-- INHERIT FALSE keeps the login powerless until it says SET ROLE; PostgreSQL 15 does not know the option yet.
DO $do$
DECLARE
    role_name text;
    may_set text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
    options text := CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE ''
    END;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly'] LOOP
        FOR attempt IN 1..20 LOOP
            BEGIN
                IF to_regrole(role_name) IS NULL THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
                END IF;
                IF NOT pg_has_role(current_user, role_name, may_set) THEN
                    EXECUTE format('GRANT %I TO %I', role_name, current_user) || options;
                END IF;
                EXIT;
            EXCEPTION
                -- Somebody else made the same role or grant first ("tuple concurrently updated" is an internal error).
                WHEN duplicate_object OR unique_violation OR internal_error THEN
                    IF attempt = 20 THEN
                        RAISE;
                    END IF;
                    PERFORM pg_sleep(0.1);
            END;
        END LOOP;
    END LOOP;
END
$do$;

GRANT USAGE, CREATE ON SCHEMA public TO earshot_owner;
GRANT USAGE ON SCHEMA public TO earshot_etl, earshot_report, earshot_readonly;
-- Frames arrive through temporary tables.
DO $do$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO earshot_etl, earshot_owner', current_database());
END
$do$;

SET LOCAL ROLE earshot_owner;

-- What is applied, and the SHA-256 of the file as it was applied.
CREATE TABLE schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- The tables that grow with time: their time column, and how much time one chunk or partition holds.
CREATE TABLE earshot_series (
    table_name text PRIMARY KEY,
    time_column text NOT NULL,
    step interval NOT NULL CHECK (step >= interval '1 day')
);

GRANT SELECT ON schema_migrations TO earshot_etl;
-- earshot_edition() reads it for whoever asks; it holds nothing that the catalogue does not say.
GRANT SELECT ON earshot_series TO public;

-- community, apache or plain: what this database can do, found out each time and never configured.
-- A database whose series are partitioned stays plain, even if somebody adds the extension later.
CREATE FUNCTION earshot_edition() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, public
AS $function$
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN 'plain'
        WHEN EXISTS (
            SELECT FROM pg_partitioned_table AS parts
            INNER JOIN public.earshot_series AS series
                ON parts.partrelid = to_regclass('public.' || quote_ident(series.table_name))
        ) THEN 'plain'
        WHEN current_setting('timescaledb.license', true) = 'timescale' THEN 'community'
        ELSE 'apache'
    END
$function$;

-- The tenant of this transaction. It guards against mistakes; against people there are logins of their own (0006).
CREATE FUNCTION set_tenant_context(tenant uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $function$
    SELECT set_config('app.current_tenant', coalesce(tenant::text, ''), true)
$function$;

CREATE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $function$
    SELECT nullif(current_setting('app.current_tenant', true), '')::uuid
$function$;

-- Makes the partitions of a partitioned series that hold the days from first to last; says how many were missing.
-- Rows that had to wait in the DEFAULT partition move into their own before it is attached.
CREATE FUNCTION earshot_extend_series(series text, first date, last date) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
DECLARE
    kept earshot_series%rowtype;
    step_days integer;
    lower_day date;
    partition_name text;
    low text;
    high text;
    made integer := 0;
BEGIN
    SELECT * INTO STRICT kept FROM earshot_series WHERE table_name = series;
    step_days := extract(day FROM kept.step);
    -- Cut at multiples of the step since 1970, as TimescaleDB cuts its chunks.
    lower_day := date '1970-01-01' + ((first - date '1970-01-01') / step_days) * step_days;
    WHILE lower_day <= last LOOP
        partition_name := format('%s_p%s', series, to_char(lower_day, 'YYYYMMDD'));
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            low := lower_day::text || ' 00:00:00+00';
            high := (lower_day + step_days)::text || ' 00:00:00+00';
            EXECUTE format(
                'CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition_name, series
            );
            EXECUTE format(
                'WITH waiting AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) '
                'INSERT INTO public.%I SELECT * FROM waiting',
                series || '_default', kept.time_column, low, kept.time_column, high, partition_name
            );
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                series, partition_name, low, high
            );
            made := made + 1;
        END IF;
        lower_day := lower_day + step_days;
    END LOOP;
    RETURN made;
END
$function$;

-- A hypertable where TimescaleDB is there; else partitions around today, and a DEFAULT for every other day.
CREATE FUNCTION earshot_create_series(series text, time_column text, step interval, ddl text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    extension_schema text := (
        SELECT spaces.nspname
        FROM pg_extension AS extensions
        INNER JOIN pg_namespace AS spaces ON extensions.extnamespace = spaces.oid
        WHERE extensions.extname = 'timescaledb'
    );
BEGIN
    INSERT INTO earshot_series VALUES (series, time_column, step);
    IF extension_schema IS NOT NULL THEN
        EXECUTE format('CREATE TABLE public.%I (%s)', series, ddl);
        -- No index on time alone: every read names its tenants, and the primary key serves it.
        EXECUTE format(
            'SELECT %1$I.create_hypertable(%2$L::regclass, %1$I.by_range(%3$L, %4$L::interval), create_default_indexes => false)',
            extension_schema, format('public.%I', series), time_column, step
        );
    ELSE
        EXECUTE format('CREATE TABLE public.%I (%s) PARTITION BY RANGE (%I)', series, ddl, time_column);
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', series || '_default', series);
        -- A year back of wide ranges, two weeks of single days: more would not fit into a default table of locks.
        PERFORM earshot_extend_series(
            series, today - CASE WHEN step >= interval '7 days' THEN 365 ELSE 14 END, today + 14
        );
    END IF;
END
$function$;
