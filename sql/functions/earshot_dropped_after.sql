-- earshot_dropped_after: after how many days TimescaleDB's own job drops raw rows (`earshot db community --drop-after`); NULL: none
-- does, as on every other edition. The text is executed where the extension is there, because elsewhere its views are not.
CREATE OR REPLACE FUNCTION earshot_dropped_after() RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    days integer;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE
            'SELECT min(extract(EPOCH FROM (config ->> ''drop_after'')::interval) / 86400)::integer '
            'FROM timescaledb_information.jobs WHERE proc_name = ''policy_retention'' AND hypertable_schema = ''public'' '
            'AND hypertable_name IN (''listener_events'', ''attribution_events'')'
        INTO days;
    END IF;
    RETURN days;
END
$function$;
