-- earshot_make_partition: makes a partition that earshot_missing_partitions() names and moves into it what waited.
-- Returns how many rows that were. For the pipeline, hence the limits: only series, only such days.
CREATE OR REPLACE FUNCTION earshot_make_partition(series text, first_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    days integer := (SELECT extract(day FROM step) FROM public.earshot_series WHERE table_name = series);
    lower_day date;
    moved bigint;
BEGIN
    IF days IS NULL OR first_day < '2000-01-01' OR first_day > current_date + 1100 THEN
        RAISE EXCEPTION 'no partition of % is made for %', series, first_day USING ERRCODE = 'invalid_parameter_value';
    END IF;
    lower_day := date '1970-01-01' + ((first_day - date '1970-01-01') / days) * days;
    PERFORM public.earshot_extend_series(series, lower_day, lower_day);
    EXECUTE format('SELECT count(*) FROM public.%I', series || '_p' || to_char(lower_day, 'YYYYMMDD')) INTO moved;
    RETURN moved;
END
$function$;
REVOKE ALL ON FUNCTION earshot_make_partition(text, date) FROM public;
GRANT EXECUTE ON FUNCTION earshot_make_partition(text, date) TO earshot_etl;
