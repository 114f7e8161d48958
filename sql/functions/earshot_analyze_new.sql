-- earshot_analyze_new: gathers statistics of tables and chunks that have none yet, or that a fifth was added to since they were
-- gathered, and returns how many those were.
-- The server does so by itself a minute or more after a load, and never for a table of few rows; until then it plans as if the
-- rows were not there. A hundred at most, those without any and the newest first, so that a database whose statistics nobody
-- gathers does not keep a run waiting. Tables that somebody else works on are left to them.
CREATE OR REPLACE FUNCTION earshot_analyze_new() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    place text;
    analyzed integer := 0;
BEGIN
    FOR place IN
        SELECT format('%I.%I', spaces.nspname, tables.relname)
        FROM pg_class AS tables
        INNER JOIN pg_namespace AS spaces ON tables.relnamespace = spaces.oid
        WHERE
            tables.relkind = 'r'
            AND (
                tables.reltuples < 0
                OR pg_stat_get_mod_since_analyze(tables.oid) > 50 + 0.2 * tables.reltuples
            )
            AND spaces.nspname IN ('public', '_timescaledb_internal')
            AND pg_has_role(tables.relowner, 'USAGE')
            AND pg_relation_size(tables.oid) > 0
        ORDER BY tables.reltuples < 0 DESC, tables.oid DESC
        LIMIT 100
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', place);
        analyzed := analyzed + 1;
    END LOOP;
    RETURN analyzed;
END
$function$;
REVOKE ALL ON FUNCTION earshot_analyze_new() FROM public;
GRANT EXECUTE ON FUNCTION earshot_analyze_new() TO earshot_etl;
