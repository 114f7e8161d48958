-- Takes back 0025_bounds.

SET LOCAL ROLE earshot_owner;

DO $do$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT
            constraints.conrelid::regclass AS relation,
            constraints.conname AS name
        FROM pg_constraint AS constraints
        INNER JOIN pg_class AS relations ON constraints.conrelid = relations.oid
        WHERE
            constraints.contype = 'c' AND constraints.connamespace = 'public'::regnamespace
            AND constraints.coninhcount = 0 AND NOT relations.relispartition
            AND constraints.conname ~ '_(plain|bounded|known|shape|in_bounds|is_address|are_domains|are_addresses)$'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', held.relation, held.name);
    END LOOP;
END
$do$;

-- As in 0001.
CREATE OR REPLACE FUNCTION earshot_extend_series(series text, first date, last date) RETURNS integer
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

DROP TRIGGER attribution_events_noted ON attribution_events;
DROP FUNCTION note_attribution_delivery();
DROP TABLE attribution_deliveries;
DROP TABLE conversion_days;

DROP FUNCTION is_known_locale(text);
DROP FUNCTION is_known_currency(text);
DROP FUNCTION is_known_timezone(text);
DROP FUNCTION are_domains(text[]);
DROP FUNCTION are_mail_addresses(text[]);
DROP FUNCTION is_mail_address(text);
DROP FUNCTION is_plain_text(text, integer);
DROP FUNCTION signal_in_bounds(timestamptz, timestamptz, bigint);
DROP FUNCTION request_in_bounds(
    timestamptz, timestamptz, bigint, bigint, bigint, double precision, double precision
);
DROP FUNCTION in_calendar_bounds(date);
DROP FUNCTION in_calendar_bounds(timestamptz);
DROP FUNCTION in_event_time_bounds(timestamptz);
DROP FUNCTION in_seconds_bounds(double precision);
DROP FUNCTION in_byte_bounds(bigint);
DROP FUNCTION in_money_bounds(bigint);
