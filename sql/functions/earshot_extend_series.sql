-- earshot_extend_series: makes the partitions of a partitioned series that hold the days from first to last.
-- Returns how many were missing. Rows that had to wait in the DEFAULT partition move into their own before it is attached.
CREATE OR REPLACE FUNCTION earshot_extend_series(series text, first date, last date) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    kept earshot_series%rowtype;
    step_days integer;
    lower_day date;
    partition_name text;
    low text;
    high text;
    made integer := 0;
    loose record;
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
            -- Rows that break a constraint already move as they are: it comes after them, and is not valid here either.
            FOR loose IN
                SELECT conname AS name FROM pg_constraint
                WHERE conrelid = to_regclass(format('public.%I', series)) AND contype = 'c' AND NOT convalidated
            LOOP
                EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT %I', partition_name, loose.name);
            END LOOP;
            EXECUTE format(
                'WITH waiting AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) '
                'INSERT INTO public.%I SELECT * FROM waiting',
                series || '_default', kept.time_column, low, kept.time_column, high, partition_name
            );
            FOR loose IN
                SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                WHERE conrelid = to_regclass(format('public.%I', series)) AND contype = 'c' AND NOT convalidated
            LOOP
                EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', partition_name, loose.name, loose.definition);
            END LOOP;
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
REVOKE ALL ON FUNCTION earshot_extend_series(text, date, date) FROM public;
