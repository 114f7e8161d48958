-- earshot_create_series: makes a table that grows with time, and its line in earshot_series. ddl: its columns and constraints.
-- A hypertable where TimescaleDB is there; else partitions around today, and a DEFAULT for every other day.
CREATE OR REPLACE FUNCTION earshot_create_series(series text, time_column text, step interval, ddl text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
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
REVOKE ALL ON FUNCTION earshot_create_series(text, text, interval, text) FROM public;
