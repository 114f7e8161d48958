-- earshot_keeps_counts: whether the counts of raw events by hour and day are continuous aggregates, which Community keeps.
CREATE OR REPLACE FUNCTION earshot_keeps_counts() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT FROM pg_rewrite AS rules
        INNER JOIN pg_depend AS depends ON depends.classid = 'pg_rewrite'::regclass AND depends.objid = rules.oid
        INNER JOIN pg_class AS kept ON depends.refclassid = 'pg_class'::regclass AND depends.refobjid = kept.oid
        WHERE rules.ev_class = to_regclass('public.listener_events_daily')
            AND kept.relnamespace = to_regnamespace('_timescaledb_internal')
    )
$function$;
