-- earshot_edition: community, apache or plain: what this database can do, found out each time and never configured.
-- A database whose series are partitioned stays plain, even if somebody adds the extension later.
CREATE OR REPLACE FUNCTION earshot_edition() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
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
