-- earshot_missing_partitions: where series are partitioned, the partitions that should be there and are not.
-- By series and first day: two weeks ahead, or three steps of a wide series; and every step of which rows wait in the DEFAULT
-- partition, imported history included. Days before 2000 and beyond the year to come stay where they are: no log is that old,
-- and mistakes make no partitions.
CREATE OR REPLACE FUNCTION earshot_missing_partitions() RETURNS TABLE (series text, first_day date)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT
            earshot_series.table_name,
            earshot_series.time_column,
            extract(day FROM earshot_series.step)::integer AS days,
            greatest(14, 3 * extract(day FROM earshot_series.step)::integer) AS days_ahead
        FROM public.earshot_series
        INNER JOIN pg_partitioned_table ON partrelid = to_regclass('public.' || quote_ident(earshot_series.table_name))
        ORDER BY earshot_series.table_name
    LOOP
        RETURN QUERY EXECUTE format(
            $query$
            SELECT %1$L::text, steps.first_day
            FROM (
                SELECT DISTINCT date '1970-01-01' + ((needed.day - date '1970-01-01') / %3$s) * %3$s AS first_day
                FROM (
                    SELECT generate_series(0, %4$s) + current_date AS day
                    UNION ALL
                    SELECT %2$I::date FROM public.%5$I WHERE %2$I >= '2000-01-01' AND %2$I < current_date + 366
                ) AS needed
            ) AS steps
            WHERE to_regclass('public.' || quote_ident(%1$L || '_p' || to_char(steps.first_day, 'YYYYMMDD'))) IS NULL
            ORDER BY steps.first_day
            $query$,
            kept.table_name, kept.time_column, kept.days, kept.days_ahead, kept.table_name || '_default'
        );
    END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION earshot_missing_partitions() FROM public;
GRANT EXECUTE ON FUNCTION earshot_missing_partitions() TO earshot_etl;
