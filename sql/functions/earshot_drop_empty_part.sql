-- earshot_drop_empty_part: drops the chunk or partition of a day of raw rows if it holds no row of anybody; whether it did.
-- For the pipeline, hence the limits: only raw rows and their keys, only days of at least a month ago.
CREATE OR REPLACE FUNCTION earshot_drop_empty_part(series text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    is_plain boolean := public.earshot_edition() = 'plain';
    part record;
    is_there boolean;
BEGIN
    IF series <> ALL ('{listener_events, attribution_events, event_keys, attribution_event_keys}') OR day > current_date - 30 THEN
        RAISE EXCEPTION 'nothing of % is dropped for %', series, day USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF is_plain THEN
        SELECT 'public' AS space, relname::text AS name, NULL::timestamptz AS starts_at, NULL::timestamptz AS ends_at INTO part
        FROM pg_inherits
        INNER JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = to_regclass('public.' || quote_ident(series)) AND relname = series || '_p' || to_char(day, 'YYYYMMDD');
    ELSE
        SELECT chunk_schema::text AS space, chunk_name::text AS name, range_start AS starts_at, range_end AS ends_at INTO part
        FROM timescaledb_information.chunks
        WHERE hypertable_schema = 'public' AND hypertable_name = series AND range_start = day::timestamptz;
    END IF;
    IF part.name IS NULL THEN
        RETURN false;
    END IF;
    -- A look without a lock first: where rows are left, nobody has to wait.
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', part.space, part.name) INTO is_there;
    IF is_there THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', series);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', part.space, part.name) INTO is_there;
    IF is_there THEN
        RETURN false;
    END IF;
    IF is_plain THEN
        EXECUTE format('DROP TABLE %I.%I', part.space, part.name);
    ELSE
        EXECUTE format(
            'SELECT FROM %I.drop_chunks(%L::regclass, older_than => %L::timestamptz, newer_than => %L::timestamptz)',
            (
                SELECT nspname FROM pg_extension INNER JOIN pg_namespace ON extnamespace = pg_namespace.oid
                WHERE extname = 'timescaledb'
            ),
            format('public.%I', series), part.ends_at, part.starts_at
        );
    END IF;
    RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION earshot_drop_empty_part(text, date) FROM public;
GRANT EXECUTE ON FUNCTION earshot_drop_empty_part(text, date) TO earshot_etl;
